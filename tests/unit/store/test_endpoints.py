"""The one door to elsewhere asks only at addresses that it has checked, under the name that was meant."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from endpoints import Endpoint as Listener
from endpoints import Request, answering_with, listening
from kg.errors import ServiceFailed, ServiceTimeout
from kg.store.allowlist import Endpoint
from kg.store.egress import Egress, RemoteAnswer

ANSWER = b'{"head":{"vars":[]},"results":{"bindings":[]}}'


class Resolving(asyncio.SelectorEventLoop):
    """An event loop in whose network each question for a name gets the next of `addresses`."""

    def __init__(self, *addresses: tuple[str, ...]) -> None:
        super().__init__()
        self.addresses = list(addresses)
        self.asked: list[object] = []

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:
        """The next addresses for any name that is none itself."""
        self.asked.append(host)
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in a], socket.SOCK_STREAM, 6, "", (a, port)) for a in self.addresses.pop(0)]


def in_network(work: Callable[[], Coroutine[Any, Any, bytes]], *addresses: tuple[str, ...]) -> bytes:
    """The result of `work` where names resolve to `addresses`, one after the other."""
    loop = Resolving(*addresses)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        content = runner.run(work())
    assert len(loop.asked) == 1
    return content


async def ask(endpoint: Endpoint, timeout_s: float = 10.0, max_bytes: int = 1000) -> bytes:
    kept: list[bytes] = []

    def read(answer: RemoteAnswer) -> str:
        kept.append(answer.content)
        return ""

    await Egress(timeout_s).ask(endpoint, "SELECT * {}", max_bytes, read, is_silent=False)
    return kept[0]


def named(listener: Listener, *, may_be_private: bool, scheme: str = "http") -> Endpoint:
    """The listener under a name that no real network has."""
    iri = f"{scheme}://data.example:{listener.port}/sparql"
    return Endpoint(iri, scheme, "data.example", listener.port, may_be_private)


def test_a_name_is_resolved_once_and_asked_where_it_led_then() -> None:
    """A second question would lead elsewhere: that is how a name is bound anew between check and connection."""
    with listening(answering_with(ANSWER)) as listener:
        endpoint = named(listener, may_be_private=True)

        content = in_network(lambda: ask(endpoint), ("127.0.0.1",), ("127.0.0.2",))

        assert content == ANSWER
        assert listener.hosts == [f"data.example:{listener.port}"]


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("93.184.216.34", "127.0.0.1"),
        ("127.0.0.1", "93.184.216.34"),
        ("::ffff:127.0.0.1",),
        ("169.254.169.254",),
        ("64:ff9b::7f00:1",),
        (),
    ],
)
def test_a_name_of_which_one_address_is_not_public_is_not_asked_at_all(addresses: tuple[str, ...]) -> None:
    with listening(answering_with(ANSWER)) as listener:
        endpoint = named(listener, may_be_private=False)

        with pytest.raises(ServiceFailed, match="public internet"):
            in_network(lambda: ask(endpoint), addresses)

        assert listener.connections == 0


def test_the_next_address_is_asked_where_nobody_listens_at_the_first() -> None:
    with listening(answering_with(ANSWER)) as listener:
        endpoint = named(listener, may_be_private=True)

        assert in_network(lambda: ask(endpoint), ("127.0.0.9", "127.0.0.1")) == ANSWER


def test_an_answer_may_have_as_many_bytes_as_are_left_and_no_more() -> None:
    with listening(answering_with(ANSWER)) as listener:
        endpoint = named(listener, may_be_private=True)

        assert in_network(lambda: ask(endpoint, max_bytes=len(ANSWER)), ("127.0.0.1",)) == ANSWER
        with pytest.raises(ServiceFailed, match="longer"):
            in_network(lambda: ask(endpoint, max_bytes=len(ANSWER) - 1), ("127.0.0.1",))


def test_an_answer_that_trickles_has_no_more_time_than_one_that_waits() -> None:
    def trickle(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/sparql-results+json")
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.connection.settimeout(0.05)
        while True:
            request.wfile.write(b" ")
            try:
                if not request.connection.recv(1):
                    return
            except TimeoutError:
                continue

    with listening(trickle) as listener:
        endpoint = named(listener, may_be_private=True)

        with pytest.raises(ServiceTimeout):
            in_network(lambda: ask(endpoint, timeout_s=0.5), ("127.0.0.1",))


@pytest.mark.needs_openssl
@pytest.mark.parametrize(("name", "is_answered"), [("data.example", True), ("other.example", False)])
def test_a_certificate_is_for_the_name_that_is_asked(
    name: str, is_answered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name}"
    command += f" -addext subjectAltName=DNS:{name} -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)

    with listening(answering_with(ANSWER)) as listener:
        listener.socket = server_side.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
        endpoint = named(listener, may_be_private=True, scheme="https")
        if is_answered:
            assert in_network(lambda: ask(endpoint), ("127.0.0.1",)) == ANSWER
        else:
            with pytest.raises(ServiceFailed):
                in_network(lambda: ask(endpoint), ("127.0.0.1",))
            assert listener.queries == []
