import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyoxigraph import NamedNode

from kg.errors import MalformedRequest
from kg.web.links import Links, name_of_path, path_of_name

BASE = "https://w3id.org/rapallo/"


def is_iri(text: str) -> bool:
    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


@given(st.text(st.characters(codec="utf-8", exclude_characters="%"), min_size=1, max_size=20))
def test_a_name_comes_back_from_its_path(name: str) -> None:
    assume(is_iri(f"{BASE}id/{name}"))
    assume(not set(name) & set("?#"))

    path = path_of_name(name)

    assert re.fullmatch(r"[!-~]+", path)
    assert name_of_path(path) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("lipetsk-base", "lipetsk-base"),
        ("o%27brien", "o'brien"),
        ("a%2Fb", "a%2Fb"),
        ("a%2fb", "a%2fb"),
        ("a/b", "a/b"),
        ("a%20b", "a%20b"),
        ("a%25b", "a%25b"),
        ("%D0%9B", "Л"),
        ("a+b", "a+b"),
    ],
)
def test_letters_are_decoded_and_delimiters_are_not(raw: str, name: str) -> None:
    assert name_of_path(raw) == name


@pytest.mark.parametrize("raw", ["%FF", "%C3", "%D0%9B%D0", "%zz", "%", "a%2"])
def test_what_is_not_utf_8_or_no_escape_is_malformed(raw: str) -> None:
    with pytest.raises(MalformedRequest):
        name_of_path(raw)


@pytest.mark.parametrize(
    ("iri", "href"),
    [
        (BASE + "id/x", "/kg/id/x"),
        (BASE + "src/s1-18", "/kg/src/s1-18"),
        (BASE + "id/Л", "/kg/id/%D0%9B"),
        (BASE + "id/a?b", "/kg/resource?iri=https%3A%2F%2Fw3id.org%2Frapallo%2Fid%2Fa%3Fb"),
        (BASE + "triples/people", "/kg/resource?iri=https%3A%2F%2Fw3id.org%2Frapallo%2Ftriples%2Fpeople"),
        (BASE + "ont", "/kg/ont"),
        (BASE + "ont#Person", "/kg/ont#Person"),
        (BASE + "shapes#PersonShape", "/kg/shapes#PersonShape"),
        ("https://example.org/x", "https://example.org/x"),
        ("javascript:alert(1)", None),
        ("urn:x", None),
    ],
)
def test_what_is_ours_leads_to_us_and_only_http_leads_away(iri: str, href: str | None) -> None:
    assert Links("/kg").href(iri) == href
