"""The processes behind the store: what they hold, how they end, that none is left."""

import asyncio
import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from stores import (
    BOMB,
    POINT,
    PRODUCT_OF_2,
    PRODUCT_OF_3,
    RUNAWAY,
    SAMPLE,
    Collected,
    Held,
    Opener,
    ask,
    every_store,
    run,
)
from structlog.testing import capture_logs

from kg.errors import (
    ExecutorLost,
    QueryOutOfMemory,
    QueryTimeout,
    QueryTooComplex,
    QueueFull,
    StoreUnavailable,
)
from kg.files import Dataset
from kg.settings import Settings
from kg.store.base import Lane, Store
from kg.store.executors import ExecutorStore
from kg.store.forking import ExecutorProcess
from servers import has_ended

PLACES = 3  # two general executors, the default, and the reserved one


def template() -> psutil.Process:
    """The process of the store that this test has started."""
    (process,) = (child for child in psutil.Process().children() if "kg.store.template" in child.cmdline())
    return process


def executors() -> dict[int, psutil.Process]:
    """The template's children that have not ended, by number."""
    return {child.pid: child for child in template().children() if not has_ended(child)}


def busy_executors(store: Store) -> list[ExecutorProcess]:
    """The executors that are evaluating a query."""
    assert isinstance(store, ExecutorStore)
    return [executor for executor in store._pool._executors if executor.busy_until is not None]


async def until_filled(store: Store, places: int = PLACES) -> None:
    """Wait until each place has an executor and there are no other executors."""
    assert isinstance(store, ExecutorStore)
    pool = store._pool._executors
    await until(lambda: len(pool) == places and executors().keys() == {executor.pid for executor in pool})


async def start(store: Store, text: str) -> "asyncio.Task[bytes]":
    """A task whose query an executor has begun to evaluate."""
    task = asyncio.create_task(ask(store, text))
    await until(lambda: bool(busy_executors(store)))
    return task


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; fail if it does not in time."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        await asyncio.sleep(0.01)


@every_store
def test_there_are_as_many_executors_as_configured_and_one_reserved_also_after_every_kind_of_end(
    open_store: Opener,
) -> None:
    async def scenario(store: Store) -> None:
        before = executors()
        assert len(before) == PLACES

        for text in (RUNAWAY, BOMB, "ASK " + "{" * 100_000 + "}" * 100_000, "SELECT", POINT):
            await asyncio.gather(ask(store, text, timeout_s=0.4), return_exceptions=True)
        leaving = asyncio.create_task(ask(store, RUNAWAY))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)

        await until_filled(store)
        assert len(executors().keys() - before.keys()) in (1, 2), (
            "two general places, each replaced at least once or not"
        )
        assert not any(has_ended(process) for process in executors().values())

    open_store(scenario, query_memory_mb=64)


@every_store
def test_an_executor_that_is_killed_in_the_middle_of_an_answer_is_an_error_at_once(open_store: Opener) -> None:
    class Killing(Collected):
        """A sink that has the executor killed from outside at its first chunk."""

        def __init__(self, store: Store) -> None:
            super().__init__()
            self._store = store

        async def write(self, chunk: bytes) -> None:
            """Kill, then take the chunk."""
            if not self.chunks:
                os.kill(busy_executors(self._store)[0].pid, signal.SIGKILL)
            await super().write(chunk)

    async def scenario(store: Store) -> None:
        sink = Killing(store)
        start_s = time.perf_counter()

        with pytest.raises(ExecutorLost, match="signal 9"):
            await run(store, PRODUCT_OF_3, sink)

        assert time.perf_counter() - start_s < 1
        assert b"Cornwall" in await ask(store, POINT)

    open_store(scenario, executors=1)


@every_store
def test_an_executor_that_is_killed_while_idle_is_replaced_and_no_query_notices(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        before = executors()
        for process in before.values():
            process.kill()
        await until(lambda: all(has_ended(process) for process in before.values()))

        await until_filled(store)

        answers = await asyncio.gather(*(ask(store, POINT) for _ in range(PLACES)))
        assert all(b"Cornwall" in answer for answer in answers)
        assert not executors().keys() & before.keys()

    open_store(scenario)


@every_store
def test_an_executor_holds_its_own_socket_and_nothing_of_the_front_or_the_template(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        with socket.create_server(("127.0.0.1", 0)):
            with pytest.raises(QueryTimeout):  # so that there is an executor that is younger than the server's socket
                await ask(store, RUNAWAY, timeout_s=0.1)
            await until_filled(store)

            held = [descriptors_of(pid) for pid in executors()]
            others = [*descriptors_of(os.getpid()), *descriptors_of(template().pid)]

        for links in held:
            assert [sorted(link.split(":")[0] for link in links)] == [
                ["/dev/null", "/dev/null", "/proc/self/statm", "pipe", "socket"]
            ]
            assert not {link for link in links if link.startswith("socket:")} & set(others)

    open_store(scenario, executors=2)


def descriptors_of(pid: int) -> list[str]:
    """What the descriptors of a process stand for."""
    links = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one by which the folder is read
            links.append(str(path.readlink()).replace(f"/proc/{pid}/", "/proc/self/"))
    return links


@every_store
def test_executors_are_nice_leave_no_core_and_have_an_address_space_with_an_end(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        await until(lambda: [process.num_threads() for process in executors().values()] == [2] * PLACES)
        for process in executors().values():
            assert process.nice() == 5
            assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
            soft, hard = process.rlimit(psutil.RLIMIT_AS)
            assert soft == hard != psutil.RLIM_INFINITY
        assert template().num_threads() == 1
        assert os.getsid(template().pid) == template().pid, "Ctrl-C in the front's terminal does not reach it"

    open_store(scenario)


@every_store
def test_a_reader_that_is_stuck_stops_the_evaluation_and_takes_little_memory(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        sink = Held()
        task = asyncio.create_task(run(store, PRODUCT_OF_3, sink))
        await sink.is_reached.wait()
        (executor,) = busy_executors(store)
        process = psutil.Process(executor.pid)
        used = -1.0

        def has_stopped() -> bool:
            nonlocal used
            before, used = used, sum(process.cpu_times()[:2])
            return used == before and process.status() == psutil.STATUS_SLEEPING

        await until(has_stopped)
        await asyncio.sleep(0.2)  # what has stopped uses nothing however long this is
        assert sum(process.cpu_times()[:2]) - used < 0.05
        assert len(executor.reader._buffer) < 1_000_000  # type: ignore[attr-defined]  # what the front holds

        sink.is_let_go.set()
        await task
        assert len(sink.content) > 20_000_000
        assert sink.content.endswith(b"]}}")

    open_store(scenario)


@every_store
def test_stop_leaves_no_process_and_no_descriptor(open_store: Opener) -> None:
    processes: list[psutil.Process] = []

    async def scenario(store: Store) -> None:
        processes.extend([template(), *executors().values()])
        await asyncio.gather(ask(store, RUNAWAY, timeout_s=0.1), return_exceptions=True)
        processes.extend(executors().values())

    open_store(scenario)
    before = len(descriptors_of(os.getpid()))
    open_store(scenario)

    assert len(descriptors_of(os.getpid())) == before
    assert len(processes) > 2 * PLACES
    assert [process for process in processes if psutil.pid_exists(process.pid)] == []


@every_store
def test_stopping_answers_who_runs_and_who_waits_with_unavailable(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        running = await start(store, RUNAWAY)
        waiting = asyncio.create_task(ask(store, POINT))
        await asyncio.sleep(0)

        await store.stop()

        ends = await asyncio.gather(running, waiting, ask(store, POINT), return_exceptions=True)
        assert [type(end) for end in ends] == [StoreUnavailable] * 3
        assert ["stopping" in str(end) for end in ends] == [True] * 3
        assert not store.ready

    open_store(scenario, executors=1)


@every_store
def test_a_template_that_is_killed_is_started_again(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        old = [template(), *executors().values()]
        running, waiting = await start(store, RUNAWAY), asyncio.create_task(ask(store, POINT))
        await asyncio.sleep(0)

        old[0].kill()

        with pytest.raises(StoreUnavailable, match="the template process ended, signal 9"):
            await waiting
        assert not store.ready
        with pytest.raises(StoreUnavailable, match="the template process ended, signal 9"):
            await ask(store, POINT)
        with pytest.raises(ExecutorLost, match="the template process ended, signal 9"):
            await running
        await until(lambda: store.ready)
        answers = await asyncio.gather(ask(store, POINT), ask(store, POINT, lane=Lane.RESERVED))
        assert [b"Cornwall" in answer for answer in answers] == [True, True]
        await until_filled(store, places=2)
        await until(lambda: all(has_ended(process) for process in old))

    open_store(scenario, executors=1)


def sample_copy(root: Path, broken: str = "") -> Dataset:
    """The sample in another folder, with a further file."""
    shutil.copytree(SAMPLE.root, root, dirs_exist_ok=True)
    (root / "triples" / "further.ttl").write_text(broken)
    return Dataset(root)


@pytest.mark.long
@every_store
def test_a_template_that_cannot_be_started_again_is_tried_until_it_can(open_store: Opener, tmp_path: Path) -> None:
    dataset = sample_copy(tmp_path)

    async def scenario(store: Store) -> None:
        version = store.version
        (dataset.root / "triples" / "further.ttl").write_text("<urn:a> <urn:b> .")
        told = exits.enter_context(capture_logs())
        template().kill()

        async def refusal() -> str:
            with pytest.raises(StoreUnavailable) as caught:
                await ask(store, POINT)
            return caught.value.reason

        await until(lambda: not store.ready)
        while "further.ttl, line 1" not in (reason := await refusal()):
            assert "signal 9" in reason
            await asyncio.sleep(0.05)
        (dataset.root / "triples" / "further.ttl").write_text("<urn:a> <urn:b> 1 .")

        await until(lambda: store.ready)
        assert store.version != version
        assert b'"1"' in await ask(store, "SELECT * WHERE { <urn:a> ?p ?o }")
        events = [entry["event"] for entry in told]
        assert events[:2] == ["template lost", "template not started"]
        assert "signal 9" in told[0]["reason"]
        assert "further.ttl, line 1" in told[1]["reason"]
        assert events[-1] == "template started"

    with contextlib.ExitStack() as exits:
        open_store(scenario, dataset=dataset)


def test_a_dataset_with_an_error_is_unavailable_with_file_and_line(tmp_path: Path) -> None:
    store = ExecutorStore(
        Settings.model_validate({}), sample_copy(tmp_path, "<urn:a> <urn:b> 1 .\n<urn:a> <urn:b> .\n")
    )

    with pytest.raises(StoreUnavailable, match=r"further\.ttl, line 2, column 17"):
        asyncio.run(store.start())

    assert not store.ready
    assert not [child for child in psutil.Process().children() if "kg.store.template" in child.cmdline()]


@pytest.mark.long
@every_store
@pytest.mark.parametrize("seed", [1, 2])
def test_amid_all_kinds_of_harm_every_answer_is_right_and_every_place_is_filled_again(
    open_store: Opener, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - for a test that can be repeated
    allowed: dict[str, tuple[type[BaseException], ...]] = {
        "product": (),
        "point": (),
        "runaway": (QueryTimeout, QueueFull),
        "bomb": (QueryOutOfMemory,),
        "nested": (QueryTooComplex,),
        "leaving": (asyncio.CancelledError,),
    }
    texts = {"product": PRODUCT_OF_2, "point": POINT, "bomb": BOMB, "nested": "ASK " + "{" * 100_000 + "}" * 100_000}

    async def scenario(store: Store) -> None:
        right = {text: await ask(store, text) for text in (PRODUCT_OF_2, POINT)}

        async def one(kind: str, lane: Lane, start_s: float) -> None:
            await asyncio.sleep(start_s)
            text = texts.get(kind, RUNAWAY)
            task = asyncio.create_task(ask(store, text, timeout_s=0.15 if kind == "runaway" else 30.0, lane=lane))
            if kind == "leaving":
                asyncio.get_running_loop().call_later(start_s / 20, task.cancel)
            (answer,) = await asyncio.gather(task, return_exceptions=True)
            assert answer == right[text] if kind in {"product", "point"} else isinstance(answer, allowed[kind])

        async with asyncio.TaskGroup() as group:
            for _ in range(150):
                group.create_task(one(chance.choice(list(allowed)), chance.choice(list(Lane)), chance.random() * 3))

        await until_filled(store)
        answers = await asyncio.gather(*(ask(store, POINT, timeout_s=5.0) for _ in range(PLACES)))
        assert set(answers) == {right[POINT]}

    open_store(scenario, query_memory_mb=64, queue=150)


@pytest.mark.long
@every_store
def test_a_front_without_descriptors_tries_until_it_has_some(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        assert isinstance(store, ExecutorStore)
        victim = executors()[min(executors())]
        victim.kill()
        await until(lambda: len(store._pool._executors) == PLACES - 1)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest_free = os.dup(0)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + 1, most[1]))  # room for one of the two
        try:
            with capture_logs() as told:
                await asyncio.sleep(1.5)  # longer than the store waits before it has an idle executor replaced
            assert len(store._pool._executors) == PLACES - 1
            assert b"Cornwall" in await ask(store, POINT)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)

        await until_filled(store)
        assert {entry["event"] for entry in told} == {"executor not forked"}
        assert all(entry["reason"] and entry["log_level"] == "warning" for entry in told)

    open_store(scenario)


FRONT = """
import asyncio, sys
from pathlib import Path
from kg.files import Dataset
from kg.settings import Settings
from kg.store.executors import ExecutorStore

async def main():
    store = ExecutorStore(Settings(), Dataset(Path(sys.argv[1])))
    await store.start()
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_front_that_is_killed_takes_template_and_executors_with_it() -> None:
    with subprocess.Popen([sys.executable, "-c", FRONT, str(SAMPLE.root)], stdout=subprocess.PIPE, text=True) as front:
        assert front.stdout is not None
        assert front.stdout.readline() == "ready\n"
        processes = psutil.Process(front.pid).children(recursive=True)

        front.kill()

    assert len(processes) == 1 + PLACES
    asyncio.run(until(lambda: all(has_ended(process) for process in processes)))
