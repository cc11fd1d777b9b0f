"""Bounds (level 2): the first and last days that follow from the times of a node, which the files carry as well.

Filters and sorting use bounds only, since a year and a day do not compare in SPARQL.
"""

import calendar
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

import pyoxigraph as ox

from kg.namespaces import EDTF, KG, XSD
from kg.validation.corpus import Corpus
from kg.validation.findings import Finding, shorten

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the grammar of edtf 5 uses a deprecated form of pyparsing's names
    from edtf import EDTFParseException, parse_edtf

START_SOURCES: Final = (KG + "start", KG + "date", KG + "signedOn")  # the first that is given counts
END_SOURCES: Final = (KG + "end", KG + "date")
MONTHS: Final = 12
FEBRUARY: Final = 2
BOUNDS: Final = (KG + "startMin", KG + "startMax", KG + "endMin", KG + "endMax")
TIMES: Final = frozenset({*START_SOURCES, *END_SOURCES, KG + "inForceOn"})

_XSD_TIME = re.compile(r"(-?\d{4,})(?:-(\d\d))?(?:-(\d\d))?")
_PARTS = {XSD + "gYear": 1, XSD + "gYearMonth": 2, XSD + "date": 3}
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_OPEN = {"", ".."}  # an unknown and an open end (EDTF, level 1, extended interval)


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


def derive_bounds(times: Mapping[str, Sequence[ox.Literal]]) -> dict[str, Day]:
    """The bounds of a node, by property, from its times by property.

    The start pair comes from kg:start, else kg:date, else kg:signedOn, the end pair from kg:end, else kg:date. Of
    several values the earliest first day and the latest last day count; an open end leaves its bound out.

    Raises:
        ValueError: a time is none.
    """
    start, end = (_joined(times, properties) for properties in (START_SOURCES, END_SOURCES))
    days = dict(zip(BOUNDS, (*start, *end), strict=True))
    return {bound: day for bound, day in days.items() if day is not None}


def check_bounds(corpus: Corpus) -> Iterator[Finding]:
    """A finding for each bound that is missing, is too much or differs from the one that follows from the times."""
    times: dict[str, dict[str, list[ox.Literal]]] = {}
    for triple in corpus.triples:
        predicate = triple.predicate.value
        if (predicate in TIMES or predicate in BOUNDS) and isinstance(triple.subject, ox.NamedNode):
            values = times.setdefault(triple.subject.value, {}).setdefault(predicate, [])
            if isinstance(triple.object, ox.Literal):
                values.append(triple.object)
    for subject, given in times.items():
        for path, message in _differences(given):
            yield Finding(*corpus.place_of(subject), subject, path, "bounds", message)


def _differences(given: Mapping[str, Sequence[ox.Literal]]) -> Iterator[tuple[str, str]]:
    """Each property of a node that is not as it should be, with what to do."""
    unreadable = False
    for path in sorted(TIMES & given.keys()):
        for value in given[path]:
            try:
                span_of(value)
            except ValueError as error:
                unreadable = True
                yield path, f"{error}; write a day, month or year, or EDTF for what is vaguer"
    if unreadable:
        return
    derived = derive_bounds(given)
    for path in BOUNDS:
        actual = {(value.value, value.datatype.value) for value in given.get(path, ())}
        expected = {(str(derived[path]), XSD + "date")} if path in derived else set()
        for text, datatype in sorted(actual - expected):
            yield path, f'"{text}"^^{shorten(datatype)} does not follow from the times; take it out'
        for text, datatype in sorted(expected - actual):
            yield path, f'follows from the times and is missing; add {shorten(path)} "{text}"^^{shorten(datatype)}'


def _joined(times: Mapping[str, Sequence[ox.Literal]], properties: Sequence[str]) -> Span:
    """The span of the first of `properties` that has values, from the earliest first to the latest last day."""
    spans = next(([span_of(value) for value in times[p]] for p in properties if times.get(p)), [])
    firsts = [span.first for span in spans if span.first is not None]
    lasts = [span.last for span in spans if span.last is not None]
    complete = bool(spans)
    return Span(
        min(firsts) if complete and len(firsts) == len(spans) else None,
        max(lasts) if complete and len(lasts) == len(spans) else None,
    )


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
