"""The stores that the contract tests run against, and what the tests ask of them.

A store joins by a line in `STORES`: the same tests then run against it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
import uvloop

from kg.files import Dataset
from kg.formats import RESULTS_JSON, Format
from kg.namespaces import BASE
from kg.settings import Settings
from kg.store.base import Lane, Outcome, QueryRequest, Sink, Store
from kg.store.executors import ExecutorStore

SAMPLE = Dataset(Path(__file__).parents[1] / "sample")

# The sample's default graph has about 60 triples: two patterns make 4,000 solutions, three 200,000, six a runaway.
PRODUCT_OF_2 = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }"
PRODUCT_OF_3 = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
RUNAWAY = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?o ?p . ?q ?r ?s }"
BOMB = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } ORDER BY ?c ?f"
POINT = f"SELECT ?label WHERE {{ <{BASE}id/cornwall> <http://www.w3.org/2000/01/rdf-schema#label> ?label }}"

T = TypeVar("T")


class Opener(Protocol):
    """Runs a scenario on a started store with the sample dataset, and stops the store."""

    def __call__(self, scenario: Callable[[Store], Awaitable[T]], *, dataset: Dataset = SAMPLE, **settings: float) -> T:
        """Return what the scenario returns."""


def executors_on(new_event_loop: Callable[[], asyncio.AbstractEventLoop]) -> Opener:
    """Opens the store of forked executors on one kind of event loop."""

    def open_store(scenario: Callable[[Store], Awaitable[T]], *, dataset: Dataset = SAMPLE, **settings: float) -> T:
        async def main() -> T:
            # Without overtime unless a test asks for it: then a busy executor is a busy place.
            store = ExecutorStore(Settings.model_validate({"long_executors": 0} | settings), dataset)
            await store.start()
            try:
                return await asyncio.wait_for(scenario(store), timeout=60)
            finally:
                await store.stop()

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(main())

    return open_store


STORES = [
    pytest.param(executors_on(uvloop.new_event_loop), id="executors"),
    # The server runs on uvloop; on the other loop the store must do the same.
    pytest.param(executors_on(asyncio.new_event_loop), id="executors-asyncio", marks=pytest.mark.long),
]
every_store = pytest.mark.parametrize("open_store", STORES)


class Collected:
    """A sink that keeps all it gets."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    async def write(self, chunk: bytes) -> None:
        """Keep the chunk."""
        self.chunks.append(chunk)

    @property
    def content(self) -> bytes:
        """All chunks so far."""
        return b"".join(self.chunks)


class Held(Collected):
    """A sink that is stuck from its first chunk on, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached = asyncio.Event()
        self.is_let_go = asyncio.Event()

    async def write(self, chunk: bytes) -> None:
        """Keep the chunk, then wait."""
        await super().write(chunk)
        self.is_reached.set()
        await self.is_let_go.wait()


def query(text: str, answer_format: Format = RESULTS_JSON, timeout_s: float = 20.0) -> QueryRequest:
    """A request with the base of the house."""
    return QueryRequest(text, answer_format, BASE, timeout_s)


async def ask(
    store: Store, text: str, answer_format: Format = RESULTS_JSON, timeout_s: float = 20.0, lane: Lane = Lane.GENERAL
) -> bytes:
    """The complete answer to a query."""
    sink = Collected()
    await store.run(query(text, answer_format, timeout_s), sink, lane)
    return sink.content


@asynccontextmanager
async def occupied(
    store: Store, lane: Lane = Lane.GENERAL, timeout_s: float = 20.0
) -> AsyncIterator[asyncio.Task[Outcome]]:
    """An executor of `lane` that is busy with a long answer nobody reads; cancelled at the end."""
    sink = Held()
    task = asyncio.create_task(run(store, PRODUCT_OF_3, sink, lane, timeout_s))
    await sink.is_reached.wait()
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def run(store: Store, text: str, sink: Sink, lane: Lane = Lane.GENERAL, timeout_s: float = 20.0) -> Outcome:
    """Run a query into a sink."""
    return await store.run(query(text, timeout_s=timeout_s), sink, lane)
