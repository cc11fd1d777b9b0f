"""Dates in answers (level 2): the value as given, how precise it is, and the first and last day that it can mean."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pyoxigraph as ox

from kg.namespaces import EDTF, XSD
from kg.spans import span_of

PRECISIONS: Final = ("day", "month", "year", "season", "interval", "other")

_OF_DATATYPE: Final[Mapping[str, str]] = MappingProxyType(
    {XSD + "date": "day", XSD + "gYearMonth": "month", XSD + "gYear": "year"}
)
# Forms of EDTF (ISO 8601-2): seasons and other divisions have the numbers 21 to 41 for a month; ?, ~ and % mark doubt.
_OF_EDTF: Final = (
    (re.compile(r".*/.*"), "interval"),
    (re.compile(r"-?\d{4}-(?:2[1-9]|3\d|4[01])[?~%]?"), "season"),
    (re.compile(r"-?\d{4}[?~%]?"), "year"),
    (re.compile(r"-?\d{4}-\d\d[?~%]?"), "month"),
    (re.compile(r"-?\d{4}-\d\d-\d\d[?~%]?"), "day"),
)


def is_date(datatype: str) -> bool:
    """Whether literals of `datatype` are shown as dates."""
    return datatype in _OF_DATATYPE or datatype == EDTF


def date_object(value: str, datatype: str) -> dict[str, str | None]:
    """A date as in answers: `earliest` and `latest` are days, None where the date is open or not in the calendar.

    The engine keeps what is no date under these datatypes, and so does an answer, as `other`.
    """
    try:
        span = span_of(ox.Literal(value, datatype=ox.NamedNode(datatype)))
    except ValueError:
        return {"value": value, "precision": "other", "earliest": None, "latest": None}
    return {
        "value": value,
        "precision": _precision(value, datatype),
        "earliest": None if span.first is None else str(span.first),
        "latest": None if span.last is None else str(span.last),
    }


def _precision(value: str, datatype: str) -> str:
    if datatype != EDTF:
        return _OF_DATATYPE[datatype]
    return next((name for form, name in _OF_EDTF if form.fullmatch(value)), "other")
