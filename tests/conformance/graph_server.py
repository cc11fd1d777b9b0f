"""A server of our application before a store that holds the named graphs of the protocol tests.

`kg serve` takes no named graphs of others before it takes writes; so the graphs are read here, and everything before
the store is what is served elsewhere too: `graph_server.py FILE` serves the quads of FILE until it is ended.
"""

import asyncio
import socket
import sys
from pathlib import Path
from time import perf_counter

import pyoxigraph as ox
import uvicorn

from kg.settings import Settings
from kg.store.base import Lane, Outcome, Request, Sink
from kg.store.evaluation import evaluate
from kg.web.app import create_app, with_public_url
from kg.web.connection import connection_class
from kg.web.log import say, set_up_log


class HeldStore:
    """A store of quads in this very process; see `kg.store.base.Store`. It limits nothing."""

    version = "conformance"
    ready = True

    def __init__(self, quads: Path) -> None:
        self._store = ox.Store()
        self._store.load(path=quads, format=ox.RdfFormat.N_QUADS)

    async def start(self) -> None:
        """It is ready from the beginning."""

    async def run(self, request: Request, sink: Sink, lane: Lane = Lane.GENERAL) -> Outcome:  # noqa: ARG002
        """Answer `request` into `sink`; both lanes are one."""
        started = perf_counter()
        rows, content = await asyncio.to_thread(self._evaluate, request)
        if content:
            await sink.write(content)
        return Outcome(self.version, perf_counter() - started, rows)

    async def stop(self) -> None:
        """Nothing is left to end."""

    def _evaluate(self, request: Request) -> tuple[int | None, bytes]:
        chunks: list[bytes] = []
        return evaluate(self._store, request, _Chunks(chunks)), b"".join(chunks)


class _Chunks:
    """Keeps what is written."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def write(self, data: bytes, /) -> None:
        self._chunks.append(data)


def main(quads: Path) -> None:
    """Serve the quads of an N-Quads file on a free port of the loopback, and say where."""
    set_up_log("error")
    store = HeldStore(quads)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = with_public_url(Settings(), listener.getsockname()[1])
        app = create_app(settings, store)
        http = connection_class(settings, lambda: store.version)
        server = uvicorn.Server(uvicorn.Config(app, http=http, lifespan="on", log_config=None, access_log=False))
        say(f"serving at {settings.public_url}/")
        server.run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
