"""The service description over HTTP: valid to two parsers, true, and quick (field notes, D 6 and 7)."""

import time

import httpx
import pyoxigraph as ox
import pytest
import rdflib
from rdflib.namespace import RDF, VOID

from servers import Server, StartServer, client_of, write_large_dataset

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")  # rdflib's own is DCAT 2, without version
LIMITS = rdflib.Namespace("https://w3id.org/rapallo/limits#")
GRAPHS = {f"https://w3id.org/rapallo/{name}" for name in ("shapes", "catalogue", "examples")}
TYPES = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/ld+json": "json-ld",
    "application/rdf+xml": "xml",
    "application/trig": "trig",
    "application/n-quads": "nt",
}


def described(client: httpx.Client, media_type: str = "text/turtle") -> rdflib.Graph:
    response = client.get("/sparql", headers={"Accept": media_type})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type
    return rdflib.Graph().parse(data=response.content, format=TYPES[media_type])


# rdflib's reader of JSON-LD uses a class of rdflib that is going away.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("media_type", TYPES)
def test_two_parsers_read_the_same_in_every_format(client: httpx.Client, media_type: str) -> None:
    response = client.get("/sparql", headers={"Accept": media_type})

    by_rdflib = described(client, media_type)
    engine_format = ox.RdfFormat.from_media_type(media_type)
    assert engine_format is not None
    by_engine = {quad.triple for quad in ox.parse(response.content, engine_format)}
    assert len(by_rdflib) == len(by_engine) > 60
    assert set(by_rdflib) == set(described(client, "application/n-triples"))


@pytest.mark.parametrize("name", ["ttl", "nt", "jsonld", "rdf", "trig", "nq"])
def test_the_format_can_be_named(client: httpx.Client, name: str) -> None:
    response = client.get(f"/sparql?format={name}", headers={"Accept": "text/html"})

    assert response.status_code == 200
    assert "html" not in response.headers["content-type"]


def test_the_graphs_and_their_numbers_are_those_that_queries_find(client: httpx.Client) -> None:
    graph = described(client)
    counted = {
        str(graph.value(node, SD.name)): int(str(graph.value(graph.value(node, SD.graph), VOID.triples)))
        for node in graph.objects(None, SD.namedGraph)
    }
    (default,) = graph.objects(None, SD.defaultGraph)

    assert set(counted) == GRAPHS
    assert counted == {name: count_of(client, name) for name in GRAPHS}
    assert int(str(graph.value(default, VOID.triples))) == count_of(client, None)
    for name in GRAPHS:
        assert client.get("/graph-store", params={"graph": name}).status_code == 200


def count_of(client: httpx.Client, name: str | None) -> int:
    pattern = f"GRAPH <{name}> {{ ?s ?p ?o }}" if name else "?s ?p ?o"
    query = f"SELECT (COUNT(*) AS ?count) WHERE {{ {pattern} }}"
    (binding,) = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
    return int(binding["count"]["value"])


def test_every_format_that_is_listed_is_answered(client: httpx.Client) -> None:
    listed = {str(iri).rsplit("/", 1)[1] for iri in described(client).objects(None, SD.resultFormat)}

    assert listed == {
        "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
        "Turtle", "N-Triples", "JSON-LD", "RDF_XML", "TriG", "N-Quads",
    }  # fmt: skip
    offered = {"ASK {}": "json xml csv tsv", "CONSTRUCT WHERE { ?s ?p ?o }": "turtle nt jsonld rdf trig nq"}
    for query, names in offered.items():
        for name in names.split():
            assert client.get("/sparql", params={"query": query, "format": name}).status_code == 200


def test_features_are_those_that_are_there(client: httpx.Client) -> None:
    graph = described(client)

    assert set(graph.objects(None, SD.feature)) == {SD.EmptyGraphs}
    assert set(graph.objects(None, SD.supportedLanguage)) == {SD.SPARQL11Query}
    shapes = "ASK { ?shape a <http://www.w3.org/ns/shacl#NodeShape> }"
    assert client.get("/sparql", params={"query": shapes}).json()["boolean"] is False, "no union default graph"
    assert client.get("/sparql", params={"query": "ASK { SERVICE <urn:x> {} }"}).status_code == 400


def test_the_limits_are_those_of_this_server(start_server: StartServer) -> None:
    server = start_server(timeout_s=3.5, max_target_bytes=2000, queue=5)

    with client_of(server) as client:
        graph = described(client)
        refused = client.get("/sparql", params={"query": f"ASK {{}} # {'x' * 2000}"})

    (service,) = graph.subjects(RDF.type, SD.Service)
    assert str(graph.value(service, LIMITS.timeout)) == "3.5"
    assert str(graph.value(service, LIMITS.queue)) == "5"
    assert str(graph.value(service, LIMITS.maxTarget)) == "2000"
    assert refused.status_code == 414


def test_the_description_is_quick_from_the_first_time_on(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = start_server(write_large_dataset(tmp_path_factory.mktemp("described")))

    with client_of(server) as client:
        client.get("/health/live")
        for _ in range(3):
            begun = time.perf_counter()
            client.get("/sparql", headers={"Accept": "text/turtle"})
            assert time.perf_counter() - begun < 0.2


def test_the_catalogue_is_a_graph_with_true_numbers(client: httpx.Client) -> None:
    response = client.get("/graph-store?graph=https://w3id.org/rapallo/catalogue", headers={"Accept": "text/turtle"})
    catalogue = rdflib.Graph().parse(data=response.content, format="turtle")

    (dataset,) = catalogue.objects(None, DCAT.dataset)
    assert int(str(catalogue.value(dataset, VOID.triples))) == count_of(client, None)
    assert str(catalogue.value(dataset, DCAT.version)) == response.headers["kg-version"]
    for part in catalogue.objects(dataset, VOID.propertyPartition):
        name = catalogue.value(part, VOID.property)
        query = f"SELECT (COUNT(*) AS ?count) WHERE {{ ?s <{name}> ?o }}"
        (binding,) = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
        assert binding["count"]["value"] == str(catalogue.value(part, VOID.triples))


def test_the_endpoint_is_the_public_one(server: Server, start_server: StartServer) -> None:
    public = start_server(public_url="https://example.org/kg")

    for found, address in ((server, server.url), (public, "https://example.org/kg")):
        with client_of(found) as client:
            assert set(described(client).objects(None, SD.endpoint)) == {rdflib.URIRef(f"{address}/sparql")}


def test_an_editor_finds_prefixes_examples_and_partitions(client: httpx.Client) -> None:
    """The three questions that editors ask an endpoint (SIB's conventions)."""
    sh, void = "PREFIX sh: <http://www.w3.org/ns/shacl#> ", "PREFIX void: <http://rdfs.org/ns/void#> "
    questions = [
        sh + "SELECT ?prefix ?namespace { GRAPH ?g { [] sh:prefix ?prefix ; sh:namespace ?namespace } }",
        sh + "SELECT ?text { GRAPH ?g { ?example a sh:SPARQLExecutable ; sh:select ?text } }",
        void + "SELECT ?class ?count { GRAPH ?g { [] void:class ?class ; void:entities ?count } }",
        void + "SELECT ?property ?count { GRAPH ?g { [] void:property ?property ; void:triples ?count } }",
    ]

    prefixes, examples, classes, properties = (
        client.get("/sparql", params={"query": question}).json()["results"]["bindings"] for question in questions
    )

    assert len(prefixes) > 10
    assert len(classes) > 5
    assert len(properties) > 5
    assert len(examples) == len(client.get("/api").json()["routes"])
    for example in examples:
        response = client.get("/sparql", params={"query": example["text"]["value"]})
        assert response.status_code == 200
        assert int(response.headers["kg-rows"]) > 0


def test_a_graph_without_triples_is_a_graph(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What sd:EmptyGraphs promises: it is listed with none, sent with none, and not missing."""
    dataset = write_large_dataset(tmp_path_factory.mktemp("empty"), subjects=3)
    (dataset / "ontology" / "shapes.ttl").write_text("# none yet\n", encoding="utf-8")
    server = start_server(dataset)
    shapes = "https://w3id.org/rapallo/shapes"

    with client_of(server) as client:
        graph = described(client)
        sent = client.get("/graph-store", params={"graph": shapes, "format": "nt"})
        named = client.get("/sparql", params={"query": "SELECT ?g { GRAPH ?g {} }", "format": "csv"})

    (node,) = graph.subjects(SD.name, rdflib.URIRef(shapes))
    assert str(graph.value(graph.value(node, SD.graph), VOID.triples)) == "0"
    assert (sent.status_code, sent.content) == (200, b"")
    assert shapes in named.text
