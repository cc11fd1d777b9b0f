"""Spans: the first and the last day of years, months, days, and EDTF texts."""

from datetime import date, timedelta

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.namespaces import EDTF, XSD
from kg.spans import span_of
from times import literal


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
