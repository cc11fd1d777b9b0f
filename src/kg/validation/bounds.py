"""Bounds (level 2): the first and last days that follow from the times of a node, which the files carry as well.

Filters and sorting use bounds only, since a year and a day do not compare in SPARQL.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pyoxigraph as ox

from kg.namespaces import KG, XSD, shorten
from kg.spans import Day, Span, span_of
from kg.validation.corpus import Corpus
from kg.validation.findings import Finding

START_SOURCES: Final = (KG + "start", KG + "date", KG + "signedOn")  # the first that is given counts
END_SOURCES: Final = (KG + "end", KG + "date")
BOUNDS: Final = (KG + "startMin", KG + "startMax", KG + "endMin", KG + "endMax")
TIMES: Final = frozenset({*START_SOURCES, *END_SOURCES, KG + "inForceOn"})


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
