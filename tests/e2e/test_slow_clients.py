"""Clients that are slow, silent or many: each has its time, and none of them is anybody else's business."""

import contextlib
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import psutil
import pytest

from servers import Server, StartServer, client_of, executors_of, starting, wait_until, write_large_dataset

SLACK = 3  # so much longer may anything take on a machine that has other work
LOOK_UP = "SELECT ?name WHERE { <https://w3id.org/rapallo/id/n7> <https://w3id.org/rapallo/ont#name> ?name }"
WITHOUT_END = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }"  # 400 million solutions
MIB = 1024 * 1024
POST = b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query\r\n"
PROBLEMS = "https://w3id.org/rapallo/problems/"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with little patience and little room; each test leaves it as it was."""
    with starting() as start:
        yield start(
            write_large_dataset(tmp_path_factory.mktemp("strict")),
            head_timeout_s=1,
            body_timeout_s=1.5,
            reader_timeout_s=1,
            max_held_bytes=2 * MIB,
        )


def connect(server: Server) -> socket.socket:
    """A connection to `server`, which waits 10 s for what it is sent."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def drip(connection: socket.socket, parts: Iterator[bytes], every_s: float = 0.2) -> bytes:
    """Send one part after the other while the server listens; then what it has answered until it closed."""
    connection.settimeout(every_s)
    received = b""
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(next(parts))
        try:
            chunk = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionResetError:
            return received
        if not chunk:
            return received
        received += chunk
    pytest.fail("the server has not closed the connection")


def status_and_kind(raw: bytes) -> tuple[int, str]:
    """The status of the response `raw` and the kind of the problem that it is."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    members = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % members["status"])
    return members["status"], members["type"].removeprefix(PROBLEMS)


def forever(part: bytes) -> Iterator[bytes]:
    """The same part without end."""
    while True:
        yield part


def looks_up(server: Server) -> float:
    """Seconds that a look-up takes on a new connection."""
    begun = time.monotonic()
    with client_of(server) as client:
        assert client.get("/sparql", params={"query": LOOK_UP}).json()["results"]["bindings"]
    return time.monotonic() - begun


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
        (b"GET /", b"a"),
        (POST + b"Content-Length: 100000\r\n\r\n", b"S"),
        (POST + b"Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n", b""),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nS\r\n"),
        (b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
    ],
    ids=["headers", "target", "length", "expect", "chunks", "get"],
)
def test_a_request_that_does_not_end_is_answered_in_time_and_closed_on(
    strict: Server, first: bytes, then: bytes
) -> None:
    begun = time.monotonic()
    with connect(strict) as connection:
        connection.sendall(first)
        received = drip(connection, forever(then))

    assert time.monotonic() - begun < 1.5 * SLACK + 5  # it is given some seconds to read what it is told
    answer = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    if first.startswith(b"GET /sparql"):  # a query has been answered that needed no body
        assert answer.startswith(b"HTTP/1.1 200 OK")
    else:
        assert status_and_kind(answer) == (408, "too-slow")
    assert looks_up(strict) < 1


def test_who_sends_nothing_is_closed_on_without_a_word(strict: Server) -> None:
    begun = time.monotonic()
    with connect(strict) as connection:
        assert read_all(connection) == b""

    assert time.monotonic() - begun < 1 * SLACK


@pytest.mark.long
@pytest.mark.parametrize("sent", [b"", b"\r\n"], ids=["nothing", "empty lines"])
def test_an_idle_connection_is_closed_on(strict: Server, sent: bytes) -> None:
    begun = time.monotonic()
    with connect(strict) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        assert drip(connection, forever(sent)).startswith(b"HTTP/1.1 200 OK")

    assert time.monotonic() - begun < 6 * SLACK


def test_a_slow_request_is_answered_as_long_as_it_is_in_time(strict: Server) -> None:
    body = b"ASK {}"
    pieces = [POST[:30], POST[30:], b"Content-Length: 6\r\n\r\n", body[:3], body[3:]]
    with connect(strict) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.15)  # together less than the time of a head
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_what_follows_a_request_and_cannot_be_read_does_not_cost_its_answer(strict: Server) -> None:
    with connect(strict) as connection:
        connection.sendall(b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01")
        received = read_all(connection)

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.count(b"HTTP/1.1") == 1


def test_a_client_that_leaves_after_several_requests_frees_the_executor_of_the_first(strict: Server) -> None:
    endless = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
    first = b"GET " + httpx.URL("/sparql", params={"query": endless, "timeout": "20"}).raw_path
    second = b"GET /health/live"
    with connect(strict) as connection:
        connection.sendall(b"".join(request + b" HTTP/1.1\r\nHost: a\r\n\r\n" for request in (first, second, second)))
        assert wait_until(lambda: is_busy(strict), timeout_s=5)

    assert wait_until(lambda: not is_busy(strict), timeout_s=2)
    assert [line for line in strict.log if '"error"' in line] == []


@pytest.mark.long
@pytest.mark.parametrize("half", [b"GET / HTTP/1.1\r\nX: ", POST + b"Content-Length: 100000\r\n\r\nS", b""])
def test_hundreds_of_half_open_connections_do_no_harm(start_server: StartServer, half: bytes) -> None:
    server = start_server(max_connections=100)
    with contextlib.ExitStack() as opened:
        with client_of(server) as client:
            for _ in range(400):
                connection = opened.enter_context(connect(server))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendall(half)
            time.sleep(1.2)  # after a second they give way to who comes
            answers = []
            for _ in range(10):
                answers.append(client.get("/health/ready").status_code)
                with client_of(server) as another:
                    answers.append(another.get("/sparql", params={"query": "ASK {}"}).status_code)

        assert answers == [200] * 20
        assert len(psutil.Process(server.pid).net_connections("tcp")) <= 100 + 64 + 2


def test_when_all_connections_ask_for_something_a_further_one_is_told_to_come_back(start_server: StartServer) -> None:
    server = start_server(max_connections=3)
    endless = "SELECT (COUNT(*) AS ?c) WHERE { ?a ?b ?c1 . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r }"
    target = httpx.URL("/sparql", params={"query": endless, "timeout": "20"}).raw_path
    with contextlib.ExitStack() as opened:
        for _ in range(3):
            opened.enter_context(connect(server)).sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wait_until(lambda: any(sum(one.cpu_times()[:2]) > 0.1 for one in executors_of(server)), timeout_s=5)
        with connect(server) as further:
            further.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            refused = read_all(further)

    assert status_and_kind(refused) == (503, "server-full")
    assert b"retry-after: 1\r\n" in refused.lower()
    assert wait_until(lambda: looks_fine(server), timeout_s=5)


def looks_fine(server: Server) -> bool:
    """Whether a new connection is answered."""
    with client_of(server) as client:
        return client.get("/health/live").status_code == 200


def test_long_bodies_are_held_up_to_a_limit_and_short_ones_always(strict: Server) -> None:
    part = b"#".ljust(MIB, b"x")
    with contextlib.ExitStack() as opened:
        halves = [opened.enter_context(connect(strict)) for _ in range(3)]
        for half in halves:
            half.sendall(POST + b"Connection: close\r\nContent-Length: 1048577\r\n\r\n" + part)
        short = looks_up(strict)
        kinds = sorted(status_and_kind(read_all(half)) for half in halves)

    # There is room for two, whichever come first; they are never whole.
    assert kinds == [(408, "too-slow"), (408, "too-slow"), (503, "server-full")]
    assert short < 1
    with client_of(strict) as client:
        headers = {"Content-Type": "application/sparql-query"}
        whole = b"ASK {} #".ljust(MIB, b"x")

        def is_taken() -> bool:
            return client.post("/sparql", content=whole, headers=headers).status_code == 200

        assert wait_until(is_taken, timeout_s=5)


def test_readers_who_take_nothing_lose_their_answers_and_hold_up_nobody(strict: Server) -> None:
    target = httpx.URL("/sparql", params={"query": WITHOUT_END, "timeout": "20"}).raw_path
    with contextlib.ExitStack() as opened:
        readers = []
        for _ in range(6):
            reader = opened.enter_context(connect(strict))
            readers.append(reader)
            reader.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            assert reader.recv(1024).startswith(b"HTTP/1.1 200 OK")
        times = [looks_up(strict) for _ in range(10)]
        begun = time.monotonic()

        assert wait_until(lambda: not is_busy(strict), timeout_s=1 * SLACK + 2)
        assert time.monotonic() - begun < 1 * SLACK + 2
        for reader in readers:
            with pytest.raises(ConnectionResetError):
                read_all(reader)

    assert statistics.median(times) < 1
    assert max(times) < 2 * SLACK
    assert wait_until(lambda: len(executors_of(strict)) == 3, timeout_s=5)


def is_busy(server: Server) -> bool:
    """Whether there are more executors than places, which is so while there is a query in overtime."""
    return len(executors_of(server)) > 3


def test_a_reader_who_takes_nothing_of_a_whole_answer_does_not_keep_it_in_memory(strict: Server) -> None:
    """Forty answers of a bit less than the buffer fit nowhere but in the front, if nobody takes them."""
    query = "SELECT ?s ?o WHERE { ?s <https://w3id.org/rapallo/ont#number> ?o } LIMIT 6000"
    target = httpx.URL("/sparql", params={"query": query}).raw_path
    request = b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    with contextlib.ExitStack() as opened:
        readers = [opened.enter_context(connect(strict)) for _ in range(8)]
        for reader in readers:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(request * 40)
        assert wait_until(lambda: all(has_been_cut(reader) for reader in readers), timeout_s=10 * SLACK)

    assert looks_up(strict) < 1


def has_been_cut(connection: socket.socket) -> bool:
    """Whether the other side has ended the connection (tcp(7), TCP_INFO; 1 is TCP_ESTABLISHED)."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != b"\x01"


def test_a_slow_reader_who_does_read_gets_everything(strict: Server) -> None:
    query = "SELECT * WHERE { ?a ?b ?c . } ORDER BY ?a ?b ?c"
    target = httpx.URL("/sparql", params={"query": query, "format": "csv"}).raw_path
    with client_of(strict) as client:
        whole = client.get("/sparql", params={"query": query, "format": "csv"}).content
    received = bytearray()
    with connect(strict) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        reader.sendall(b"GET " + target + b" HTTP/1.0\r\nHost: a\r\n\r\n")
        while chunk := reader.recv(32768):
            received += chunk
            time.sleep(0.02)  # 1.6 MB/s at most

    assert bytes(received).endswith(whole[-1000:])


@pytest.mark.long
def test_look_ups_are_answered_beside_a_crowd_that_sends_long_targets(large: Server) -> None:
    """Looking at the longest target takes 30 ms; many at once must not hold up what is short."""
    target = b"/sparql?query=" + quote("ASK {" + "?a?b 1." * 4000 + "FILTER(1" + "+1" * 6000, safe="?+(").encode()
    assert 40_000 < len(target) < 65_535
    over = threading.Event()
    statuses: list[int] = []

    def crowd() -> None:
        with contextlib.ExitStack() as opened:
            while not over.is_set():
                connections = [opened.enter_context(connect(large)) for _ in range(150)]
                for connection in connections:
                    connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                statuses.extend(int(read_all(connection)[9:12]) for connection in connections)
                opened.close()

    crowding = threading.Thread(target=crowd)
    crowding.start()
    times: list[float] = []
    try:
        assert wait_until(lambda: bool(statuses), timeout_s=20)
        with client_of(large) as client:
            for _ in range(20):
                begun = time.monotonic()
                assert client.get("/health/live").status_code == 200
                times.append(time.monotonic() - begun)
    finally:
        over.set()
        crowding.join()

    assert set(statuses) == {400}
    assert max(times) < 0.2 * SLACK


def test_the_server_may_have_a_descriptor_for_each_connection(start_server: StartServer) -> None:
    server = start_server(max_connections=2000)

    soft, hard = psutil.Process(server.pid).rlimit(psutil.RLIMIT_NOFILE)

    assert soft >= min(2000, hard)
