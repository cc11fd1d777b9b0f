"""The limits of the service as RDF (level 2): properties of our own, which the description itself defines.

No vocabulary of the W3C has them. A limit is a number at the service; what answers beyond it is in its definition.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import LIMITS, RDF, RDFS, XSD
from kg.settings import Settings


@dataclass(frozen=True, slots=True)
class _Limit:
    """One property: its name in `LIMITS`, label, definition, and how the settings give its value."""

    name: str
    label: str
    definition: str
    value: Callable[[Settings], int | float]


_LIMITS: Final = (
    _Limit(
        "timeout", "time limit", "Seconds for a query that does not say timeout=; 504 beyond.", lambda s: s.timeout_s
    ),
    _Limit(
        "maxTimeout", "longest time limit", "Seconds that timeout= may ask for; 400 beyond.", lambda s: s.max_timeout_s
    ),
    _Limit(
        "queryMemory", "memory limit", "MiB of memory that one query may take; 507 beyond.", lambda s: s.query_memory_mb
    ),
    _Limit(
        "maxTarget", "longest target", "Bytes of a request target (RFC 9112); 414 beyond.", lambda s: s.max_target_bytes
    ),
    _Limit(
        "maxQuery", "longest query", "Bytes of the text of a query in UTF-8; 413 beyond.", lambda s: s.max_query_bytes
    ),
    _Limit("maxBody", "longest body", "Bytes of the body of a request; 413 beyond.", lambda s: s.max_body_bytes),
    _Limit("maxNesting", "deepest nesting", "Depth of brackets in a query; 400 beyond.", lambda s: s.max_nesting),
    _Limit(
        "maxOperators", "most operators", "Operators and keywords in a query; 400 beyond.", lambda s: s.max_operators
    ),
    _Limit(
        "concurrency", "concurrency", "Queries that are evaluated at the same time; others wait.", lambda s: s.executors
    ),
    _Limit("queue", "longest queue", "Queries that may wait for their evaluation; 503 beyond.", lambda s: s.queue),
    _Limit(
        "headTimeout",
        "time for a head",
        "Seconds for the head of a request to arrive; 408 beyond.",
        lambda s: s.head_timeout_s,
    ),
    _Limit(
        "bodyTimeout",
        "time for a body",
        "Seconds for the body of a request to arrive; 408 beyond.",
        lambda s: s.body_timeout_s,
    ),
    _Limit(
        "readerTimeout",
        "time for a reader",
        "Seconds for a client to take the next part of an answer; beyond that the connection is broken.",
        lambda s: s.reader_timeout_s,
    ),
    _Limit(
        "completeBelow",
        "complete below",
        "Bytes of an answer that is complete before its status line; an error in a longer one breaks the connection.",
        lambda s: s.buffer_bytes,
    ),
)


def describe_limits(service: NamedNode, settings: Settings) -> Iterator[Triple]:
    """The limits of `service`, and the definition of each property that says one."""
    for limit in _LIMITS:
        term = NamedNode(LIMITS + limit.name)
        yield Triple(service, term, _number(limit.value(settings)))
        yield Triple(term, NamedNode(RDF + "type"), NamedNode(RDF + "Property"))
        yield Triple(term, NamedNode(RDFS + "label"), Literal(limit.label, language="en"))
        yield Triple(term, NamedNode(RDFS + "comment"), Literal(limit.definition, language="en"))


def _number(value: float) -> Literal:
    """An integer, or a decimal where there is a fraction or the unit can have one."""
    if isinstance(value, int):
        return Literal(value)
    return Literal(f"{value:.3f}".rstrip("0").rstrip("."), datatype=NamedNode(XSD + "decimal"))
