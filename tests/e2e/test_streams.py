"""Answers longer than the buffer: whole, or broken so that every client notices; and nobody computes for nobody."""

import json
import socket
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from servers import Server, StartServer, client_of, executors_of, wait_until, write_large_dataset

ALL = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o"
WITHOUT_END = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }"  # 400 million solutions
SILENT = "SELECT (COUNT(*) AS ?count) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . FILTER(?c = ?f && ?f = ?i) }"


def test_a_long_answer_is_streamed_whole(large: Server) -> None:
    with client_of(large) as client, client.stream("GET", "/sparql", params={"query": ALL}) as response:
        content = response.read()

    assert response.headers["transfer-encoding"] == "chunked"
    assert "etag" not in response.headers
    assert len(content) > 2 * 1024 * 1024
    assert len(json.loads(content)["results"]["bindings"]) == 20_001


def test_head_of_a_long_answer_ends_at_once(large: Server) -> None:
    with client_of(large) as client:
        begun = time.monotonic()
        response = client.head("/sparql", params={"query": WITHOUT_END, "timeout": "20"})

        assert response.status_code == 200
        assert response.headers["content-type"] == "application/sparql-results+json"
        assert time.monotonic() - begun < 5
        assert wait_until(lambda: idle(large), timeout_s=2)


def open_stream(server: Server, query: str, timeout_s: int) -> socket.socket:
    """A connection on which `query` was asked, and nothing read."""
    target = httpx.URL("/sparql", params={"query": query, "timeout": str(timeout_s)}).raw_path
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    return connection


def idle(server: Server) -> bool:
    """Whether no executor uses the processor, over 0.2 s."""
    try:
        executors = executors_of(server)
        before = [sum(executor.cpu_times()[:2]) for executor in executors]
        time.sleep(0.2)
        return [sum(executor.cpu_times()[:2]) for executor in executors] == before
    except psutil.NoSuchProcess:
        return False


def test_an_executor_killed_in_the_middle_breaks_the_answer_at_once(large: Server) -> None:
    with open_stream(large, WITHOUT_END, timeout_s=30) as connection:
        received = connection.recv(65536)
        for executor in executors_of(large):
            executor.kill()
        killed = time.monotonic()
        # A peer that is reset has noticed as well.
        try:
            while chunk := connection.recv(1024 * 1024):
                received = received[:65536] + chunk[-64:]
        except ConnectionResetError:
            pass

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not received.endswith(b"0\r\n\r\n")
    assert time.monotonic() - killed < 2
    with client_of(large) as client:
        assert client.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True


def test_a_client_library_takes_a_broken_answer_for_an_error(large: Server) -> None:
    with (
        client_of(large) as client,
        client.stream("GET", "/sparql", params={"query": WITHOUT_END, "timeout": "1"}) as response,
    ):
        assert response.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in response.iter_raw():
                pass

    assert wait_until(lambda: idle(large), timeout_s=2)


@pytest.mark.parametrize("query", [WITHOUT_END, SILENT])
def test_a_client_that_leaves_frees_its_executor(large: Server, query: str) -> None:
    with open_stream(large, query, timeout_s=30):
        assert wait_until(lambda: not idle(large) or query == WITHOUT_END, timeout_s=5)

    assert wait_until(lambda: idle(large), timeout_s=2)
    assert len(executors_of(large)) == 3


def test_a_slow_reader_is_waited_for_in_bounded_memory(large: Server) -> None:
    front = psutil.Process(large.pid)
    with client_of(large) as client:
        client.get("/sparql", params={"query": ALL})
        before = front.memory_info().rss
        with open_stream(large, WITHOUT_END, timeout_s=20) as connection:
            connection.recv(1024)
            assert wait_until(lambda: idle(large), timeout_s=5)
            grown = front.memory_info().rss - before

    assert grown < 16 * 1024 * 1024


def test_pages_and_health_are_answered_while_every_executor_is_busy(large: Server) -> None:
    streams = [open_stream(large, SILENT, timeout_s=20) for _ in range(4)]
    try:
        assert wait_until(lambda: not idle(large), timeout_s=5)
        with client_of(large) as client:
            begun = time.monotonic()
            answers = [client.get(address) for address in ("/health/ready", "/", "/doc/id/n1.html", "/dataset.nt")]

        assert [answer.status_code for answer in answers] == [200] * 4
        assert time.monotonic() - begun < 5
    finally:
        for stream in streams:
            stream.close()


@pytest.mark.long
def test_many_first_queries_at_once_get_the_answers_that_each_gets_alone(
    start_server: StartServer, tmp_path: Path
) -> None:
    cold = start_server(write_large_dataset(tmp_path))
    cases = [(ALL, name) for name in ("json", "xml", "csv", "tsv")] + [
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "nt")
    ]
    ends = {"json": b"]}}", "xml": b"</sparql>", "csv": b"\r\n", "tsv": b"\n", "nt": b" .\n"}
    together: dict[int, bytes] = {}

    def ask(number: int) -> None:
        query, name = cases[number % 5]
        with client_of(cold) as client:
            response = client.get("/sparql", params={"query": query, "format": name, "timeout": "30"})
            assert response.status_code == 200
            together[number] = response.content

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with client_of(cold) as client:
        for place, (query, name) in enumerate(cases):
            alone = client.get("/sparql", params={"query": query, "format": name}).content
            assert len(alone) > 1024 * 1024, name
            assert alone.endswith(ends[name]), name
            for number in range(place, 20, 5):
                assert together[number].endswith(ends[name]), name
                assert sorted(together[number].splitlines()) == sorted(alone.splitlines()), name
