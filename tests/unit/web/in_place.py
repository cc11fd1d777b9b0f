"""A store for tests of rooms: the engine itself, in this process, with whatever quads a test needs."""

from collections.abc import Iterable

import pyoxigraph as ox

from kg.store.base import Lane, Outcome, Request, Sink
from kg.store.evaluation import evaluate


class InPlaceStore:
    """Answers requests by the engine, without processes and limits; see `kg.store.base.Store`."""

    version = "0123456789abcdef"
    ready = True

    def __init__(self, quads: Iterable[ox.Quad]) -> None:
        self._store = ox.Store()
        self._store.extend(quads)

    async def start(self) -> None:
        """Nothing is to be started."""

    async def run(self, request: Request, sink: Sink, lane: Lane = Lane.GENERAL) -> Outcome:  # noqa: ARG002 - the seam
        """Evaluate `request`, then hand over its answer."""
        parts: list[bytes] = []

        class Output:
            """Keeps the parts of an answer."""

            def write(self, data: bytes, /) -> None:
                """Keep a part."""
                parts.append(bytes(data))

        rows = evaluate(self._store, request, Output())
        for part in parts:
            await sink.write(part)
        return Outcome(self.version, 0.0, rows)

    async def stop(self) -> None:
        """Nothing is to be stopped."""
