"""Parameters are decoded once, strictly (field notes, D 4 and 5)."""

from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import MalformedRequest
from kg.sparql.decoding import MAX_PAIRS, decode_pairs, decode_segment, decode_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"a+b", "a b"),
        (b"a%20b", "a b"),
        (b"a%2Bb", "a+b"),
        (b"a%252Bb", "a%2Bb"),
        (b"%25zz", "%zz"),
        (b"%C3%A7%c3%b6%D0%AF", "çöЯ"),
        ("çö".encode(), "çö"),
        (b"x=y", "x=y"),
        (b"", ""),
    ],
)
def test_a_value_is_decoded_exactly_once(raw: bytes, value: str) -> None:
    assert decode_pairs(b"name=" + raw) == (("name", value),)


def test_order_and_repeats_are_kept_and_empty_parts_are_passed_over() -> None:
    assert decode_pairs(b"b=1&&a=2&b=3&c&=4&") == (("b", "1"), ("a", "2"), ("b", "3"), ("c", ""), ("", "4"))


def test_a_semicolon_is_part_of_a_value() -> None:
    assert decode_pairs(b"a=1;b=2") == (("a", "1;b=2"),)


@pytest.mark.parametrize(
    "raw", [b"%", b"%4", b"%zz", b"%4z", b"a=%", b"%=1", b"%e4", b"\xff", b"%C3", b"%ED%A0%80", b"%00"]
)
def test_what_is_not_utf_8_or_no_escape_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedRequest):
        decode_pairs(raw)
    with pytest.raises(MalformedRequest):
        decode_segment(raw.replace(b"=", b""))


def test_very_many_parameters_are_refused() -> None:
    assert len(decode_pairs(b"a&" * (MAX_PAIRS - 2) + b"a")) == MAX_PAIRS - 1

    with pytest.raises(MalformedRequest, match="parameters"):
        decode_pairs(b"&" * MAX_PAIRS)


def test_in_a_segment_a_plus_is_a_plus_and_an_escaped_slash_is_text() -> None:
    assert decode_segment(b"a+b%2Fc%252F") == "a+b/c%2F"


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode_text(b"\xef\xbb\xbfASK {}") == "ASK {}"


@pytest.mark.parametrize("raw", [b"ASK { '\xe4' }", b"ASK { '\0' }"])
def test_text_with_broken_bytes_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedRequest):
        decode_text(raw)


@given(st.lists(st.tuples(TEXTS, TEXTS)))
def test_pairs_are_read_as_the_standard_library_reads_them(pairs: list[tuple[str, str]]) -> None:
    raw = urlencode(pairs).encode()

    # A byte order mark at a value's beginning is taken off here, on purpose.
    expected = [
        (name.removeprefix("\ufeff"), value.removeprefix("\ufeff")) for name, value in parse_qsl(raw.decode(), True)
    ]
    assert list(decode_pairs(raw)) == expected


@given(TEXTS.filter(lambda text: not text.startswith("\ufeff")))
def test_what_was_quoted_comes_back(text: str) -> None:
    assert decode_segment(quote(text, safe="").encode()) == text
    assert decode_pairs(b"a=" + quote_plus(text).encode()) == (("a", text),)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        pairs = decode_pairs(raw)
    except MalformedRequest:
        return

    assert all(isinstance(text, str) for pair in pairs for text in pair)
