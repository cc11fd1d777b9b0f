"""The service description is complete (SPARQL 1.1 Service Description; field notes, D 7)."""

import pyoxigraph as ox
import pytest

from kg.formats import OFFERED
from kg.namespaces import DCTERMS, LIMITS, RDF, RDFS, SD, SHAPES_GRAPH, VOID
from kg.settings import Settings
from kg.sparql.description import Graphs, describe_service

ENDPOINT = "https://example.org/graph/sparql"
GRAPHS = Graphs(70, {"https://example.org/b": 7, "https://example.org/a": 0, SHAPES_GRAPH: 5})

# The terms of the vocabulary that a description may use, with the class of what they belong to.
DOMAINS = {
    "endpoint": "Service",
    "supportedLanguage": "Service",
    "resultFormat": "Service",
    "feature": "Service",
    "defaultDataset": "Service",
    "defaultEntailmentRegime": "Service",
    "defaultGraph": "Dataset",
    "namedGraph": "Dataset",
    "name": "NamedGraph",
    "graph": "NamedGraph",
}


def described() -> ox.Store:
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in describe_service(ENDPOINT, Settings(), GRAPHS))
    return store


def values(property_iri: str) -> list[str]:
    quads = described().quads_for_pattern(None, ox.NamedNode(property_iri), None)
    return sorted(str(quad.object.value) for quad in quads if isinstance(quad.object, ox.NamedNode | ox.Literal))


def test_the_service_has_all_that_the_vocabulary_asks_for() -> None:
    assert values(SD + "endpoint") == [ENDPOINT]
    assert values(SD + "supportedLanguage") == [SD + "SPARQL11Query"]
    assert len(values(SD + "defaultDataset")) == 1
    assert len(values(SD + "defaultGraph")) == 1
    assert values(SD + "name") == sorted(GRAPHS.named)


def test_every_graph_says_how_many_triples_it_has() -> None:
    store = described()

    def triples_of(graph: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> int:
        assert isinstance(graph, ox.NamedNode)
        (quad,) = store.quads_for_pattern(graph, ox.NamedNode(VOID + "triples"), None)
        assert isinstance(quad.object, ox.Literal)
        return int(quad.object.value)

    (default,) = store.quads_for_pattern(None, ox.NamedNode(SD + "defaultGraph"), None)
    assert triples_of(default.object) == GRAPHS.default
    counted = {}
    for named in store.quads_for_pattern(None, ox.NamedNode(SD + "name"), None):
        assert isinstance(named.object, ox.NamedNode)
        (graph,) = store.quads_for_pattern(named.subject, ox.NamedNode(SD + "graph"), None)
        counted[named.object.value] = triples_of(graph.object)
    assert counted == GRAPHS.named


def test_every_format_is_listed_and_nothing_else() -> None:
    assert values(SD + "resultFormat") == sorted({format_.iri for family in OFFERED.values() for format_ in family})


def test_federation_and_updates_are_not_offered() -> None:
    assert SD + "BasicFederatedQuery" not in values(SD + "feature")
    assert SD + "SPARQL11Update" not in values(SD + "supportedLanguage")
    assert values(SD + "inputFormat") == []
    assert values(SD + "feature") == [SD + "EmptyGraphs"]


def test_federation_is_offered_where_an_endpoint_is_allowed_and_its_name_is_told() -> None:
    allowed = Settings(service_allow="https://example.org/sparql private+http://inside/*")

    triples = describe_service(ENDPOINT, allowed, GRAPHS)

    features = {triple.object for triple in triples if triple.predicate.value == SD + "feature"}
    assert features == {ox.NamedNode(SD + "EmptyGraphs"), ox.NamedNode(SD + "BasicFederatedQuery")}
    (prose,) = (str(triple.object) for triple in triples if triple.predicate.value == DCTERMS + "description")
    assert "SERVICE may ask https://example.org/sparql, http://inside/*, and nothing else" in prose


def test_the_limits_are_named() -> None:
    text = " ".join(values(DCTERMS + "description"))
    limits = Settings()

    for limit in (limits.timeout_s, limits.max_timeout_s):
        assert f"{limit:g} s" in text
    for number in (limits.query_memory_mb, limits.max_target_bytes, limits.max_query_bytes, limits.max_body_bytes):
        assert str(number) in text


def test_each_limit_is_a_number_with_a_definition() -> None:
    store = described()
    limits = Settings(timeout_s=2.5, queue=3)
    again = describe_service(ENDPOINT, limits, GRAPHS)

    found = {quad.predicate: quad.object for quad in store if quad.predicate.value.startswith(LIMITS)}
    assert len(found) > 8
    for term, value in found.items():
        assert isinstance(value, ox.Literal)
        assert float(value.value) >= 0
        assert ox.Quad(term, ox.NamedNode(RDF + "type"), ox.NamedNode(RDF + "Property")) in store
        assert len(list(store.quads_for_pattern(term, ox.NamedNode(RDFS + "comment"), None))) == 1
    given = {triple.predicate.value.removeprefix(LIMITS): str(triple.object) for triple in again}
    assert given["timeout"] == '"2.5"^^<http://www.w3.org/2001/XMLSchema#decimal>'
    assert given["queue"] == '"3"^^<http://www.w3.org/2001/XMLSchema#integer>'


def test_each_property_stands_at_its_class() -> None:
    store = described()

    for quad in store.quads_for_pattern(None, None, None):
        name = quad.predicate.value.removeprefix(SD)
        if name in DOMAINS:
            assert ox.Quad(quad.subject, ox.NamedNode(RDF + "type"), ox.NamedNode(SD + DOMAINS[name])) in store
        elif quad.predicate.value.startswith(LIMITS):
            assert ox.Quad(quad.subject, ox.NamedNode(RDF + "type"), ox.NamedNode(SD + "Service")) in store
        else:
            assert not quad.predicate.value.startswith(SD), name


def test_two_descriptions_are_equal_and_need_no_blank_node() -> None:
    triples = describe_service(ENDPOINT, Settings(), GRAPHS)

    other_order = Graphs(70, dict(reversed(list(GRAPHS.named.items()))))
    assert triples == describe_service(ENDPOINT, Settings(), other_order)
    assert not any(isinstance(term, ox.BlankNode) for triple in triples for term in triple)


def test_a_relative_endpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="IRI"):
        describe_service("/sparql", Settings(), Graphs(0, {}))
