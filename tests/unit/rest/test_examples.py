"""The stored queries as SHACL-described examples: each runs as it stands, and has rows."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.files import Dataset
from kg.namespaces import EXAMPLES_GRAPH, PREFIXES, RDF, RDFS, SCHEMA, SH
from kg.rest.catalogue import load_catalogue
from kg.rest.examples import example_quads, example_text
from kg.rest.stored_query import StoredQuery
from kg.store.memory import load_dataset

SAMPLE = Dataset(Path(__file__).parents[2] / "sample")
CATALOGUE = load_catalogue(SAMPLE)
ENDPOINT = "https://example.org/sparql"


def parsed(endpoint: str | None = ENDPOINT) -> ox.Store:
    store = ox.Store()
    store.extend(ox.parse(example_quads(CATALOGUE, endpoint), ox.RdfFormat.N_QUADS))
    return store


def values(store: ox.Store, subject: str, predicate: str) -> list[str]:
    found = store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None)
    return sorted(quad.object.value for quad in found if isinstance(quad.object, ox.NamedNode | ox.Literal))


@pytest.mark.parametrize("stored", CATALOGUE, ids=lambda stored: stored.name)
def test_an_example_is_a_whole_query_that_answers_with_rows(stored: StoredQuery) -> None:
    text = example_text(stored)

    rows = list(load_dataset(SAMPLE).store.query(text))  # type: ignore[arg-type]  # all are SELECT
    assert rows
    assert "#+" not in text
    assert "$" not in text
    assert "PREFIX" in text


@pytest.mark.parametrize("stored", CATALOGUE, ids=lambda stored: stored.name)
def test_each_stored_query_is_described_as_editors_expect(stored: StoredQuery) -> None:
    store, node = parsed(), f"{EXAMPLES_GRAPH}#{stored.name}"

    assert values(store, node, RDF + "type") == [SH + "SPARQLExecutable", SH + "SPARQLSelectExecutable"]
    assert values(store, node, RDFS + "comment") == [stored.summary]
    assert values(store, node, SH + "select") == [example_text(stored)]
    assert values(store, node, SH + "prefixes") == [EXAMPLES_GRAPH]
    assert values(store, node, SCHEMA + "target") == [ENDPOINT]
    assert values(parsed(None), node, SCHEMA + "target") == []


def test_all_prefixes_of_the_house_are_declared_with_their_namespace_on_one_node() -> None:
    store = parsed()

    nodes = values(store, EXAMPLES_GRAPH, SH + "declare")
    pairs = {(values(store, node, SH + "prefix")[0], values(store, node, SH + "namespace")[0]) for node in nodes}
    assert pairs == set(PREFIXES.items())


def test_the_same_queries_make_the_same_bytes_in_one_graph_without_blank_nodes() -> None:
    assert example_quads(CATALOGUE, ENDPOINT) == example_quads(load_catalogue(SAMPLE), ENDPOINT)
    assert {quad.graph_name for quad in parsed()} == {ox.NamedNode(EXAMPLES_GRAPH)}
    assert not any(isinstance(quad.subject, ox.BlankNode) for quad in parsed())
