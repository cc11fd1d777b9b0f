"""The service description (level 2): what a bare GET of the endpoint answers.

Sources: SPARQL 1.1 Service Description, sections 3 and 4; VoID, section 2.3, for the numbers of triples.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kg.formats import OFFERED
from kg.namespaces import CATALOGUE_GRAPH, DCTERMS, EXAMPLES_GRAPH, RDF, SD, SHAPES_GRAPH, VOID
from kg.settings import Settings
from kg.sparql.limits import describe_limits

_TYPE: Final = NamedNode(RDF + "type")
_TITLE: Final = NamedNode(DCTERMS + "title")
_DESCRIPTION: Final = NamedNode(DCTERMS + "description")
_TRIPLES: Final = NamedNode(VOID + "triples")
_VOID_DATASET: Final = NamedNode(VOID + "Dataset")
_SIMPLE: Final = NamedNode("http://www.w3.org/ns/entailment/Simple")
_GRAPH_TITLES: Final = {
    SHAPES_GRAPH: "The shapes that the dataset conforms to (SHACL)",
    EXAMPLES_GRAPH: "Example queries, and the prefixes that they use (SHACL)",
    CATALOGUE_GRAPH: "The catalogue: what the default graph holds, counted (VoID, DCAT)",
}


@dataclass(frozen=True, slots=True)
class Graphs:
    """How many triples the default graph has, and each named graph by its name."""

    default: int
    named: Mapping[str, int]


def describe_service(endpoint: str, settings: Settings, graphs: Graphs) -> tuple[Triple, ...]:
    """The description of the service at `endpoint`, an absolute IRI.

    There are no blank nodes, so that two answers are equal triple by triple. sd:EmptyGraphs is true: the engine keeps a
    graph that has lost its last triple. What is not there, is not offered: no union default graph, and federation only
    where the operator allows an endpoint.

    Raises:
        ValueError: `endpoint` or a graph's name is no absolute IRI.
    """
    service, dataset = NamedNode(endpoint + "#service"), NamedNode(endpoint + "#dataset")
    return (
        Triple(service, _TYPE, _sd("Service")),
        Triple(service, _sd("endpoint"), NamedNode(endpoint)),
        Triple(service, _sd("supportedLanguage"), _sd("SPARQL11Query")),
        *(Triple(service, _sd("feature"), _sd(feature)) for feature in _features(settings)),
        Triple(service, _sd("defaultEntailmentRegime"), _SIMPLE),
        *(Triple(service, _sd("resultFormat"), NamedNode(iri)) for iri in _format_iris()),
        Triple(service, _DESCRIPTION, Literal(_prose(settings), language="en")),
        Triple(service, _sd("defaultDataset"), dataset),
        *_describe_dataset(endpoint, dataset, graphs),
        *describe_limits(service, settings),
    )


def _describe_dataset(endpoint: str, dataset: NamedNode, graphs: Graphs) -> Iterator[Triple]:
    default_graph = NamedNode(endpoint + "#default-graph")
    yield Triple(dataset, _TYPE, _sd("Dataset"))
    yield Triple(dataset, _sd("defaultGraph"), default_graph)
    yield Triple(default_graph, _TYPE, _sd("Graph"))
    yield from _count(default_graph, graphs.default)
    for number, (name, triples) in enumerate(sorted(graphs.named.items()), start=1):
        node, graph = NamedNode(f"{endpoint}#named-graph-{number}"), NamedNode(f"{endpoint}#graph-{number}")
        yield Triple(dataset, _sd("namedGraph"), node)
        yield Triple(node, _TYPE, _sd("NamedGraph"))
        yield Triple(node, _sd("name"), NamedNode(name))
        yield Triple(node, _sd("graph"), graph)
        yield Triple(graph, _TYPE, _sd("Graph"))
        yield from _count(graph, triples)
        if name in _GRAPH_TITLES:
            yield Triple(graph, _TITLE, Literal(_GRAPH_TITLES[name], language="en"))


def _count(graph: NamedNode, triples: int) -> Iterator[Triple]:
    yield Triple(graph, _TYPE, _VOID_DATASET)
    yield Triple(graph, _TRIPLES, Literal(triples))


def _sd(name: str) -> NamedNode:
    return NamedNode(SD + name)


def _features(settings: Settings) -> tuple[str, ...]:
    return ("EmptyGraphs", "BasicFederatedQuery") if settings.service_allow.split() else ("EmptyGraphs",)


def _format_iris() -> tuple[str, ...]:
    """The format IRIs of all families, each once, in the order of the families."""
    return tuple(dict.fromkeys(format_.iri for formats in OFFERED.values() for format_ in formats))


def _prose(settings: Settings) -> str:
    """The rules and the most important limits in English, each with the status that answers beyond it."""
    return (
        "Queries only. A query reads the default graph, which is no union of the named ones, unless FROM or the "
        "parameters default-graph-uri and named-graph-uri name others; the parameters replace FROM. Answers are "
        f"complete, or an error. Limits: a query has {settings.timeout_s:g} s, with timeout= up to "
        f"{settings.max_timeout_s:g} s (504 beyond), and {settings.query_memory_mb} MiB of memory (507). A query's "
        f"text has at most {settings.max_query_bytes} bytes, a body {settings.max_body_bytes} bytes (413), a request "
        f"target {settings.max_target_bytes} bytes (414; POST takes more). {_egress(settings)}"
    )


def _egress(settings: Settings) -> str:
    """Which requests of this server a query may cause."""
    allowed = [entry.removeprefix("private+") for entry in settings.service_allow.split()]
    if not allowed:
        return "SERVICE is refused (400): this server sends no requests."
    return f"SERVICE may ask {', '.join(allowed)}, and nothing else (400)."
