"""Each cause of an error has its status, its kind of problem and its facts (design.md, section 5)."""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from servers import Server, StartServer, client_of, executors_of, wait_until, write_large_dataset

PROBLEMS = "https://w3id.org/rapallo/problems/"
ENDLESS = "SELECT (COUNT(*) AS ?count) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r }"


def problem_in(response: httpx.Response, status: int, name: str) -> Mapping[str, object]:
    """The members of the problem that `response` must be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    members: Mapping[str, object] = json.loads(response.content)
    assert members["type"] == PROBLEMS + name
    assert members["status"] == status
    assert members["request_id"] == response.headers["x-request-id"]
    assert members["title"]
    assert members["detail"]
    return members


def test_a_syntax_error_names_line_and_column(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "SELECT ?s\nWHERE { ?s ?p }"})

    members = problem_in(response, 400, "query-syntax")
    assert members["line"] == 2
    assert isinstance(members["column"], int)


def test_an_update_in_the_parameter_query_is_a_syntax_error(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "INSERT DATA { <urn:a> <urn:b> 1 }"})

    problem_in(response, 400, "query-syntax")


@pytest.mark.parametrize("nested", ["{" * 100_000 + "}" * 100_000, "{" * 300 + "}" * 300])
def test_a_query_that_is_nested_too_deep_is_too_complex(client: httpx.Client, nested: str) -> None:
    response = client.post("/sparql", data={"query": f"SELECT * WHERE {nested}"})

    problem_in(response, 400, "query-too-complex")


def test_service_is_refused(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"})

    problem_in(response, 400, "query-refused")


def test_an_unknown_function_cannot_be_evaluated(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "SELECT (<urn:unknown>(1) AS ?x) WHERE {}"})

    problem_in(response, 400, "query-evaluation")


@pytest.mark.parametrize("query", ["query=ASK%7B%7D&query=ASK%7B%7D", "query=", "query=%FF", "query=%zz"])
def test_a_request_that_breaks_the_protocol_is_malformed(client: httpx.Client, query: str) -> None:
    problem_in(client.get(f"/sparql?{query}"), 400, "malformed-request")


@pytest.mark.parametrize("timeout", ["0", "-1", "30.1", "soon", "1e1", "nan"])
def test_a_timeout_that_is_no_number_of_seconds_in_range_is_a_parameter_error(
    client: httpx.Client, timeout: str
) -> None:
    response = client.get("/sparql", params={"query": "ASK {}", "timeout": timeout})

    assert problem_in(response, 400, "parameter")["parameter"] == "timeout"


def test_a_parameter_of_rest_that_is_not_acceptable_is_unprocessable(client: httpx.Client) -> None:
    response = client.get("/api/lighthouses", params={"above": "high"})

    assert problem_in(response, 422, "parameter")["parameter"] == "above"


@pytest.mark.parametrize("iri", ["", "pharos", "http://a b"])
def test_resource_takes_an_absolute_iri(client: httpx.Client, iri: str) -> None:
    response = client.get("/resource", params={"iri": iri})

    assert problem_in(response, 400, "parameter")["parameter"] == "iri"


def test_an_update_is_refused_while_nothing_can_be_written(client: httpx.Client) -> None:
    update = "INSERT DATA { <urn:a> <urn:b> 1 }"

    problem_in(client.post("/sparql", data={"update": update}), 403, "read-only")
    direct = client.post("/sparql", content=update, headers={"Content-Type": "application/sparql-update"})
    problem_in(direct, 403, "read-only")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/sparql//",
        "/%73parql",
        "/api/nothing",
        "/api/lighthouses/",
        "/doc/id/nothing.ttl",
        "/doc/id/nothing.html",
        "/doc/id/pharos",
        "/doc/id/pharos.pdf",
        "/doc/other/pharos.ttl",
        "/id/",
        "/resource?iri=urn:nothing",
        "/dataset.rdf",
    ],
)
def test_what_is_not_there_is_not_found(client: httpx.Client, path: str) -> None:
    problem_in(client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/sparql", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("DELETE", "/sparql/", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("POST", "/id/pharos", {"GET", "HEAD"}),
        ("POST", "/doc/id/pharos.ttl", {"GET", "HEAD"}),
        ("DELETE", "/dataset.ttl", {"GET", "HEAD"}),
        ("POST", "/api", {"GET", "HEAD"}),
        ("PUT", "/api/lighthouses", {"GET", "HEAD"}),
        ("GET", "/sparql?update=CLEAR%20ALL", {"POST"}),
    ],
)
def test_a_method_that_is_not_allowed_is_told_which_are(
    client: httpx.Client, method: str, path: str, allowed: set[str]
) -> None:
    response = client.request(method, path)

    problem_in(response, 405, "method-not-allowed")
    assert {name.strip() for name in response.headers["allow"].split(",")} == allowed


def test_a_format_that_is_not_offered_is_not_acceptable(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "ASK {}"}, headers={"Accept": "application/pdf"})

    offered = problem_in(response, 406, "not-acceptable")["offered"]
    assert isinstance(offered, list)
    assert "application/sparql-results+json" in offered


def test_a_body_of_another_type_is_not_taken(client: httpx.Client) -> None:
    response = client.post("/sparql", content="ASK {}", headers={"Content-Type": "text/plain"})

    problem_in(response, 415, "unsupported-media-type")


def test_a_query_is_stopped_at_its_deadline(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": ENDLESS, "timeout": "0.3"})

    assert problem_in(response, 504, "query-timeout")["timeout_s"] == 0.3


@pytest.fixture
def small_memory(start_server: StartServer, tmp_path: Path) -> Server:
    return start_server(write_large_dataset(tmp_path), query_memory_mb=32)


def test_a_query_that_needs_too_much_memory_is_stopped_and_the_next_is_answered(small_memory: Server) -> None:
    sorting = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f"
    with client_of(small_memory) as client:
        response = client.get("/sparql", params={"query": sorting})
        after = client.get("/sparql", params={"query": "ASK {}"})

    assert problem_in(response, 507, "query-out-of-memory")["limit_mb"] == 32
    assert after.json()["boolean"] is True


@pytest.fixture
def one_executor(start_server: StartServer) -> Server:
    return start_server(executors=1, long_executors=0, queue=0)


@pytest.fixture
def busy(one_executor: Server) -> Iterator[list[httpx.Response]]:
    """The answer, once it is there, of a query that keeps the one executor of `one_executor` busy for 1.5 s."""
    answers: list[httpx.Response] = []

    def ask() -> None:
        with client_of(one_executor) as client:
            answers.append(client.get("/sparql", params={"query": ENDLESS, "timeout": "1.5"}))

    asking = threading.Thread(target=ask)
    asking.start()
    assert wait_until(lambda: any(sum(one.cpu_times()[:2]) > 0.1 for one in executors_of(one_executor)), timeout_s=4)
    yield answers
    asking.join()


def test_a_full_queue_says_when_to_try_again(one_executor: Server, busy: list[httpx.Response]) -> None:
    with client_of(one_executor) as client:
        refused = client.get("/sparql", params={"query": "ASK {}"})
        page = client.get("/doc/id/pharos.html")

    problem_in(refused, 503, "queue-full")
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    assert page.status_code == 200


def test_an_executor_that_is_lost_costs_one_answer_an_error(one_executor: Server, busy: list[httpx.Response]) -> None:
    max(executors_of(one_executor), key=lambda executor: sum(executor.cpu_times()[:2])).kill()

    assert wait_until(lambda: bool(busy), timeout_s=4)
    problem_in(busy[0], 500, "executor-lost")
    assert busy[0].headers["access-control-allow-origin"] == "*"
    with client_of(one_executor) as client:
        assert client.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True
