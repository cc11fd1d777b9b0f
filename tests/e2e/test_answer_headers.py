"""What the headers of an answer say: who asked, what answered, how long it took, and how much there is."""

import re

import httpx
import pytest

from servers import Server, client_of

LABELS = "SELECT ?s ?label WHERE { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label }"
ADDRESSES = [
    "/sparql",
    "/sparql?query=ASK%7B%7D",
    "/sparql?query=ASK",
    "/graph-store?default",
    "/graph-store?graph=urn:none",
    "/dataset.nt",
    "/id/pharos",
    "/doc/id/pharos.ttl",
    "/api/lighthouses",
    "/openapi.json",
    "/health/live",
    "/nothing",
    "/",
]


def timings(response: httpx.Response) -> dict[str, float]:
    """The milliseconds of each part that Server-Timing names."""
    return {name: float(ms) for name, ms in re.findall(r"(\w+);dur=([0-9.]+)", response.headers["server-timing"])}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_response_says_how_long_it_took_and_whose_it_is(client: httpx.Client, address: str, method: str) -> None:
    response = client.request(method, address, headers={"X-Request-Id": "mine-1"})

    assert 0 <= timings(response)["total"] < 30_000
    assert response.headers["x-request-id"] == "mine-1"
    assert response.headers["kg-version"]


def test_the_time_of_the_evaluation_is_a_part_of_the_whole(client: httpx.Client) -> None:
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"

    taken = timings(client.get("/sparql", params={"query": query}))

    assert 1 < taken["query"] <= taken["total"]


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_the_number_of_solutions_is_told_in_every_format(client: httpx.Client, name: str) -> None:
    rows = len(client.get("/sparql", params={"query": LABELS}).json()["results"]["bindings"])

    for limit in (rows, 3, 1, 0):
        response = client.get("/sparql", params={"query": f"{LABELS} LIMIT {limit}", "format": name})
        assert response.headers["kg-rows"] == str(limit)
        assert "KG-Rows" in response.headers["access-control-expose-headers"]


def test_a_solution_that_binds_nothing_is_one(client: httpx.Client) -> None:
    for query, rows in (("SELECT * {}", "1"), ("SELECT ?x { VALUES ?x { UNDEF UNDEF 1 UNDEF } }", "4")):
        for name in ("json", "xml", "csv", "tsv"):
            assert client.get("/sparql", params={"query": query, "format": name}).headers["kg-rows"] == rows, name


def test_the_number_of_triples_is_told_and_that_of_no_rows_is_not(client: httpx.Client) -> None:
    triples = client.get("/sparql", params={"query": "CONSTRUCT { ?s a <urn:x> } WHERE { ?s a ?t } LIMIT 4"})

    assert triples.headers["kg-rows"] == str(triples.text.count("<urn:x>"))
    for address in ("/sparql?query=ASK%7B%7D", "/sparql?query=SELECT", "/sparql", "/health/live"):
        assert "kg-rows" not in client.get(address).headers


def test_a_long_answer_begins_before_its_number_of_rows_is_known(large: Server) -> None:
    with (
        client_of(large) as client,
        client.stream("GET", "/sparql", params={"query": "SELECT * WHERE { ?s ?p ?o }"}) as response,
    ):
        assert response.headers["transfer-encoding"] == "chunked"
        assert "kg-rows" not in response.headers
        assert timings(response).keys() == {"total"}
