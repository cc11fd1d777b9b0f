"""Bounds follow from times: years, months, days, EDTF, open ends, and several accounts at once."""

from datetime import date, timedelta

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.namespaces import EDTF, KG, XSD
from kg.validation.bounds import derive_bounds, span_of


def literal(text: str) -> ox.Literal:
    """A time with the datatype that its form asks for."""
    names = {4: "gYear", 7: "gYearMonth", 10: "date"}
    plain = text.replace("-", "").isdecimal() and text[5:7] <= "12"
    return ox.Literal(text, datatype=ox.NamedNode(XSD + names[len(text)] if plain else EDTF))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1939", "1939-01-01", "1939-12-31"),
        ("1940-02", "1940-02-01", "1940-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("1939-08-23", "1939-08-23", "1939-08-23"),
        ("1938-22", "1938-06-01", "1938-08-31"),
        ("1939-09/1939-11", "1939-09-01", "1939-11-30"),
        ("1925~", "1925-01-01", "1925-12-31"),
        ("193X", "1930-01-01", "1939-12-31"),
        ("../1933", "None", "1933-12-31"),
        ("1933-05/..", "1933-05-01", "None"),
        ("/1933", "None", "1933-12-31"),
        ("1933/", "1933-01-01", "None"),
    ],
)
def test_a_time_spans_from_its_first_to_its_last_day(text: str, first: str, last: str) -> None:
    assert tuple(map(str, span_of(literal(text)))) == (first, last)


def test_a_year_before_our_era_has_its_sign() -> None:
    span = span_of(ox.Literal("-0044", datatype=ox.NamedNode(XSD + "gYear")))

    assert tuple(map(str, span)) == ("-0044-01-01", "-0044-12-31")


@pytest.mark.parametrize(
    ("text", "datatype"),
    [
        ("1939-02-29", XSD + "date"),
        ("1939-13", XSD + "gYearMonth"),
        ("1939-08", XSD + "date"),
        ("1939Z", XSD + "gYear"),
        ("soon", EDTF),
        ("1939-08-23", XSD + "string"),
    ],
)
def test_what_is_no_time_is_refused(text: str, datatype: str) -> None:
    with pytest.raises(ValueError, match=text):
        span_of(ox.Literal(text, datatype=ox.NamedNode(datatype)))


@settings(deadline=None)
@given(st.dates())
def test_a_month_ends_on_the_day_before_the_next(day: date) -> None:
    last = span_of(ox.Literal(day.isoformat()[:7], datatype=ox.NamedNode(XSD + "gYearMonth"))).last

    assert last is not None
    if last.year < date.max.year:
        assert (date(*last) + timedelta(days=1)).day == 1


def bounds(**times: list[str]) -> dict[str, str]:
    derived = derive_bounds({KG + name: [literal(text) for text in texts] for name, texts in times.items()})
    return {bound.removeprefix(KG): str(day) for bound, day in derived.items()}


def test_a_date_gives_both_pairs() -> None:
    assert bounds(date=["1939-09"]) == {
        "startMin": "1939-09-01",
        "startMax": "1939-09-30",
        "endMin": "1939-09-01",
        "endMax": "1939-09-30",
    }


def test_start_and_end_come_before_the_date() -> None:
    assert bounds(date=["1939"], start=["1939-09-17"]) == {
        "startMin": "1939-09-17",
        "startMax": "1939-09-17",
        "endMin": "1939-01-01",
        "endMax": "1939-12-31",
    }


def test_an_agreement_starts_when_it_is_signed_unless_it_has_a_start() -> None:
    assert bounds(signedOn=["1939-08-23"])["startMin"] == "1939-08-23"
    assert bounds(signedOn=["1939-08-23"], start=["1940"])["startMin"] == "1940-01-01"
    assert "endMax" not in bounds(signedOn=["1939-08-23"])


def test_several_accounts_span_from_the_earliest_to_the_latest_day() -> None:
    assert bounds(start=["1939-11-29", "1939-11-30"]) == {"startMin": "1939-11-29", "startMax": "1939-11-30"}


def test_an_open_end_leaves_its_bound_out() -> None:
    assert bounds(end=["1933/.."]) == {"endMin": "1933-01-01"}
