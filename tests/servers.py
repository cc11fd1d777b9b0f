"""Real server processes for tests, and clients for them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx
import psutil
import pytest

SAMPLE = Path(__file__).parent / "sample"
START_S = 30  # a server is ready in about a second; a busy machine takes longer
STOP_S = 15


@dataclass
class Server:
    """A running `kg serve`; `url` has no slash at its end, `log` is what it has written to standard error so far."""

    process: subprocess.Popen[str]
    url: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        """The process that listens."""
        return self.process.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_S)
        finally:
            self.process.kill()


class StartServer(Protocol):
    """Starts a server on the sample dataset, or another, with settings by name, as `executors=1`."""

    def __call__(self, dataset: Path | None = SAMPLE, **settings: object) -> Server:
        """The server, once it serves."""


@contextlib.contextmanager
def starting(python: Path | str = sys.executable, folder: Path | None = None) -> Iterator[StartServer]:
    """A way to start servers by `python`, in `folder`; all are stopped at the end."""
    servers: list[Server] = []

    def start(dataset: Path | None = SAMPLE, **settings: object) -> Server:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
        environment |= {f"KG_{name.upper()}": str(value) for name, value in settings.items()}
        command = [str(python), "-m", "kg.cli", "serve", "--port", "0"]
        command += ["--dataset", str(dataset)] if dataset else []
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        server = Server(process)
        servers.append(server)
        serves = threading.Event()
        threading.Thread(target=_follow, args=(server, serves), daemon=True).start()
        if not serves.wait(START_S) or not server.url:
            pytest.fail(f"the server did not start:\n{''.join(server.log)}", pytrace=False)
        return server

    try:
        yield start
    finally:
        for server in servers:
            server.stop()


def _follow(server: Server, serves: threading.Event) -> None:
    """Read what the server says, until it ends; `serves` is set when it serves, or never will."""
    assert server.process.stderr is not None
    with server.process.stderr as lines:
        for line in lines:
            server.log.append(line)
            if line.startswith("kg: serving at "):
                server.url = line.removeprefix("kg: serving at ").strip().rstrip("/")
                serves.set()
    serves.set()


def client_of(server: Server) -> httpx.Client:
    """A client of a server of one's own; the environment's proxies are none of its business."""
    return httpx.Client(base_url=server.url, timeout=30, trust_env=False)


def exchange_bytes(server: Server, request: bytes) -> bytes:
    """Everything that the server sends back for raw bytes, until it closes the connection or is silent for 10 s."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def executors_of(server: Server) -> list[psutil.Process]:
    """The processes that the server's template has forked."""
    (template,) = psutil.Process(server.pid).children()
    return template.children()


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended; when its remains are taken away is for whoever is the parent of all."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def write_large_dataset(root: Path, subjects: int = 10_000) -> Path:
    """A dataset of two triples for each of `subjects` subjects; as JSON its solutions are some MiB."""
    for folder in ("ontology", "triples", "queries"):
        (root / folder).mkdir(parents=True)
    (root / "ontology" / "core.ttl").write_text(
        "<https://w3id.org/rapallo/ont> a <http://www.w3.org/2002/07/owl#Ontology> .\n", encoding="utf-8"
    )
    lines = (f'id:n{number} kg:number {number} ; kg:name "Nummer {number}, größer"@de .' for number in range(subjects))
    prefixes = "@prefix id: <https://w3id.org/rapallo/id/> .\n@prefix kg: <https://w3id.org/rapallo/ont#> .\n"
    (root / "triples" / "numbers.ttl").write_text(prefixes + "\n".join(lines), encoding="utf-8")
    return root


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `condition` became true within `timeout_s` seconds; it is asked again and again."""
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True
