"""The server sends no request that its operator did not allow (design.md, promise 5; field notes, D 57 to 60)."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from endpoints import Endpoint, Request, answering, answering_with, listening
from hidden_services import HIDDEN, with_address
from kg.files import Dataset
from kg.store.memory import load_dataset
from servers import SAMPLE, Server, StartServer, client_of, starting, wait_until

TRIPLES = "@prefix e: <http://example.org/> . e:a e:p e:b , 'c' . e:b e:p 1 , [] ."
NOTHING = b'{"head":{"vars":[]},"results":{"bindings":[]}}'


def wait_for_ever(request: Request) -> None:
    """Say nothing until the client has left."""
    request.connection.settimeout(20)
    request.connection.recv(1)


def send_without_end(request: Request) -> None:
    """Send solutions until the client has left."""
    request.send_response(200)
    request.send_header("Content-Type", "application/sparql-results+json")
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    while True:
        request.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def break_off(request: Request) -> None:
    """Promise more than comes."""
    request.send_response(200)
    request.send_header("Content-Type", "application/sparql-results+json")
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(NOTHING)
    request.close_connection = True


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with listening(answering(TRIPLES)) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def stranger() -> Iterator[Endpoint]:
    """An endpoint that nobody allows."""
    with listening(answering(TRIPLES)) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def start() -> Iterator[StartServer]:
    with starting() as start:
        yield start


@pytest.fixture(scope="module")
def closed(start: StartServer) -> Iterator[httpx.Client]:
    """A client of a server that may ask nobody."""
    with client_of(start()) as client:
        yield client


@pytest.fixture(scope="module")
def allowing(start: StartServer, endpoint: Endpoint) -> Iterator[httpx.Client]:
    """A client of a server that may ask `endpoint`."""
    with client_of(start(service_allow=endpoint.iri)) as client:
        yield client


def ask(client: httpx.Client, query: str, **parameters: str) -> httpx.Response:
    return client.get("/sparql", params={"query": query, **parameters}, headers={"Accept": "application/json"})


def bindings(response: httpx.Response) -> list[dict[str, dict[str, str]]]:
    assert response.status_code == 200, response.text
    found: list[dict[str, dict[str, str]]] = response.json()["results"]["bindings"]
    return found


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].rpartition("/")[2]


def calls(server: Server) -> list[dict[str, object]]:
    """What the log has of calls to endpoints."""
    lines = [json.loads(line) for line in server.log if line.startswith("{")]
    return [line for line in lines if line["event"] == "service call"]


@pytest.mark.parametrize("text", HIDDEN)
def test_no_hidden_service_reaches_anybody(
    text: str, closed: httpx.Client, allowing: httpx.Client, stranger: Endpoint
) -> None:
    query = with_address(text, stranger.iri)

    kinds = {problem(ask(client, query)) for client in (closed, allowing)}

    assert kinds <= {(400, "query-refused"), (400, "malformed-request")}
    assert stranger.connections == 0


PLACES = [
    "SELECT * {{ SERVICE <{}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?s {{ <http://example.org/a> }} OPTIONAL {{ SERVICE <{}> {{ ?s ?p ?o }} }} }}",
    "SELECT ?s (COUNT(*) AS ?n) {{ {{ SELECT ?s {{ SERVICE <{}> {{ ?s ?p ?o }} }} }} }} GROUP BY ?s",
    "SELECT * {{ VALUES ?s {{ <http://example.org/a> 2 }} FILTER EXISTS {{ SERVICE <{}> {{ ?s ?p ?o }} }} }}",
    "SELECT * {{ VALUES ?s {{ <http://example.org/a> 2 }} MINUS {{ SERVICE <{}> {{ ?s ?p ?o }} }} }}",
    "SELECT * {{ {{ SERVICE <{}> {{ ?s ?p 1 }} }} UNION {{ VALUES ?s {{ 1 }} }} }}",
    "PREFIX x: <{}> SELECT * {{ SERVICE x: {{ ?s ?p ?o . ?o ?p ?q }} }}",
]


@pytest.mark.parametrize("text", PLACES)
def test_an_allowed_endpoint_is_asked_wherever_service_may_stand(
    text: str, allowing: httpx.Client, endpoint: Endpoint
) -> None:
    before = endpoint.connections

    rows = bindings(ask(allowing, text.format(endpoint.iri)))

    assert len(rows) > 0
    assert endpoint.connections == before + 1


@pytest.mark.parametrize("text", PLACES)
def test_the_answer_is_the_one_that_the_engine_would_have_fetched_itself(
    text: str, allowing: httpx.Client, endpoint: Endpoint
) -> None:
    query = text.format(endpoint.iri)
    fetched = load_dataset(Dataset(SAMPLE)).store.query(query)
    assert isinstance(fetched, ox.QuerySolutions)
    by_engine = json.loads(fetched.serialize(format=ox.QueryResultsFormat.JSON) or b"")

    answer = ask(allowing, query).json()

    assert sorted(answer["head"]["vars"]) == sorted(by_engine["head"]["vars"])
    assert sorted(map(without_labels, answer["results"]["bindings"])) == sorted(
        map(without_labels, by_engine["results"]["bindings"])
    )


def without_labels(solution: dict[str, dict[str, str]]) -> str:
    """A solution as text, in which all blank nodes look alike."""
    terms = {name: "blank" if term["type"] == "bnode" else term for name, term in solution.items()}
    return json.dumps(terms, sort_keys=True)


def test_blank_nodes_of_an_endpoint_are_blank_nodes_and_the_same_in_one_answer(
    allowing: httpx.Client, endpoint: Endpoint
) -> None:
    query = f"SELECT ?o ?same {{ SERVICE <{endpoint.iri}> {{ ?s ?p ?o . BIND(?o AS ?same) FILTER isBlank(?o) }} }}"

    (row,) = bindings(ask(allowing, query))

    assert row["o"]["type"] == "bnode"
    assert row["o"] == row["same"]


@pytest.mark.parametrize(
    "change",
    [
        lambda iri: iri + "/",
        lambda iri: iri + "?query=x",
        lambda iri: iri + "#x",
        lambda iri: iri.upper(),
        lambda iri: iri.replace("127.0.0.1", "127.1"),
        lambda iri: iri.replace("127.0.0.1", "2130706433"),
        lambda iri: iri.replace("127.0.0.1", "0x7f000001"),
        lambda iri: iri.replace("127.0.0.1", "localhost"),
        lambda iri: iri.replace("127.0.0.1", "0.0.0.0"),  # noqa: S104 - an address to ask, not to listen at
        lambda iri: iri.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        lambda iri: iri.replace("127.0.0.1", "[::1]"),
        lambda iri: iri.replace("//", "//user@"),
        lambda iri: iri.replace("/sparql", "/x/../sparql"),
        lambda iri: iri.replace("/sparql", "/%73parql"),
    ],
)
def test_only_the_address_as_it_is_listed_is_asked(change, allowing: httpx.Client, endpoint: Endpoint) -> None:  # type: ignore[no-untyped-def]
    before = endpoint.connections

    response = ask(allowing, f"SELECT * {{ SERVICE SILENT <{change(endpoint.iri)}> {{ ?s ?p ?o }} }}")

    assert problem(response) == (400, "query-refused")
    assert endpoint.connections == before


REFUSED_AS_A_WHOLE = [
    "SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }} SERVICE SILENT <{1}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o . SERVICE <{1}> {{ ?o ?p ?s }} }} }}",
    "SELECT * {{ SERVICE <{0}> {{ VALUES ?v {{ <{1}> }} SERVICE ?v {{ ?o ?p ?s }} }} }}",
    "SELECT * {{ VALUES ?v {{ <{0}> <{1}> }} SERVICE ?v {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?v {{ <{1}> }} {{ SERVICE ?v {{ ?s ?p ?o }} }} }}",
    "SELECT * {{ BIND(IRI('{1}') AS ?v) SERVICE SILENT ?v {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?v {{ <{0}> UNDEF }} SERVICE ?v {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?v {{ <{0}> '{0}' }} SERVICE ?v {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?v {{ <{0}> }} FILTER(?s != 1) SERVICE ?v {{ ?s ?p ?o }} }}",
    "SELECT * {{ GRAPH ?g {{ VALUES ?v {{ <{0}> }} SERVICE ?v {{ ?s ?p ?o }} }} }}",
    "SELECT * FROM <x:y> {{ VALUES ?v {{ <{0}> }} SERVICE ?v {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?v {{ <{0}> }} LATERAL {{ SERVICE ?v {{ ?s ?p ?o }} }} }}",
    "SELECT * {{ SERVICE ?v {{ ?s ?p ?o }} VALUES ?v {{ <{0}> }} }}",
    "SELECT * {{ " + "SERVICE <{0}> {{ ?s ?p ?o }} " * 11 + "}}",
    "SELECT * {{ SERVICE <{0}> }}",
    "SELECT * {{ SERVICE <{0}> SILENT {{ ?s ?p ?o }} }}",
]


@pytest.mark.parametrize("text", REFUSED_AS_A_WHOLE)
def test_nobody_is_asked_for_a_query_of_which_a_part_is_refused(
    text: str, allowing: httpx.Client, endpoint: Endpoint, stranger: Endpoint
) -> None:
    before = endpoint.connections

    response = ask(allowing, text.format(endpoint.iri, stranger.iri))

    assert problem(response) == (400, "query-refused")
    assert (endpoint.connections, stranger.connections) == (before, 0)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT * {{\n  SERVICE <{0}> {{ ?s ?p }} }}", (2, None)),
        ("SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }}\n ?s ?p }}", (2, None)),
        ("SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }}", (None, None)),
        ("SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }} BIND(1 AS ?s) }}", (None, None)),
        ("SELECT * {{ SERVICE x:y {{ ?s ?p ?o }} }}", (None, None)),
    ],
)
def test_nobody_is_asked_for_a_query_that_cannot_be_read(
    text: str, place: tuple[int | None, int | None], allowing: httpx.Client, endpoint: Endpoint
) -> None:
    before = endpoint.connections

    response = ask(allowing, text.format(endpoint.iri))

    assert response.status_code == 400
    assert place[0] in (None, response.json().get("line"))
    assert endpoint.connections == before


def test_a_variable_asks_each_endpoint_that_it_is_bound_to(start: StartServer, endpoint: Endpoint) -> None:
    with listening(answering("<x:a> <x:b> <x:c> ."), "::1") as other:
        server = start(service_allow=f"{endpoint.iri} {other.iri}")
        query = f"""SELECT ?v ?s {{ VALUES (?v ?n) {{ (<{endpoint.iri}> 1) (<{other.iri}> 2) (<{other.iri}> 3) }}
                    FILTER(?n < 3) SERVICE ?v {{ ?s ?p ?o }} }}"""

        with client_of(server) as client:
            rows = bindings(ask(client, query))

        assert {(row["v"]["value"], row["s"]["value"]) for row in rows} == {
            (endpoint.iri, "http://example.org/a"),
            (endpoint.iri, "http://example.org/b"),
            (other.iri, "x:a"),
        }
        assert other.connections == 1


FAILURES = {
    "redirect": (502, "service-failed"),
    "slow": (504, "service-timeout"),
    "endless": (502, "service-failed"),
    "broken off": (502, "service-failed"),
    "error": (502, "service-failed"),
    "empty": (502, "service-failed"),
    "page": (502, "service-failed"),
    "boolean": (502, "service-failed"),
    "nonsense": (502, "service-failed"),
    "compressed": (502, "service-failed"),
    "nobody": (502, "service-failed"),
    "name": (502, "service-failed"),
    "unknown name": (502, "service-failed"),
}


@pytest.fixture(scope="module")
def failing(start: StartServer, stranger: Endpoint) -> Iterator[tuple[Server, dict[str, Endpoint | str]]]:
    """A server, and the endpoints that it may ask in vain, by what is wrong with them."""
    elsewhere = {"Location": stranger.iri}
    kinds = {
        "redirect": answering_with(b"", status=307, **elsewhere),
        "slow": wait_for_ever,
        "endless": send_without_end,
        "broken off": break_off,
        "error": answering_with(NOTHING, status=500),
        "empty": answering_with(b"", status=204),
        "page": answering_with(b"<html></html>", "text/html"),
        "boolean": answering_with(b'{"head":{},"boolean":true}'),
        "nonsense": answering_with(
            b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":">"}}]}}'
        ),
        "compressed": answering_with(NOTHING, Content_Encoding="gzip"),
    }
    with contextlib.ExitStack() as stack:
        endpoints: dict[str, Endpoint | str] = {
            kind: stack.enter_context(listening(answer)) for kind, answer in kinds.items()
        }
        by_name = stack.enter_context(listening(answering(TRIPLES)))
        endpoints["name"] = f"http://localhost:{by_name.port}/sparql"
        endpoints["unknown name"] = "http://nowhere.invalid/sparql"
        with socket.create_server(("127.0.0.1", 0)) as unused:
            endpoints["nobody"] = f"http://127.0.0.1:{unused.getsockname()[1]}/sparql"
        allowed = " ".join(iri_of(each) for each in endpoints.values())
        yield start(service_allow=allowed, service_timeout_s=0.7, service_max_bytes=100_000), endpoints
        assert by_name.connections == 0


def iri_of(endpoint: Endpoint | str) -> str:
    return endpoint if isinstance(endpoint, str) else endpoint.iri


@pytest.mark.parametrize("kind", FAILURES)
def test_an_endpoint_that_fails_is_a_problem_of_its_own_kind(
    kind: str, failing: tuple[Server, dict[str, Endpoint | str]], stranger: Endpoint
) -> None:
    server, endpoints = failing
    query = f"SELECT * {{ SERVICE <{iri_of(endpoints[kind])}> {{ ?s ?p 'a secret' }} }}"
    begun = time.monotonic()

    with client_of(server) as client:
        response = ask(client, query)

    assert problem(response) == FAILURES[kind]
    assert response.json()["endpoint"] == iri_of(endpoints[kind])
    assert time.monotonic() - begun < 5
    assert stranger.connections == 0


@pytest.mark.parametrize("kind", FAILURES)
def test_silence_is_for_the_answer_and_not_for_the_log(
    kind: str, failing: tuple[Server, dict[str, Endpoint | str]], stranger: Endpoint
) -> None:
    server, endpoints = failing
    query = f"SELECT * {{ VALUES ?x {{ 1 }} SERVICE SILENT <{iri_of(endpoints[kind])}> {{ ?s ?p 'a secret' }} }}"

    with client_of(server) as client:
        response = ask(client, query)

    assert sorted(response.json()["head"]["vars"]) == ["p", "s", "x"]
    assert [list(row) for row in bindings(response)] == [["x"]]
    assert wait_until(lambda: any(call["request_id"] == response.headers["x-request-id"] for call in calls(server)), 5)
    (call,) = (call for call in calls(server) if call["request_id"] == response.headers["x-request-id"])
    assert call["target"] == iri_of(endpoints[kind])
    assert call["outcome"] != "answered"
    assert call["silent"] is True
    assert stranger.connections == 0
    assert not any("secret" in line for line in server.log)


def test_each_call_is_logged_with_its_facts(start: StartServer, endpoint: Endpoint) -> None:
    server = start(service_allow=endpoint.iri.replace("/sparql", "/*"))
    with client_of(server) as client:
        response = ask(client, f"SELECT * {{ SERVICE <{endpoint.iri}?key=secret> {{ ?s ?p 'a secret' }} }}")

    assert bindings(response) == []
    assert wait_until(lambda: len(calls(server)) == 1, 5)
    (call,) = calls(server)
    facts = {name: call[name] for name in ("target", "status", "outcome", "request_id", "silent")}
    assert facts == {
        "target": endpoint.iri,
        "status": 200,
        "outcome": "answered",
        "request_id": response.headers["x-request-id"],
        "silent": False,
    }
    assert isinstance(call["bytes"], int)
    assert call["bytes"] > 0
    assert isinstance(call["ms"], float)
    assert not any("secret" in line for line in server.log)


def test_the_time_of_an_endpoint_is_time_of_the_query_also_where_silent(start: StartServer) -> None:
    with listening(wait_for_ever) as slow:
        server = start(service_allow=slow.iri, service_timeout_s=30)
        begun = time.monotonic()
        with client_of(server) as client:
            response = ask(client, f"SELECT * {{ SERVICE SILENT <{slow.iri}> {{ ?s ?p ?o }} }}", timeout="0.5")

        assert problem(response) == (504, "query-timeout")
        assert response.json()["timeout_s"] == 0.5
        assert time.monotonic() - begun < 3


def test_who_waits_for_a_slow_endpoint_keeps_nobody_waiting(start: StartServer) -> None:
    with listening(wait_for_ever) as slow:
        server = start(service_allow=slow.iri, service_timeout_s=4, executors=1)
        query = f"SELECT * {{ SERVICE <{slow.iri}> {{ ?s ?p ?o }} }}"
        with client_of(server) as client, ThreadPoolExecutor(12) as pool:
            waiting = [pool.submit(ask, client, query) for _ in range(12)]
            assert wait_until(lambda: slow.connections == 8, 5)
            begun = time.monotonic()
            assert ask(client, "ASK { ?s ?p ?o }").status_code == 200
            took = time.monotonic() - begun
            statuses = {each.result().status_code for each in waiting}

        assert took < 1
        assert statuses == {504}


def test_a_name_is_asked_in_the_own_network_where_the_list_says_so(start: StartServer, endpoint: Endpoint) -> None:
    by_name = f"http://localhost:{endpoint.port}/sparql"
    with client_of(start(service_allow=f"private+http://localhost:{endpoint.port}/*")) as client:
        rows = bindings(ask(client, f"SELECT * {{ SERVICE <{by_name}> {{ ?s ?p 'c' }} }}"))

    assert [row["s"]["value"] for row in rows] == ["http://example.org/a"]
    assert endpoint.hosts[-1] == f"localhost:{endpoint.port}"


@pytest.mark.parametrize("iri", ["http://[::1]:{}/sparql", "http://[::ffff:127.0.0.1]:{}/sparql"])
def test_an_address_of_version_6_is_asked_where_it_is_listed(iri: str, start: StartServer) -> None:
    with listening(answering(TRIPLES), "::1" if "::1" in iri else "127.0.0.1") as endpoint:
        written = iri.format(endpoint.port)
        with client_of(start(service_allow=written)) as client:
            assert bindings(ask(client, f"SELECT * {{ SERVICE <{written}> {{ ?s ?p 'c' }} }}"))


def test_no_iri_of_a_request_is_fetched(closed: httpx.Client, stranger: Endpoint) -> None:
    iri = stranger.iri
    asked = [
        ("/resource", {"iri": iri}),
        ("/resource", {"iri": iri, "uri": iri, "url": iri, "format": "jsonld"}),
        ("/graph-store", {"graph": iri}),
        ("/sparql", {"query": "ASK {}", "default-graph-uri": iri, "named-graph-uri": iri}),
        ("/sparql", {"query": f"SELECT * FROM <{iri}> FROM NAMED <{iri}> {{ ?s ?p ?o }}"}),  # noqa: S608 - SPARQL
        ("/sparql", {"query": f"DESCRIBE <{iri}>"}),
        ("/sparql", {"query": f"BASE <{iri}> PREFIX x: <{iri}> SELECT * {{ GRAPH <{iri}> {{ x:a <b> ?o }} }}"}),
        ("/sparql", {"query": f"SELECT (<{iri}>(1) AS ?x) {{}}"}),
        ("/sparql", {"query": f"LOAD <{iri}>"}),
        (f"/id/{iri}", {}),
    ]

    statuses = [closed.get(path, params=parameters).status_code for path, parameters in asked]
    for update in (f"LOAD <{iri}>", f"LOAD SILENT <{iri}> INTO GRAPH <x:y>", "LOAD <file:///etc/hostname>"):
        statuses.append(closed.post("/sparql", data={"update": update}).status_code)  # noqa: PERF401 - in order

    assert statuses == [404, 404, 404, 200, 200, 200, 200, 400, 400, 303, 403, 403, 403]
    assert stranger.connections == 0


def test_stored_queries_keep_to_the_same_list(start: StartServer, endpoint: Endpoint, tmp_path: Path) -> None:
    dataset = shutil.copytree(SAMPLE, tmp_path / "dataset")
    head = "#+ summary: What they say elsewhere\n#+ path: /elsewhere\n#+ key: s\n"
    stored = f"{head}SELECT ?s {{ SERVICE <{endpoint.iri}> {{ ?s ?p 'c' }} }}"
    (dataset / "queries" / "elsewhere.rq").write_text(stored, encoding="utf-8")
    before = endpoint.connections

    with client_of(start(dataset)) as client:
        refused = client.get("/api/elsewhere")

    assert problem(refused) == (400, "query-refused")
    assert endpoint.connections == before

    with client_of(start(dataset, service_allow=endpoint.iri)) as client:
        answered = client.get("/api/elsewhere")

    assert answered.status_code == 200, answered.text
    assert answered.json()["total"] == 1


def test_a_list_that_cannot_be_read_is_wrong_usage() -> None:
    command = [sys.executable, "-m", "kg.cli", "serve", "--port", "0"]
    environment = {**os.environ, "KG_SERVICE_ALLOW": "http://*.example.org/"}

    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert "http://*.example.org/" in ended.stderr
