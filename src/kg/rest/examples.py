"""The example queries as RDF (level 2): every stored query, filled in with its examples, for editors and programs.

The form is that of the SIB's collection of SPARQL examples, which editors know: SHACL executables with the query's
text, and the prefixes of the house as SHACL declares them (SHACL, section 5.2.1).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import pyoxigraph as ox

from kg.namespaces import EXAMPLES_GRAPH, PREFIXES, RDF, RDFS, SCHEMA, SH, XSD
from kg.rest.binding import bind
from kg.rest.parameters import read_values
from kg.rest.stored_query import StoredQuery

_FRONT_MATTER: Final = re.compile(r"\A(?:#\+.*\n)+")
_GRAPH: Final = ox.NamedNode(EXAMPLES_GRAPH)
_TYPE: Final = ox.NamedNode(RDF + "type")


def example_quads(catalogue: Sequence[StoredQuery], endpoint: str | None) -> bytes:
    """All examples in N-Quads, in the graph of the examples; `endpoint` is the address that they can be sent to.

    There are no blank nodes, and the same queries make the same bytes.
    """
    quads = [*_prefixes()]
    for stored in catalogue:
        quads += _example(stored, endpoint)
    return ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""


def example_text(stored: StoredQuery) -> str:
    """The query of `stored` with its examples in place of its parameters: whole, and without front matter."""
    given = [(p.name, p.declared.example) for p in stored.parameters if p.declared.example is not None]
    text = bind(stored, read_values(stored, dict(given), given))
    return _FRONT_MATTER.sub("", text)


def _example(stored: StoredQuery, endpoint: str | None) -> Iterator[ox.Quad]:
    node = ox.NamedNode(f"{EXAMPLES_GRAPH}#{stored.name}")
    yield _quad(node, _TYPE, _sh("SPARQLExecutable"))
    yield _quad(node, _TYPE, _sh("SPARQLSelectExecutable"))
    yield _quad(node, ox.NamedNode(RDFS + "comment"), ox.Literal(stored.summary, language="en"))
    yield _quad(node, _sh("prefixes"), _GRAPH)
    yield _quad(node, _sh("select"), ox.Literal(example_text(stored)))
    if endpoint is not None:
        yield _quad(node, ox.NamedNode(SCHEMA + "target"), ox.NamedNode(endpoint))


def _prefixes() -> Iterator[ox.Quad]:
    for prefix, namespace in PREFIXES.items():
        node = ox.NamedNode(f"{EXAMPLES_GRAPH}#prefix-{prefix}")
        yield _quad(_GRAPH, _sh("declare"), node)
        yield _quad(node, _sh("prefix"), ox.Literal(prefix))
        yield _quad(node, _sh("namespace"), ox.Literal(namespace, datatype=ox.NamedNode(XSD + "anyURI")))


def _quad(subject: ox.NamedNode, predicate: ox.NamedNode, object_: ox.NamedNode | ox.Literal) -> ox.Quad:
    return ox.Quad(subject, predicate, object_, _GRAPH)


def _sh(name: str) -> ox.NamedNode:
    return ox.NamedNode(SH + name)
