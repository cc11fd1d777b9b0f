"""Values of parameters (level 2): text from a path or a query string becomes an RDF term, or a ParameterError.

What arrives here is decoded already, once and strictly.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import pyoxigraph as ox

from kg.errors import ParameterError
from kg.namespaces import BASE, XSD
from kg.rest.binding import Term
from kg.rest.front_matter import ParameterType
from kg.rest.stored_query import ANY, Parameter, StoredQuery
from kg.spans import span_of

Pairs = Sequence[tuple[str, str]]

# A name is one segment of a path: neither what ends one nor a dot segment, which a client would resolve away.
_NO_NAME: Final = re.compile(r"[/?#]|\.{1,2}\Z")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.+", re.DOTALL)
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))")
_DATE: Final = re.compile(r"-?[0-9]{4,9}(-[0-9]{2})?(-[0-9]{2})?")
_INTEGERS: Final = range(-(2**63), 2**63)  # what the engine counts with; a longer one compares with nothing
_DIGITS: Final = 18  # before and after the point, that the engine's decimals hold


def read_values(stored: StoredQuery, in_path: Mapping[str, str], pairs: Pairs) -> Mapping[str, Term]:
    """The term of each parameter that has a value, given or default.

    `in_path` has the parameters of the path, `pairs` the query string; names that `stored` does not declare are left
    alone.

    Raises:
        ParameterError: a value is not one of its type, is missing, or is given twice.
    """
    values: dict[str, Term] = {}
    for parameter in stored.parameters:
        given = in_path.get(parameter.name) if parameter.is_in_path else single(pairs, parameter.name)
        text = parameter.declared.default if given is None else given
        if text is None and parameter.is_required:
            raise ParameterError(parameter.name, "is needed, and is not given")
        if text is None or (parameter.declared.any and text == ANY):
            continue
        values[parameter.name] = term_of(parameter, text)
    return values


def single(pairs: Pairs, name: str) -> str | None:
    """The value of `name` in a query string, None without one.

    Raises:
        ParameterError: it is given more than once.
    """
    found = [value for key, value in pairs if key == name]
    if len(found) > 1:
        raise ParameterError(name, f"is given {len(found)} times; give it once")
    return found[0] if found else None


def term_of(parameter: Parameter, text: str) -> Term:
    """The RDF term that `text` stands for.

    Raises:
        ParameterError: `text` is no value of the parameter's type.
    """
    try:
        return _READERS[parameter.type](parameter, text)
    except ValueError as error:
        raise ParameterError(parameter.name, str(error)) from error


def _entity(parameter: Parameter, text: str) -> Term:
    if not text or _NO_NAME.search(text):
        raise ValueError("must be the last part of an address, without / ? and #")
    return _node(parameter.namespace + text, "must be the last part of an IRI")


def _iri(_: Parameter, text: str) -> Term:
    if not _ABSOLUTE.fullmatch(text):
        raise ValueError("must be an absolute IRI, as https://example.org/x")
    return _node(text, "must be an absolute IRI")


def _node(iri: str, rule: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise ValueError(f"{rule}: {error}") from error


def _string(parameter: Parameter, text: str) -> Term:
    language = parameter.declared.lang
    return ox.Literal(text, language=language) if language else ox.Literal(text)


def _integer(_: Parameter, text: str) -> Term:
    # The length comes first: turning a very long text into a number takes quadratic time.
    if not _INTEGER.fullmatch(text) or len(text) > len(str(_INTEGERS.start)) or int(text) not in _INTEGERS:
        raise ValueError("must be a whole number of at most 64 bits, as 42")
    return _number(str(int(text)), "integer")


def _decimal(_: Parameter, text: str) -> Term:
    match = _DECIMAL.fullmatch(text)
    if not match or any(len(digits or "") > _DIGITS for digits in match.groups()):
        raise ValueError(f"must be a decimal number with at most {_DIGITS} digits on each side of the point, as 25.6")
    return _number(text, "decimal")


def _date(parameter: Parameter, text: str) -> Term:
    """The first or last day of the day, month or year that `text` is."""
    match = _DATE.fullmatch(text)
    if not match:
        raise ValueError("must be a day, a month or a year, as 1815-06-18, 1815-06 or 1815")
    datatype = "gYear" if match[1] is None else "gYearMonth" if match[2] is None else "date"
    span = span_of(_number(text, datatype))
    return _number(str(span.last if parameter.declared.bound == "last" else span.first), "date")


def _enum(parameter: Parameter, text: str) -> Term:
    if text not in parameter.concepts:
        raise ValueError(f"must be one of {', '.join(parameter.accepted)}")
    return ox.NamedNode(f"{BASE}voc/{text}")


def _number(text: str, datatype: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


_READERS: Final[Mapping[ParameterType, Callable[[Parameter, str], Term]]] = MappingProxyType(
    {
        ParameterType.ENTITY: _entity,
        ParameterType.IRI: _iri,
        ParameterType.STRING: _string,
        ParameterType.INTEGER: _integer,
        ParameterType.DECIMAL: _decimal,
        ParameterType.DATE: _date,
        ParameterType.ENUM: _enum,
    }
)
