"""A long query leaves its place to others: beside them while there is room in overtime, or by beginning again."""

import asyncio
import time

import pytest
from stores import POINT as LOOK_UP
from stores import PRODUCT_OF_3, RUNAWAY, Held, Opener, ask, every_store, run

from kg.errors import QueryTimeout, QueueFull
from kg.store.base import Store
from kg.store.executors import ExecutorStore
from kg.store.overtime import READ_TURN_S, TURN_S

SLACK = 3  # so much longer may anything take on a machine that has other work
# 200,000 solutions, sorted: about half a second, and no byte of an answer before
MEDIUM = "SELECT ?c ?f ?i WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY STR(?i) LIMIT 10"


async def slowest_look_up(store: Store, count: int = 5) -> float:
    """Seconds that the slowest of some look-ups took, one after the other."""
    times: list[float] = []
    for _ in range(count):
        start = time.perf_counter()
        assert b"Cornwall" in await ask(store, LOOK_UP)
        times.append(time.perf_counter() - start)
    return max(times)


def gather_failures(store: Store, text: str, count: int, timeout_s: float) -> "asyncio.Future[list[object]]":
    """What becomes of `count` equal queries that are asked at once."""
    return asyncio.gather(*(ask(store, text, timeout_s=timeout_s) for _ in range(count)), return_exceptions=True)


@every_store
@pytest.mark.parametrize("runaways", [1, 4])
def test_look_ups_wait_for_no_more_than_a_turn_of_each_runaway(open_store: Opener, runaways: int) -> None:
    async def scenario(store: Store) -> None:
        running = gather_failures(store, RUNAWAY, runaways, timeout_s=1.5)
        await asyncio.sleep(0)  # so that they were first

        slowest = await slowest_look_up(store)
        ends = await running

        assert slowest < (runaways * TURN_S + 0.2) * SLACK
        assert {type(end) for end in ends} <= {QueryTimeout, QueueFull}
        assert any(isinstance(end, QueryTimeout) for end in ends)

    open_store(scenario, executors=1, long_executors=1)


@pytest.mark.long
@every_store
def test_a_query_that_had_to_begin_again_is_answered_as_if_it_had_not(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        alone = await ask(store, MEDIUM)
        runaway = asyncio.create_task(ask(store, RUNAWAY, timeout_s=1.5))
        await asyncio.sleep(0)
        medium = asyncio.create_task(ask(store, MEDIUM))
        await asyncio.sleep(0)

        slowest = await slowest_look_up(store)

        assert slowest < (2 * TURN_S + 0.2) * SLACK
        assert await medium == alone
        with pytest.raises(QueryTimeout):
            await runaway

    open_store(scenario, executors=1, long_executors=1)


@pytest.mark.long
@every_store
def test_readers_who_take_nothing_hold_up_nobody(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        readers = [Held(), Held()]
        reading = [asyncio.create_task(run(store, PRODUCT_OF_3, reader)) for reader in readers]
        for reader in readers:
            await reader.is_reached.wait()

        assert await slowest_look_up(store) < (TURN_S + 0.2) * SLACK

        for reader in readers:
            reader.is_let_go.set()
        await asyncio.gather(*reading)
        assert len(readers[0].content) > 10_000_000
        assert readers[0].content == readers[1].content

    open_store(scenario, executors=2, long_executors=2)


@pytest.mark.long
@every_store
def test_a_reader_who_takes_nothing_loses_its_answer_when_others_wait_and_there_is_no_room(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        readers = [Held(), Held()]
        reading = [asyncio.create_task(run(store, PRODUCT_OF_3, reader)) for reader in readers]
        for reader in readers:
            await reader.is_reached.wait()

        assert await slowest_look_up(store, count=1) < (READ_TURN_S + TURN_S) * SLACK
        done, going_on = await asyncio.wait(reading, timeout=1)

        assert [type(task.exception()) for task in done] == [QueueFull]
        assert len(going_on) == 1
        for reader in readers:
            reader.is_let_go.set()
        await asyncio.gather(*going_on)

    open_store(scenario, executors=1, long_executors=1)


@every_store
def test_overtime_leaves_as_many_executors_as_there_were(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        assert isinstance(store, ExecutorStore)
        leaving = asyncio.create_task(ask(store, RUNAWAY))
        runaways = gather_failures(store, RUNAWAY, 5, timeout_s=0.8)
        await slowest_look_up(store)
        leaving.cancel()
        await asyncio.gather(leaving, runaways, return_exceptions=True)

        pool = store._pool
        give_up_at = time.monotonic() + 5
        while len(pool._executors) != 3:
            assert time.monotonic() < give_up_at, "a place was not filled again"
            await asyncio.sleep(0.01)

        assert pool._long == set()
        assert pool._overtime._free.qsize() == 2

    open_store(scenario, executors=2, long_executors=2)
