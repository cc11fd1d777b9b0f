"""The reading side of the SPARQL 1.1 Protocol (level 2): which query a request holds, and how it is to be run.

Three ways to ask: GET, POST of a form, POST of the query itself. Source: SPARQL 1.1 Protocol, section 2.1.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Final

from pyoxigraph import NamedNode

from kg.errors import (
    BodyTooLarge,
    MalformedRequest,
    MethodNotAllowed,
    ParameterError,
    UnsupportedMediaType,
    WriteRefused,
)
from kg.formats import FORM, OFFERED, SPARQL_QUERY, SPARQL_UPDATE
from kg.settings import Settings
from kg.sparql.decoding import decode_pairs, decode_text
from kg.sparql.negotiation import names_of

METHODS: Final = ("GET", "HEAD", "POST", "OPTIONS")
BODY_TYPES: Final = (SPARQL_QUERY, FORM)

_DECIMAL: Final = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_FORMAT_NAMES: Final = frozenset().union(*(names_of(format_) for family in OFFERED.values() for format_ in family))

_Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProtocolQuery:
    """A query as the protocol carries it.

    `default_graphs` and `named_graphs` are absolute IRIs as given, None where the request names none.
    `format_name` is the value of `format=` (or `output=`), None if the header Accept decides.
    """

    text: str
    default_graphs: tuple[str, ...] | None
    named_graphs: tuple[str, ...] | None
    timeout_s: float
    format_name: str | None


def read_query(
    method: str, query_string: bytes, content_type: str | None, body: bytes, settings: Settings
) -> ProtocolQuery | None:
    """The query that a request holds; None for a GET without one, which asks for the service description.

    Parameters that are not known are passed over, since clients send some of their own.

    Raises:
        MethodNotAllowed: the method is not one of `METHODS`, or an update came by GET.
        UnsupportedMediaType: the body is neither a query nor a form, or not in UTF-8.
        WriteRefused: the request is an update.
        MalformedRequest: no query, an empty one, more than one, or bytes that are not UTF-8.
        ParameterError: `timeout` or the IRI of a graph has no acceptable value.
        BodyTooLarge: the body or the query's text is too long.
    """
    if method not in METHODS:
        raise MethodNotAllowed(method, METHODS)
    pairs = decode_pairs(query_string)
    texts: list[str] = []
    if method == "POST":
        posted_texts, posted_pairs = _read_body(content_type, body, settings)
        texts += posted_texts
        pairs += posted_pairs
    elif _values(pairs, "update"):
        raise MethodNotAllowed(method, ("POST",))
    if _values(pairs, "update"):
        raise _write_refused()
    texts += _values(pairs, "query")
    if not texts and method != "POST":
        return None
    return ProtocolQuery(
        text=_only_text(texts, settings),
        default_graphs=_graph_names(pairs, "default-graph-uri"),
        named_graphs=_graph_names(pairs, "named-graph-uri"),
        timeout_s=_read_timeout(pairs, settings),
        format_name=read_format_name(pairs),
    )


def _read_body(content_type: str | None, body: bytes, settings: Settings) -> tuple[list[str], _Pairs]:
    """The query that is the body, or the parameters of the form that is the body."""
    media_type = _read_media_type(content_type)
    if media_type == SPARQL_UPDATE:
        raise _write_refused()
    if media_type not in BODY_TYPES:
        raise UnsupportedMediaType(content_type or "", BODY_TYPES)
    if len(body) > settings.max_body_bytes:
        raise BodyTooLarge(settings.max_body_bytes)
    if media_type == FORM:
        # Not decoded where it is too long even if every byte is an escape of three.
        if max(map(len, body.split(b"&"))) > len(b"query=") + 3 * settings.max_query_bytes:
            raise BodyTooLarge(settings.max_query_bytes)
        return [], decode_pairs(body)
    if len(body) > settings.max_query_bytes:
        raise BodyTooLarge(settings.max_query_bytes)
    return [decode_text(body)], ()


def _read_media_type(content_type: str | None) -> str:
    """The media type without its parameters, in small letters; "" if there is no header.

    Raises:
        UnsupportedMediaType: a parameter names another charset than UTF-8.
    """
    header = Message()
    header["content-type"] = (content_type or "").replace("\r", " ").replace("\n", " ")
    charset = header.get_content_charset("utf-8")
    if charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(content_type or "", tuple(f"{name}; charset=utf-8" for name in BODY_TYPES))
    return header.get_content_type() if content_type and "/" in content_type else ""


def _only_text(texts: Sequence[str], settings: Settings) -> str:
    if not texts:
        raise MalformedRequest("the form has no parameter query=; put the query's text there")
    if len(texts) > 1:
        raise MalformedRequest("the request holds more than one query; send one (SPARQL 1.1 Protocol, section 2.1)")
    if not texts[0].strip():
        raise MalformedRequest("the query is empty; send SELECT, ASK, CONSTRUCT or DESCRIBE")
    if len(texts[0].encode()) > settings.max_query_bytes:
        raise BodyTooLarge(settings.max_query_bytes)
    return texts[0]


def _graph_names(pairs: _Pairs, parameter: str) -> tuple[str, ...] | None:
    """The IRIs that `parameter` gives, as they are; None if it is not there."""
    names = _values(pairs, parameter)
    for name in names:
        try:
            NamedNode(name)
        except ValueError as error:
            raise ParameterError(parameter, f"{name[:200]!r} is no absolute IRI ({error})") from error
    return tuple(names) or None


def _read_timeout(pairs: _Pairs, settings: Settings) -> float:
    """Seconds: the value of `timeout=`, or the setting's."""
    values = _values(pairs, "timeout")
    if not values:
        return settings.timeout_s
    value = values[0]
    if len(values) > 1 or not _DECIMAL.fullmatch(value) or not 0 < float(value) <= settings.max_timeout_s:
        raise ParameterError(
            "timeout", f"must be one number of seconds above 0 and at most {settings.max_timeout_s:g}, as timeout=2.5"
        )
    return float(value)


def read_format_name(pairs: _Pairs) -> str | None:
    """The first value of `format=` or `output=` that names a format; the first of all if none does."""
    values = [value for name, value in pairs if name in ("format", "output") and value]
    known = [value for value in values if value.strip().lower() in _FORMAT_NAMES]
    return next(iter(known or values), None)


def _values(pairs: _Pairs, parameter: str) -> list[str]:
    return [value for name, value in pairs if name == parameter]


def _write_refused() -> WriteRefused:
    return WriteRefused("this server is read-only, so that an update is not taken; nothing was changed")
