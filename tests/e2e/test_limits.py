"""Targets, headers and bodies that are too long are refused as everything else is: as a problem, and politely."""

import json
from collections.abc import Iterator

import httpx
import pytest

from servers import Server, StartServer, client_of, exchange_bytes, starting

CLOSE = b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
MIB = 1024 * 1024


def problem_in(raw: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and members of the problem that is the whole response `raw`."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    assert headers["content-type"] == "application/problem+json"
    assert headers["access-control-allow-origin"] == "*"
    assert len(headers["kg-version"]) == 16
    assert int(headers["content-length"]) == len(body)
    members: dict[str, object] = json.loads(body)
    assert members["request_id"] == headers["x-request-id"]
    return int(status_line.split(" ")[1]), headers, members


@pytest.mark.parametrize("length", [65_536, 70_000, 200_000, MIB])
def test_a_target_that_is_too_long_is_refused_as_a_problem(server: Server, length: int) -> None:
    target = b"/sparql?query=".ljust(length, b"x")

    status, _, members = problem_in(exchange_bytes(server, b"GET " + target + CLOSE))

    assert status == 414
    assert members["max_bytes"] == 65_535


def test_a_target_of_the_longest_length_is_read(server: Server) -> None:
    target = b"/sparql?query=ASK%7B%7D%20%23".ljust(65_535, b"x")

    assert exchange_bytes(server, b"GET " + target + CLOSE).startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_connection_goes_on_after_a_target_that_was_too_long(server: Server) -> None:
    target = b"GET /sparql?query=".ljust(MIB, b"x")
    following = b"GET /sparql?query=ASK%7B%7D"

    raw = exchange_bytes(server, target + b" HTTP/1.1\r\nHost: a\r\n\r\n" + following + CLOSE)

    assert raw.startswith(b"HTTP/1.1 414 ")
    assert raw.count(b"HTTP/1.1 200 OK\r\n") == 1
    assert raw.endswith(b'"boolean":true}')


def test_a_shorter_limit_for_targets_is_kept(start_server: StartServer) -> None:
    server = start_server(max_target_bytes=1024)

    assert problem_in(exchange_bytes(server, b"GET " + b"/".ljust(1025, b"x") + CLOSE))[0] == 414
    assert problem_in(exchange_bytes(server, b"GET " + b"/".ljust(1024, b"x") + CLOSE))[0] == 404


@pytest.mark.parametrize(
    "request_line",
    ["GET /id/Смоленск".encode(), b"GET /a b", b"GET", b"\x16\x03\x01", b"CONNECT a:80", b"GET http://a"],
)
def test_what_is_not_http_is_refused_as_a_problem(server: Server, request_line: bytes) -> None:
    status, headers, _ = problem_in(exchange_bytes(server, request_line + CLOSE))

    assert status == 400
    assert headers["connection"] == "close"


@pytest.mark.parametrize("headers", [b"X: " + b"x" * 70_000, b"\r\n".join(b"X-%d: x" % n for n in range(20_000))])
def test_headers_that_are_too_long_are_refused_as_a_problem(server: Server, headers: bytes) -> None:
    raw = exchange_bytes(server, b"GET / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\nConnection: close\r\n\r\n")

    assert problem_in(raw)[0] == 431


@pytest.fixture(scope="module")
def small_bodies() -> Iterator[tuple[Server, httpx.Client]]:
    """A server that takes 100,000 bytes of a body, and a client of it."""
    with starting() as start:
        server = start(max_body_bytes=100_000)
        with client_of(server) as client:
            yield server, client


def test_a_body_that_is_too_long_is_refused_and_the_connection_goes_on(
    small_bodies: tuple[Server, httpx.Client],
) -> None:
    _, client = small_bodies
    headers = {"Content-Type": "application/sparql-query"}
    refused = client.post("/sparql", content=b"x" * MIB, headers=headers)
    answered = client.post("/sparql", content=b"ASK {} #".ljust(100_000, b"x"), headers=headers)

    assert refused.status_code == 413
    assert refused.json()["max_bytes"] == 100_000
    assert answered.json()["boolean"] is True
    assert refused.extensions["network_stream"] is answered.extensions["network_stream"]


def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_long(
    small_bodies: tuple[Server, httpx.Client],
) -> None:
    _, client = small_bodies
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = client.post("/sparql", content=(b"x" * 10_000 for _ in range(200)), headers=headers)

    assert refused.status_code == 413


def test_a_client_that_wants_to_be_closed_on_reads_why_its_body_was_refused(
    small_bodies: tuple[Server, httpx.Client],
) -> None:
    server, _ = small_bodies
    head = b"POST /sparql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20000000\r\n"
    body = b"Content-Type: application/sparql-query\r\n\r\n" + b"x" * 20_000_000

    assert problem_in(exchange_bytes(server, head + body))[0] == 413


def test_a_client_that_asks_before_it_sends_is_refused_before_it_sends(
    small_bodies: tuple[Server, httpx.Client],
) -> None:
    server, _ = small_bodies
    head = (
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n"
    )

    raw = exchange_bytes(server, head + b"Content-Type: application/sparql-query\r\n\r\n")

    assert problem_in(raw)[0] == 413
