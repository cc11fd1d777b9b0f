"""The service description (level 2): what a bare GET of the endpoint answers.

Source: SPARQL 1.1 Service Description, sections 3 and 4.
"""

from collections.abc import Iterable
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kg.formats import OFFERED
from kg.namespaces import DCTERMS, RDF, SD
from kg.settings import Settings

_TYPE: Final = NamedNode(RDF + "type")
_DESCRIPTION: Final = NamedNode(DCTERMS + "description")


def describe_service(endpoint: str, settings: Settings, graph_names: Iterable[str]) -> tuple[Triple, ...]:
    """The description of the service at `endpoint`, an absolute IRI; `graph_names` are those of its named graphs.

    There are no blank nodes, so that two answers are equal triple by triple.

    Raises:
        ValueError: `endpoint` or a graph's name is no absolute IRI.
    """
    service, dataset = NamedNode(endpoint + "#service"), NamedNode(endpoint + "#dataset")
    default_graph = NamedNode(endpoint + "#default-graph")
    triples = [
        Triple(service, _TYPE, _sd("Service")),
        Triple(service, _sd("endpoint"), NamedNode(endpoint)),
        Triple(service, _sd("supportedLanguage"), _sd("SPARQL11Query")),
        Triple(service, _sd("feature"), _sd("EmptyGraphs")),
        Triple(service, _DESCRIPTION, Literal(_limits(settings), language="en")),
        Triple(service, _sd("defaultDataset"), dataset),
        Triple(dataset, _TYPE, _sd("Dataset")),
        Triple(dataset, _sd("defaultGraph"), default_graph),
        Triple(default_graph, _TYPE, _sd("Graph")),
    ]
    triples += [Triple(service, _sd("resultFormat"), NamedNode(iri)) for iri in _format_iris()]
    for number, name in enumerate(sorted(graph_names), start=1):
        graph = NamedNode(f"{endpoint}#graph-{number}")
        triples += [
            Triple(dataset, _sd("namedGraph"), graph),
            Triple(graph, _TYPE, _sd("NamedGraph")),
            Triple(graph, _sd("name"), NamedNode(name)),
        ]
    return tuple(triples)


def _sd(name: str) -> NamedNode:
    return NamedNode(SD + name)


def _format_iris() -> tuple[str, ...]:
    """The format IRIs of all families, each once, in the order of the families."""
    return tuple(dict.fromkeys(format_.iri for formats in OFFERED.values() for format_ in formats))


def _limits(settings: Settings) -> str:
    """The limits in English; each names its setting's value and the status that answers beyond it."""
    return (
        "Queries only; a query reads the default graph unless it names others. Answers are complete, or an error. "
        f"Limits: a query has {settings.timeout_s:g} s, with timeout= up to {settings.max_timeout_s:g} s (504 beyond), "
        f"and {settings.query_memory_mb} MiB of memory (507). A query's text has at most {settings.max_query_bytes} "
        f"bytes, a body {settings.max_body_bytes} bytes (413), a request target {settings.max_target_bytes} bytes "
        f"(414; POST takes more). Brackets nest at most {settings.max_nesting} deep, and a query has at most "
        f"{settings.max_operators} operators and keywords (400). {settings.executors} queries run at once, and "
        f"{settings.queue} may wait (503). SERVICE is refused (400): this server sends no requests."
    )
