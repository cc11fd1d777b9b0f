"""What reaches an executor, guard or no guard, connects to nowhere (design.md, promise 5; field notes, D 57 and 58)."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pyoxigraph as ox
import pytest

from kg.errors import QueryEvaluationError
from kg.files import Dataset
from kg.formats import RESULTS_JSON
from kg.settings import Settings
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate
from kg.store.executors import ExecutorStore
from servers import SAMPLE

ATTEMPTS = """
import ctypes, errno, socket, sys
from kg.store.seclusion import forbid_connections
print(repr(forbid_connections()))
for attempt in (lambda: socket.socket(socket.AF_INET), lambda: socket.socket(socket.AF_INET6),
                lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1]))),
                lambda: socket.socket(socket.AF_UNIX)):
    try:
        attempt()
    except OSError as error:
        print(errno.errorcode[error.errno])
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(ctypes.c_long(425), 8, ctypes.create_string_buffer(120)), errno.errorcode[ctypes.get_errno()])
pair = socket.socketpair()
pair[0].sendall(b"heard")
print(pair[1].recv(5))
"""


class Listener:
    """Counts connections on the loopback interface, and closes each at once."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.iri = f"http://127.0.0.1:{self.port}/"
        self.connections = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        """Take no more connections."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


class Sink:
    """Keeps an answer."""

    def __init__(self) -> None:
        self.held = b""

    async def write(self, chunk: bytes) -> None:
        """Hold what comes."""
        self.held += chunk

    def take(self, data: bytes, /) -> None:
        """Hold what comes."""
        self.held += data


def request_for(listener: Listener) -> QueryRequest:
    return QueryRequest(f"SELECT * {{ SERVICE <{listener.iri}> {{}} }}", RESULTS_JSON, "http://x/", 5.0)


def test_a_process_that_forbids_connections_opens_no_socket_and_keeps_its_pairs(listener: Listener) -> None:
    command = [sys.executable, "-c", ATTEMPTS, str(listener.port)]

    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()

    assert lines == ["''", "EACCES", "EACCES", "EACCES", "EACCES", "-1 EACCES", "b'heard'"]
    assert listener.connections == 0


def test_a_service_that_reaches_an_executor_unchecked_makes_no_connection(listener: Listener) -> None:
    async def ask() -> None:
        store = ExecutorStore(Settings(executors=1), Dataset(SAMPLE))
        await store.start()
        try:
            await store.run(request_for(listener), Sink())
        finally:
            await store.stop()

    with pytest.raises(QueryEvaluationError, match="denied"):
        asyncio.run(ask())

    assert listener.connections == 0


def test_the_same_query_connects_where_nothing_forbids_it(listener: Listener) -> None:
    """So the test above says something: it is the engine that connects, and the kernel that keeps it from that."""

    class Output:
        def write(self, data: bytes, /) -> None: ...

    with pytest.raises(QueryEvaluationError):
        evaluate(ox.Store(), request_for(listener), Output())

    assert listener.connections > 0


def test_no_context_of_json_ld_is_fetched(listener: Listener) -> None:
    """Field notes, D 59: whoever parses a body or a file by the engine asks nobody."""
    for context in (
        f'"{listener.iri}"',
        f'["{listener.iri}"]',
        f'{{"@import": "{listener.iri}"}}',
        '"file:///etc/hosts"',
    ):
        text = f'{{"@context": {context}, "@id": "x:a", "x:b": "c"}}'
        with pytest.raises(SyntaxError):
            list(ox.parse(text, ox.RdfFormat.JSON_LD, base_iri=listener.iri))

    assert listener.connections == 0
