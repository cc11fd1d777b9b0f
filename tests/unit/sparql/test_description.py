"""The service description is complete (SPARQL 1.1 Service Description; field notes, D 7)."""

import pyoxigraph as ox
import pytest

from kg.formats import OFFERED
from kg.namespaces import DCTERMS, RDF, SD
from kg.settings import Settings
from kg.sparql.description import describe_service

ENDPOINT = "https://example.org/graph/sparql"
GRAPHS = ("https://example.org/b", "https://example.org/a")

# The terms of the vocabulary that a description may use, with the class of what they belong to.
DOMAINS = {
    "endpoint": "Service",
    "supportedLanguage": "Service",
    "resultFormat": "Service",
    "feature": "Service",
    "defaultDataset": "Service",
    "defaultGraph": "Dataset",
    "namedGraph": "Dataset",
    "name": "NamedGraph",
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
    assert values(SD + "name") == sorted(GRAPHS)


def test_every_format_is_listed_and_nothing_else() -> None:
    assert values(SD + "resultFormat") == sorted({format_.iri for family in OFFERED.values() for format_ in family})


def test_federation_and_updates_are_not_offered() -> None:
    assert SD + "BasicFederatedQuery" not in values(SD + "feature")
    assert SD + "SPARQL11Update" not in values(SD + "supportedLanguage")
    assert values(SD + "inputFormat") == []


def test_the_limits_are_named() -> None:
    text = " ".join(values(DCTERMS + "description"))
    limits = Settings()

    for limit in (limits.timeout_s, limits.max_timeout_s):
        assert f"{limit:g} s" in text
    for number in (limits.query_memory_mb, limits.max_target_bytes, limits.max_query_bytes, limits.max_body_bytes):
        assert str(number) in text


def test_each_property_stands_at_its_class() -> None:
    store = described()

    for quad in store.quads_for_pattern(None, None, None):
        name = quad.predicate.value.removeprefix(SD)
        if name in DOMAINS:
            assert ox.Quad(quad.subject, ox.NamedNode(RDF + "type"), ox.NamedNode(SD + DOMAINS[name])) in store
        else:
            assert quad.predicate.value in (RDF + "type", DCTERMS + "description")


def test_two_descriptions_are_equal_and_need_no_blank_node() -> None:
    triples = describe_service(ENDPOINT, Settings(), GRAPHS)

    assert triples == describe_service(ENDPOINT, Settings(), reversed(GRAPHS))
    assert not any(isinstance(term, ox.BlankNode) for triple in triples for term in triple)


def test_a_relative_endpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="IRI"):
        describe_service("/sparql", Settings(), ())
