"""Which graph a request of the Graph Store Protocol means (level 2).

Indirectly, by `?default` or `?graph=IRI`; directly, by the address that was asked. The query string is decoded once,
and no IRI is ever normalised: `%31` and `1` name two graphs.
Source: SPARQL 1.1 Graph Store HTTP Protocol, section 4.
"""

from typing import Final

from pyoxigraph import NamedNode

from kg.errors import MalformedRequest, MethodNotAllowed, ParameterError, WriteRefused
from kg.sparql.decoding import decode_pairs

METHODS: Final = ("GET", "HEAD", "OPTIONS")  # what is done here while nothing can be written
WRITING: Final = ("PUT", "POST", "DELETE")


def require_reading(method: str) -> None:
    """Let a request pass that only reads.

    Raises:
        WriteRefused: it would write a graph.
        MethodNotAllowed: it is none of the protocol's.
    """
    if method in WRITING:
        raise WriteRefused("this server is read-only, so that no graph can be put, added to or deleted")
    if method not in METHODS:
        raise MethodNotAllowed(method, METHODS)


def read_graph_name(query_string: bytes, address: str | None) -> str | None:
    """The IRI of the graph, or None for the default graph.

    `address` is the address that was asked, where that names the graph; then no parameter may name another.

    Raises:
        MalformedRequest: no graph is named, or more than one, or the query string cannot be decoded.
        ParameterError: the name is no absolute IRI.
    """
    pairs = decode_pairs(query_string)
    names = [value for name, value in pairs if name == "graph"]
    is_default = any(name == "default" for name, _ in pairs)
    if address is not None:
        if names or is_default:
            raise MalformedRequest("the address is the name of the graph; leave graph= and default away")
        return _absolute(address)
    if len(names) + is_default != 1:
        count = "more than one is" if names else "none is"
        raise MalformedRequest(f"one graph must be named, and {count}; send either graph=IRI, once, or default")
    return None if is_default else _absolute(names[0])


def _absolute(name: str) -> str:
    try:
        return NamedNode(name).value
    except ValueError as error:
        raise ParameterError("graph", f"{name[:200]!r} is no absolute IRI ({error})") from error
