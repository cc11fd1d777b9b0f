"""SPARQL endpoints for tests: real listeners on the loopback interface, which count who connects.

An endpoint answers from triples of its own by the engine; or as it is told, for what a bad one does.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pyoxigraph as ox

Answerer = Callable[["Request"], None]

JSON: Final = "application/sparql-results+json"


class Request(BaseHTTPRequestHandler):
    """One request to an endpoint."""

    server: "Endpoint"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer as the endpoint does."""
        self.text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.queries.append(self.text)
        self.server.hosts.append(self.headers["Host"])
        self.server.answer(self)

    do_GET = do_POST  # noqa: N815 - http.server's name

    def send(self, content: bytes, media_type: str = JSON, status: int = 200, **headers: str) -> None:
        """Send a whole answer; `headers` are named with _ for -."""
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Endpoint(ThreadingHTTPServer):
    """A listener. `connections` counts who connected, `queries` are the bodies, `hosts` the Host headers."""

    daemon_threads = True

    def __init__(self, host: str, answer: Answerer) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Request)
        self.answer = answer
        self.connections = 0
        self.queries: list[str] = []
        self.hosts: list[str] = []

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def iri(self) -> str:
        """The address of the endpoint, by number."""
        host = self.server_address[0]
        return f"http://[{host!s}]:{self.port}/sparql" if ":" in str(host) else f"http://{host!s}:{self.port}/sparql"

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002 - the library's form
        """Count a connection, before anything is read from it."""
        self.connections += 1
        return True

    def handle_error(self, *_: object) -> None:
        """A client that leaves in the middle is what some tests are about."""


@contextlib.contextmanager
def listening(answer: Answerer, host: str = "127.0.0.1") -> Iterator[Endpoint]:
    """An endpoint that answers by `answer`."""
    endpoint = Endpoint(host, answer)
    thread = threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.shutdown()
        endpoint.server_close()
        thread.join(5)


def answering(turtle: str, results: ox.QueryResultsFormat = ox.QueryResultsFormat.JSON) -> Answerer:
    """Answers queries from the triples of `turtle`."""
    quads = list(ox.parse(turtle, ox.RdfFormat.TURTLE))

    def answer(request: Request) -> None:
        store = ox.Store()
        store.extend(quads)
        try:
            found = store.query(request.text)
        except SyntaxError as error:
            request.send(str(error).encode(), "text/plain", 400)
            return
        assert isinstance(found, ox.QuerySolutions)
        request.send(found.serialize(format=results) or b"", results.media_type)

    return answer


def answering_with(content: bytes, media_type: str = JSON, status: int = 200, **headers: str) -> Answerer:
    """Answers every query alike."""

    def answer(request: Request) -> None:
        request.send(content, media_type, status, **headers)

    return answer
