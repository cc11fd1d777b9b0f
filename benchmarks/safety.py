"""Phases that are ours only: what a runaway query costs others, and what it costs that any query can be stopped."""

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Final

import pyoxigraph as ox
import uvloop

from benchmarks.asking import Reply, ask
from benchmarks.figures import OVERRUN, RATE, TIME, Key, percentile
from benchmarks.measures import MeasureFailed, Run
from benchmarks.peers import OURS, Server
from benchmarks.questions import RUNAWAY, Question, Workload
from kg.files import Dataset
from kg.formats import RESULTS_JSON
from kg.namespaces import BASE
from kg.settings import Settings
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate
from kg.store.executors import ExecutorStore
from kg.store.memory import load_dataset

LIMIT_S: Final = 1
BESIDE: Final = "the same, no runaway"
IN_PROCESS: Final = "in process, unstoppable"
_CONNECTIONS: Final = 8
_REPEATS: Final = 200  # of a look-up in each round; about 40 ms in process
_GATEWAY_TIMEOUT: Final = 504


def measure_runaway(run: Run, server: Server, look_ups: Workload) -> None:
    """A query without end against its limit, and look-ups while it runs, compared with look-ups alone.

    Raises:
        MeasureFailed: it was not stopped by its limit, or a look-up failed.
    """
    key = Key("Runaway query", f"look-ups beside it, {_CONNECTIONS} conn.", RATE)
    questions = look_ups.texts()
    for _ in run.turns((server,)):
        alone = run.press(server, questions, _CONNECTIONS, LIMIT_S)
        run.results.add(key, BESIDE, alone.answers / alone.seconds)
        rate, reply = _beside(run, server, questions)
        run.results.add(key, OURS, rate)
        run.results.add(Key("Runaway query", "the runaway", OVERRUN), OURS, reply.whole_s / LIMIT_S)


def _beside(run: Run, server: Server, questions: Iterator[Question]) -> tuple[float, Reply]:
    """Look-ups answered in a second beside a runaway, and its own end."""
    replies: list[Reply] = []
    question = Question("runaway", RUNAWAY)
    runaway = threading.Thread(target=lambda: replies.append(ask(server.address, question, f"&timeout={LIMIT_S}")))
    runaway.start()
    load = run.press(server, questions, _CONNECTIONS, LIMIT_S * 0.9)  # it is over before the runaway is
    runaway.join()
    if not replies or replies[0].status != _GATEWAY_TIMEOUT:
        raise MeasureFailed(f"the runaway query was not stopped: {[reply.status for reply in replies]}")
    return load.answers / load.seconds, replies[0]


def measure_kill_safety(run: Run, dataset: Path, question: Question) -> None:
    """One look-up at a time: in an executor that could be killed, and in the process itself, in turn."""
    uvloop.run(_measure_kill_safety(run, Dataset(dataset), question))


async def _measure_kill_safety(run: Run, dataset: Dataset, question: Question) -> None:
    request = QueryRequest(question.text, RESULTS_JSON, BASE, timeout_s=10)
    here = load_dataset(dataset).store
    store = ExecutorStore(Settings(dataset=dataset.root), dataset)
    key = Key("Kill-safety", "one look-up", TIME)
    await store.start()
    try:
        for _ in run.turns((OURS,)):
            inside = [_ask_here(here, request) for _ in range(_REPEATS)]
            run.results.add(key, IN_PROCESS, percentile(inside, 50) * 1e3)
            outside = [await _ask_executor(store, request) for _ in range(_REPEATS)]
            run.results.add(key, OURS, percentile(outside, 50) * 1e3)
    finally:
        await store.stop()


def _ask_here(store: ox.Store, request: QueryRequest) -> float:
    """Seconds that the engine takes in this process."""
    begun = perf_counter()
    evaluate(store, request, BytesIO())
    return perf_counter() - begun


async def _ask_executor(store: ExecutorStore, request: QueryRequest) -> float:
    """Seconds that an executor takes, from the request to the last byte here."""
    begun = perf_counter()
    await store.run(request, _Kept())
    return perf_counter() - begun


class _Kept:
    """A sink that keeps the answer, as the engine's does in process."""

    def __init__(self) -> None:
        self._body = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._body += chunk
