"""Objects of answers (level 2): a solution sequence in SPARQL JSON becomes the objects of a route.

Rows with the same key are one object, in the order in which keys first appear. A value that would have to be left out
because a field has room for one only is an error, never a silent choice.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.errors import DatasetError
from kg.namespaces import XSD
from kg.rest.dates import date_object, is_date
from kg.rest.stored_query import LABEL, StoredQuery

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
JsonObject = dict[str, Json]
# Where the public finds what an IRI names; None if nowhere.
Addresses = Callable[[str], str | None]
# A term of the SPARQL 1.1 Query Results JSON Format, section 3.2.2.
_Term = Mapping[str, str]
_Row = Mapping[str, _Term]

FIRST_LANGUAGE: Final = "en"

_INTEGERS: Final = frozenset(
    XSD + name
    for name in (
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
        "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
    )
)  # fmt: skip
_FRACTIONS: Final = frozenset(XSD + name for name in ("decimal", "double", "float"))


@dataclass(frozen=True, slots=True)
class Keyed:
    """An object of an answer with the IRI that identifies it."""

    key: str
    content: JsonObject


def read_objects(stored: StoredQuery, answer: bytes, address: Addresses, *, with_sources: bool) -> tuple[Keyed, ...]:
    """The objects that `answer`, in SPARQL JSON, holds for the route `stored`; `address` gives the `url` of an IRI.

    Raises:
        DatasetError: the query does not keep what its front matter says: a key is no IRI, a field that is not in
            `many` has two values, or there are several objects where it says one.
    """
    rows: Sequence[_Row] = json.loads(answer)["results"]["bindings"]
    writer = _Writer(stored, address, _labels(stored, rows))
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(writer.key(row), []).append(row)
    if stored.one and len(groups) > 1:
        raise DatasetError(stored.file, f"answers with {len(groups)} objects, and its front matter says one")
    return tuple(Keyed(key, writer.object(key, group, with_sources=with_sources)) for key, group in groups.items())


class _Writer:
    """Makes the objects of one answer."""

    def __init__(self, stored: StoredQuery, address: Addresses, labels: Mapping[str, str]) -> None:
        self._stored = stored
        self._shape = stored.shape
        self._address = address
        self._labels = labels

    def key(self, row: _Row) -> str:
        """The IRI that identifies the object of `row`."""
        term = row.get(self._shape.key)
        if term is None or term["type"] != "uri":
            raise DatasetError(self._stored.file, f"?{self._shape.key}, the key, is no IRI in every row")
        return term["value"]

    def object(self, key: str, rows: Sequence[_Row], *, with_sources: bool) -> JsonObject:
        """One object, of all rows with its key."""
        found: JsonObject = dict(self._reference(key))
        for name in self._shape.fields:
            values = self._values(rows, name)
            found[name] = values if name in self._shape.many else self._only(key, name, values)
        for name, members in self._shape.nested:
            found[name] = self._nested(rows, members)
        if with_sources and self._stored.has_sources:
            found["sources"] = _distinct([value for name in self._shape.sources for value in self._values(rows, name)])
        return found

    def _values(self, rows: Sequence[_Row], name: str) -> list[Json]:
        """The values of a variable without duplicates, in the order of the rows."""
        return _distinct([self._value(row[name]) for row in rows if name in row])

    def _only(self, key: str, name: str, values: Sequence[Json]) -> Json:
        if len(values) > 1:
            raise DatasetError(self._stored.file, f"?{name} has {len(values)} values for <{key}>; name it in many")
        return values[0] if values else None

    def _nested(self, rows: Sequence[_Row], members: Sequence[str]) -> list[Json]:
        """One object for each distinct combination of the members' values; rows that have none of them say nothing."""
        telling = [row for row in rows if any(member in row for member in members)]
        return _distinct(
            [{name: self._value(row[name]) if name in row else None for name in members} for row in telling]
        )

    def _reference(self, iri: str) -> dict[str, Json]:
        return {"id": iri, "url": self._address(iri), "label": self._labels.get(iri)}

    def _value(self, term: _Term) -> Json:
        if term["type"] == "uri":
            return self._reference(term["value"])
        if term["type"] == "bnode":
            return {"id": f"_:{term['value']}", "url": None, "label": None}
        return literal_value(term["value"], term.get("datatype", ""))


def literal_value(value: str, datatype: str) -> Json:
    """A literal as JSON: numbers, booleans and dates as such, everything else as its text.

    What JSON has no number for (INF, NaN) stays text.
    """
    if is_date(datatype):
        return date_object(value, datatype)
    if datatype == XSD + "boolean":
        return value in ("true", "1")
    try:
        if datatype in _INTEGERS:
            return int(value)
        if datatype in _FRACTIONS:
            number = float(value)
            return number if math.isfinite(number) else value
    except ValueError:
        return value  # not of its datatype; the engine keeps such literals
    return value


def _distinct(values: Sequence[Json]) -> list[Json]:
    """`values` without repetitions, each at its first place."""
    seen: dict[str, Json] = {}
    for value in values:
        seen.setdefault(json.dumps(value, sort_keys=True), value)
    return list(seen.values())


def _labels(stored: StoredQuery, rows: Sequence[_Row]) -> Mapping[str, str]:
    """The best label in `rows` for each IRI that has one: English, else without language, else the first by tag."""
    best: dict[str, tuple[bool, str, str]] = {}
    for row in rows:
        for name in stored.shape.labelled:
            term, label = row.get(name), row.get(name + LABEL)
            if term is None or label is None or term["type"] != "uri":
                continue
            language = label.get("xml:lang", "")
            candidate = (language != FIRST_LANGUAGE, language, label["value"])
            best[term["value"]] = min(best.get(term["value"], candidate), candidate)
    return {iri: label for iri, (_, _, label) in best.items()}
