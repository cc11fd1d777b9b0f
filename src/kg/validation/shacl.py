"""SHACL (level 2): the data graph against the shapes graph, by pyshacl; its report becomes findings.

The one door to pyshacl. Graphs are built from the engine's triples term by term, into rdflib's own memory graph:
rdflib's parser would rewrite ill-typed literals, and would then find them well-typed.
"""

import re
from collections.abc import Iterable, Iterator

import pyoxigraph as ox
import pyshacl
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from kg.errors import CheckImpossible
from kg.namespaces import shorten
from kg.validation.corpus import Corpus
from kg.validation.findings import Finding, Severity

_SEVERITIES: dict[Node, Severity] = {SH.Info: Severity.INFO, SH.Warning: Severity.WARNING}
_STEPS = {
    SH.inversePath: "^",
    SH.alternativePath: "|",
    SH.zeroOrMorePath: "*",
    SH.oneOrMorePath: "+",
    SH.zeroOrOnePath: "?",
}


def check_shapes(corpus: Corpus) -> Iterator[Finding]:
    """A finding for each validation result of the dataset's data graph against its shapes graph.

    Raises:
        CheckImpossible: the SHACL engine failed; nothing is known about the data then.
    """
    if corpus.shapes is None:
        return
    report = validate(to_graph(corpus.triples), to_graph(corpus.shapes.triples))
    for result in report.objects(None, SH.result):
        yield _finding(corpus, report, result)


def validate(data: Graph, shapes: Graph) -> Graph:
    """The validation report (SHACL, section 3.6); `data` is not changed.

    Raises:
        CheckImpossible: the engine failed on the shapes or the data.
    """
    try:
        _, report, text = pyshacl.validate(data, shacl_graph=shapes, inplace=True)
    except (RuntimeError, ValueError, re.error) as error:  # pyshacl's own errors are RuntimeErrors
        raise CheckImpossible(f"SHACL: {error}") from error
    if not isinstance(report, Graph):
        raise CheckImpossible(f"SHACL: {text}")
    return report


def to_graph(triples: Iterable[ox.Triple]) -> Graph:
    """The triples in rdflib's memory graph, each literal with the text that it has in its file."""
    graph = Graph(bind_namespaces="none")
    for triple in triples:
        graph.add((_to_term(triple.subject), _to_term(triple.predicate), _to_term(triple.object)))
    return graph


def _to_term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Node:
    match term:
        case ox.NamedNode():
            return URIRef(term.value)
        case ox.BlankNode():
            return BNode(term.value)
        case ox.Literal() if term.language:
            return Literal(term.value, lang=term.language)
        case ox.Literal():
            plain = term.datatype.value.endswith("#string")
            return Literal(term.value, datatype=None if plain else URIRef(term.datatype.value), normalize=False)
    raise CheckImpossible(f"SHACL: the data hold a triple term, {term}, and SHACL core knows none; take it out")


def _finding(corpus: Corpus, report: Graph, result: Node) -> Finding:
    focus = str(report.value(result, SH.focusNode) or "")
    value, path = report.value(result, SH.value), report.value(result, SH.resultPath)
    message = str(report.value(result, SH.resultMessage) or "")
    if value is not None and str(value) != focus:
        message += f" (found: {_printed(value)})"
    return Finding(
        *corpus.place_of(focus),
        subject=focus,
        result_path=print_path(report, path) if path is not None else "",
        source=str(report.value(result, SH.sourceShape) or ""),
        message=message,
        severity=_SEVERITIES.get(report.value(result, SH.resultSeverity) or SH.Violation, Severity.VIOLATION),
    )


def print_path(graph: Graph, path: Node) -> str:
    """A property path of a shapes graph or report on one line: steps of a sequence with spaces, `^` for inverse."""
    if not isinstance(path, BNode):
        return str(path)
    if (path, RDF.first, None) in graph:
        return " ".join(print_path(graph, step) for step in Collection(graph, path))
    for kind, sign in _STEPS.items():
        inner = graph.value(path, kind)
        if inner is None:
            continue
        if kind == SH.alternativePath:
            return "|".join(print_path(graph, step) for step in Collection(graph, inner))
        return sign + print_path(graph, inner) if kind == SH.inversePath else print_path(graph, inner) + sign
    return str(path)


def _printed(value: Node) -> str:
    return value.n3() if isinstance(value, Literal) else shorten(str(value))
