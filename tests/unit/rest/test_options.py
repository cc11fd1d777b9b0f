"""Pages of a list are disjoint and make the whole; what no route knows is refused by name (field notes, D 35)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_datasets import load_one, with_parameter

from kg.errors import ParameterError
from kg.rest.objects import Keyed
from kg.rest.options import DEFAULT_LIMIT, MAX_LIMIT, Options, page_of, read_options
from kg.rest.parameters import Pairs


def read(root: Path, pairs: Pairs, extra: str = "") -> Options:
    text = with_parameter("type: string, in: query").replace("#+ key", f"{extra}#+ key")
    return read_options(load_one(root, text), pairs)


@given(count=st.integers(0, 40), limit=st.integers(1, 50))
def test_walking_the_pages_gives_every_object_once_in_order(count: int, limit: int) -> None:
    objects = [Keyed(f"http://example.org/{number}", {}) for number in range(count)]
    walked: list[Keyed] = []
    after: str | None = None

    for _ in range(count + 1):
        page = page_of(objects, Options(None, limit, after, with_sources=False))
        walked += page.items
        assert page.total == count
        after = page.next_after
        if after is None:
            break

    assert walked == objects
    assert after is None


def test_what_follows_an_unknown_object_is_not_guessed() -> None:
    objects = [Keyed("http://example.org/1", {})]

    with pytest.raises(ParameterError, match="after"):
        page_of(objects, Options(None, 10, "http://example.org/2", with_sources=False))


def test_without_options_the_first_page_is_meant(tmp_path: Path) -> None:
    assert read(tmp_path, [("x", "a")]) == Options(None, DEFAULT_LIMIT, None, with_sources=False)


def test_options_are_read(tmp_path: Path) -> None:
    pairs = [("limit", str(MAX_LIMIT)), ("after", "http://a/"), ("format", "csv")]

    assert read(tmp_path, pairs) == Options("csv", MAX_LIMIT, "http://a/", with_sources=False)


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ([("limit", "0")], "limit"),
        ([("limit", "1001")], "limit"),
        ([("limit", "-1")], "limit"),
        ([("limit", "\N{ARABIC-INDIC DIGIT ONE}")], "limit"),
        ([("limit", "1"), ("limit", "1")], "limit"),
        ([("y", "1"), ("z", ""), ("y", "2")], "y, z"),
        ([("sources", "true")], "sources"),
        ([("X", "a")], "X"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_name(tmp_path: Path, pairs: Pairs, name: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read(tmp_path, pairs)

    assert caught.value.name == name


def test_a_route_of_one_object_has_no_pages(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="limit"):
        read(tmp_path, [("limit", "1")], extra="#+ one: true\n")
