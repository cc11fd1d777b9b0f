"""SPARQL 1.1 Service Description tests: the manifest only names them, so that what they check stands here."""

from collections.abc import Callable, Iterable
from typing import Final

import httpx
import pyoxigraph as ox
from comparison import Verdict
from protocol_tests import Unexpected

from kg.namespaces import RDF, SD

_TYPE: Final = ox.NamedNode(RDF + "type")
# Properties of the vocabulary with the class of their subject and of their value; "" is any resource (section 3).
_SCHEMA: Final = {
    "endpoint": ("Service", ""),
    "feature": ("Service", "Feature"),
    "defaultEntailmentRegime": ("Service", "EntailmentRegime"),
    "entailmentRegime": ("NamedGraph", "EntailmentRegime"),
    "defaultSupportedEntailmentProfile": ("Service", "EntailmentProfile"),
    "supportedEntailmentProfile": ("NamedGraph", "EntailmentProfile"),
    "extensionFunction": ("Service", "Function"),
    "extensionAggregate": ("Service", "Aggregate"),
    "languageExtension": ("Service", "Feature"),
    "supportedLanguage": ("Service", "Language"),
    "propertyFeature": ("Service", "Feature"),
    "defaultDataset": ("Service", "Dataset"),
    "availableGraphs": ("Service", "GraphCollection"),
    "resultFormat": ("Service", ""),
    "inputFormat": ("Service", ""),
    "defaultGraph": ("Dataset", "Graph"),
    "namedGraph": ("GraphCollection", "NamedGraph"),
    "name": ("NamedGraph", ""),
    "graph": ("NamedGraph", "Graph"),
}
_SUPERCLASSES: Final = {"Dataset": "GraphCollection"}
_REGIMES: Final = "http://www.w3.org/ns/entailment/"
# What the specification itself names as an instance of a class (section 3).
_INSTANCES: Final = {
    "Language": ("SPARQL10Query", "SPARQL11Query", "SPARQL11Update"),
    "Feature": ("DereferencesURIs", "UnionDefaultGraph", "RequiresDataset", "EmptyGraphs", "BasicFederatedQuery"),
}


def run_description(name: str, address: str) -> Verdict:
    """Check what the endpoint at `address` answers to a GET without a query.

    Raises:
        Unexpected: it is not what the test of that name asks for.
    """
    endpoint = f"{address}/sparql"
    response = httpx.get(endpoint, trust_env=False)
    media_type = response.headers["content-type"].partition(";")[0]
    format_ = ox.RdfFormat.from_media_type(media_type)
    if response.status_code != 200 or format_ is None:
        raise Unexpected(f"status {response.status_code}, media type {media_type}")
    triples = [quad.triple for quad in ox.parse(response.content, format_, base_iri=endpoint)]
    _CHECKS[name](triples, endpoint)
    return Verdict.SAME


def _returns_rdf(triples: list[ox.Triple], endpoint: str) -> None:
    if not triples:
        raise Unexpected(f"{endpoint} says nothing")


def _has_endpoint(triples: list[ox.Triple], endpoint: str) -> None:
    found = {triple.object for triple in triples if triple.predicate == ox.NamedNode(SD + "endpoint")}
    if found != {ox.NamedNode(endpoint)}:
        raise Unexpected(f"the endpoint is said to be {found}")


def _conforms(triples: list[ox.Triple], endpoint: str) -> None:
    """Every property of the vocabulary is one that there is, on what it is for; and there is one service."""
    services = {t.subject for t in triples if t.predicate == _TYPE and t.object == ox.NamedNode(SD + "Service")}
    if len(services) != 1:
        raise Unexpected(f"{endpoint} describes {len(services)} services")
    for triple in triples:
        if triple.predicate.value.startswith(SD):
            domain, range_ = _SCHEMA.get(triple.predicate.value.removeprefix(SD), ("", ""))
            if not domain or domain not in _classes(triple.subject, triples):
                raise Unexpected(f"{triple.predicate} on {triple.subject}")
            if isinstance(triple.object, ox.Literal) or (range_ and range_ not in _classes(triple.object, triples)):
                raise Unexpected(f"{triple.object} as {triple.predicate}")


def _classes(node: object, triples: Iterable[ox.Triple]) -> set[str]:
    """The classes of the vocabulary that `node` has, by what is said or by the specification."""
    iri = node.value if isinstance(node, ox.NamedNode) else ""
    said = {str(t.object).strip("<>").removeprefix(SD) for t in triples if t.predicate == _TYPE and t.subject == node}
    known = {name for name, instances in _INSTANCES.items() if iri.removeprefix(SD) in instances}
    regime = {"EntailmentRegime"} if iri.startswith(_REGIMES) else set()
    found = said | known | regime
    return found | {_SUPERCLASSES[name] for name in found if name in _SUPERCLASSES}


_CHECKS: Final[dict[str, Callable[[list[ox.Triple], str], None]]] = {
    "returns-rdf": _returns_rdf,
    "has-endpoint-triple": _has_endpoint,
    "conforms-to-schema": _conforms,
}
