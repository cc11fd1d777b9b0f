"""SPARQL query tests, the way the service answers a query: the guard first, then the evaluation, then its bytes.

The store is loaded as a dataset's files are: parsed quads, in memory. What HTTP adds is tested by `protocol_tests`.
"""

import re
from typing import Final

import pyoxigraph as ox
from comparison import Result, Verdict, compare
from manifests import MF, QT, W3CTest, iri_of, path_of
from result_files import READERS, read_dataset, read_named_graph, read_result

from kg.errors import QueryEvaluationError, QuerySyntaxError
from kg.formats import N_TRIPLES, RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, Family, Format
from kg.settings import Settings
from kg.sparql.booleans import with_small_booleans
from kg.sparql.guard import inspect
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate

_FORMATS: Final[dict[str, Format]] = {".csv": RESULTS_CSV, ".tsv": RESULTS_TSV, ".srx": RESULTS_XML}
_FROM: Final = re.compile(r"\bFROM\s+(?:NAMED\s+)?<([^>]*)>", re.IGNORECASE)
_LAX: Final = ox.NamedNode(MF + "LaxCardinality")


def run_evaluation(test: W3CTest) -> Verdict:
    """Answer the test's query over its data, in the format of the expected result if that has one.

    Raises:
        KgError: the service would answer with an error.
    """
    if test.result is None:
        answer_to(test, ".srj")
        return Verdict.SAME
    expected = path_of(test.result)
    is_lax = test.manifest.value(test.node, MF + "resultCardinality") == _LAX
    return compare(answer_to(test, expected.suffix), read_result(expected), is_lax=is_lax)


def answer_to(test: W3CTest, suffix: str) -> Result:
    """The answer to the query of an evaluation test over its data; `suffix` is that of a file in the format asked for.

    Raises:
        KgError: the service would answer with an error.
    """
    query = path_of(test.manifest.value(test.action, QT + "query"))
    text, base = query.read_bytes().decode(), iri_of(query)
    store = ox.Store()
    store.extend(_data(test, text, base))
    return ask(store, text, base, suffix)


def run_positive_syntax(test: W3CTest) -> Verdict:
    """The query is read; that it may have no answer here, as with an unknown function, is not its syntax's fault.

    Raises:
        KgError: it is refused.
    """
    path = path_of(test.action)
    try:
        ask(ox.Store(), path.read_bytes().decode(), iri_of(path), ".srj")
    except QueryEvaluationError:
        return Verdict.SAME
    return Verdict.SAME


def run_negative_syntax(test: W3CTest) -> Verdict:
    """The query is refused for its syntax; any other refusal would say nothing.

    Raises:
        KgError: it is refused for another reason.
    """
    path = path_of(test.action)
    try:
        ask(ox.Store(), path.read_bytes().decode(), iri_of(path), ".srj")
    except (QuerySyntaxError, UnicodeDecodeError):
        return Verdict.SAME
    return Verdict.DIFFERENT


def ask(store: ox.Store, text: str, base_iri: str, suffix: str) -> Result:
    """The answer of the service, read back from its bytes; SERVICE is refused as it is by default.

    Raises:
        KgError: it answers with an error.
    """
    limits = Settings()
    family = inspect(text, max_nesting=limits.max_nesting, max_operators=limits.max_operators)
    chosen = N_TRIPLES if family is Family.GRAPH else _FORMATS.get(suffix, RESULTS_JSON)
    output = _Output()
    evaluate(store, QueryRequest(with_small_booleans(text), chosen, base_iri, limits.timeout_s), output)
    if family is Family.GRAPH:
        return frozenset(ox.parse(bytes(output.content), ox.RdfFormat.N_TRIPLES))
    return READERS[f".{chosen.extension}"](bytes(output.content))


class _Output:
    """Keeps the bytes of an answer."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: bytes, /) -> None:
        self.content += data


def _data(test: W3CTest, text: str, base_iri: str) -> list[ox.Quad]:
    """The dataset of a test, and the files that the query's FROM names as named graphs: there they are looked for."""
    quads = read_dataset(test.manifest, test.action, QT)
    named = {_resolve(name, base_iri) for name in _FROM.findall(text)}
    for name in named:
        if name.value.startswith(base_iri.rpartition("/")[0]):
            quads += read_named_graph(path_of(name))
    return quads


def _resolve(reference: str, base_iri: str) -> ox.NamedNode:
    """An IRI reference of a query against its base, as the parser does it."""
    triple = f"<urn:a> <{reference}> <urn:a> ."
    name: ox.NamedNode = next(ox.parse(triple, ox.RdfFormat.TURTLE, base_iri=base_iri)).predicate
    return name
