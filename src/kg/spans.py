"""Spans (level 0): the first and the last day that a time of a dataset can mean, whatever its precision."""

import calendar
import re
import warnings
from functools import cache
from typing import Final, NamedTuple

import pyoxigraph as ox

from kg.namespaces import EDTF, XSD, shorten

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the grammar of edtf 5 uses a deprecated form of pyparsing's names
    from edtf import EDTFParseException, parse_edtf

MONTHS: Final = 12
FEBRUARY: Final = 2

_XSD_TIME: Final = re.compile(r"(-?\d{4,})(?:-(\d\d))?(?:-(\d\d))?")
_PARTS: Final = {XSD + "gYear": 1, XSD + "gYearMonth": 2, XSD + "date": 3}
_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_OPEN: Final = {"", ".."}  # an unknown and an open end (EDTF, level 1, extended interval)


class Day(NamedTuple):
    """A day of the proleptic Gregorian calendar; the year is astronomical, as in XML Schema 1.1."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04}-{self.month:02}-{self.day:02}"


class Span(NamedTuple):
    """The first and the last day that a time can mean; None where it is open."""

    first: Day | None
    last: Day | None


def span_of(time: ox.Literal) -> Span:
    """The days that `time` can mean: an xsd:date, xsd:gYearMonth, xsd:gYear or EDTF text.

    Marks of doubt do not widen it: `1925~` is the year 1925.

    Raises:
        ValueError: `time` is none of these.
    """
    if time.datatype.value == EDTF:
        return _edtf_span(time.value)
    if time.datatype.value not in _PARTS:
        raise ValueError(f'"{time.value}" has the datatype {shorten(time.datatype.value)}, which is none of time')
    match = _XSD_TIME.fullmatch(time.value)
    if not match or len([part for part in match.groups() if part]) != _PARTS[time.datatype.value]:
        raise ValueError(f'"{time.value}" is no {shorten(time.datatype.value)}')
    year, month, day = (int(part) if part else None for part in match.groups())
    first = Day(year or 0, month or 1, day or 1)
    if not 1 <= first.month <= MONTHS or not 1 <= first.day <= _days_in(first.year, first.month):
        raise ValueError(f'"{time.value}" is not in the calendar')
    last_month = month or MONTHS
    return Span(first, Day(first.year, last_month, day or _days_in(first.year, last_month)))


def _edtf_span(text: str) -> Span:
    """The span of an EDTF text; an open interval is split here, since edtf 5 finds no days in it."""
    ends = text.split("/")
    if len(ends) == 2 and _OPEN.intersection(ends):
        first, last = (None if end in _OPEN else _closed_span(end) for end in ends)
        return Span(first and first.first, last and last.last)
    return _closed_span(text)


@cache  # the grammar is slow, and the same times come back on claim and entity
def _closed_span(text: str) -> Span:
    try:
        time = parse_edtf(text)
    except EDTFParseException as error:
        raise ValueError(f'"{text}" is no EDTF') from error
    return Span(Day(*time.lower_strict()[:3]), Day(*time.upper_strict()[:3]))


def _days_in(year: int, month: int) -> int:
    return 29 if month == FEBRUARY and calendar.isleap(year) else _LENGTHS[month - 1]
