"""What a query may cost others: nothing, by time, memory, nesting, or by leaving."""

import asyncio
import time

import pytest
from stores import BOMB, POINT, PRODUCT_OF_3, RUNAWAY, Collected, Held, Opener, ask, every_store, occupied, run

from kg.errors import KgError, QueryOutOfMemory, QuerySyntaxError, QueryTimeout, QueryTooComplex, QueueFull
from kg.store.base import Lane, Store

SLACK = 3  # so much longer may anything take on a machine that has other work


async def failure_of(store: Store, text: str, timeout_s: float = 20.0) -> tuple[KgError, float]:
    """The error that a query ends with, and the seconds until then."""
    start = time.perf_counter()
    with pytest.raises(KgError) as caught:
        await ask(store, text, timeout_s=timeout_s)
    return caught.value, time.perf_counter() - start


@every_store
def test_a_late_query_is_stopped_and_the_next_one_is_answered(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        error, seconds = await failure_of(store, RUNAWAY, timeout_s=0.5)

        assert isinstance(error, QueryTimeout)
        assert error.timeout_s == 0.5
        assert 0.49 <= seconds < 0.5 * SLACK  # the clock of uvloop counts in whole milliseconds
        assert b"Cornwall" in await ask(store, POINT, timeout_s=1.0)

    open_store(scenario, executors=1)


@every_store
def test_an_answer_that_is_read_too_slowly_ends_at_the_time_limit_even_while_its_reader_is_stuck(
    open_store: Opener,
) -> None:
    async def scenario(store: Store) -> None:
        start = time.perf_counter()

        with pytest.raises(QueryTimeout):
            await run(store, PRODUCT_OF_3, Held(), timeout_s=0.5)

        assert time.perf_counter() - start < 0.5 * SLACK

    open_store(scenario)


@every_store
def test_other_queries_are_answered_while_runaways_are_stopped(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        runaways = [asyncio.create_task(failure_of(store, RUNAWAY, timeout_s=0.5)) for _ in range(2)]

        answers = await asyncio.gather(*(ask(store, POINT) for _ in range(20)))

        assert len(set(answers)) == 1
        assert b"Cornwall" in answers[0]
        assert [type(error) for error, _ in await asyncio.gather(*runaways)] == [QueryTimeout, QueryTimeout]

    open_store(scenario, executors=2)


@every_store
def test_a_query_that_takes_too_much_memory_is_stopped_and_the_next_one_is_answered(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        error, _ = await failure_of(store, BOMB)

        assert isinstance(error, QueryOutOfMemory)
        assert error.limit_mb == 64
        assert b"Cornwall" in await ask(store, POINT)

    open_store(scenario, executors=1, query_memory_mb=64)


@every_store
@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_deep_nesting_is_answered_or_refused_and_the_next_query_is_answered(open_store: Opener, depth: int) -> None:
    async def scenario(store: Store) -> None:
        text = "ASK " + "{" * depth + "}" * depth
        try:
            answer = await ask(store, text)
        except (QueryTooComplex, QuerySyntaxError):
            assert depth == 100_000
        else:
            assert b"true" in answer
            assert depth == 1_000

        assert b"Cornwall" in await ask(store, POINT)

    open_store(scenario, executors=1)


@every_store
def test_when_all_executors_are_busy_and_the_queue_is_full_a_query_is_turned_away_at_once(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        async with occupied(store, timeout_s=15.0), occupied(store, Lane.RESERVED):
            error, seconds = await failure_of(store, POINT)

            assert isinstance(error, QueueFull)
            assert 1 <= error.retry_after_s <= 15
            assert seconds < 1

        assert b"Cornwall" in await ask(store, POINT, timeout_s=5.0)

    open_store(scenario, executors=1, queue=0)


@every_store
def test_the_general_lane_leaves_an_executor_to_the_reserved_one(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        async with occupied(store):
            assert b"Cornwall" in await ask(store, POINT, timeout_s=2.0, lane=Lane.RESERVED)

    open_store(scenario, executors=1, queue=0)


@every_store
def test_a_query_waits_for_an_executor_no_longer_than_its_own_time_limit(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        async with occupied(store):
            error, seconds = await failure_of(store, POINT, timeout_s=0.3)

        assert isinstance(error, QueueFull)
        assert 0.29 <= seconds < 0.3 * SLACK  # the clock of uvloop counts in whole milliseconds

    open_store(scenario, executors=1)


@every_store
@pytest.mark.parametrize("text", [RUNAWAY, PRODUCT_OF_3])
def test_who_leaves_frees_the_executor_at_once(open_store: Opener, text: str) -> None:
    async def scenario(store: Store) -> None:
        leaving = asyncio.create_task(run(store, text, Held()))
        following = asyncio.create_task(ask(store, POINT, timeout_s=10.0))
        await asyncio.sleep(0.1)  # so that the first is most likely being evaluated; right also if it is not
        assert not following.done()

        leaving.cancel()

        start = time.perf_counter()
        assert b"Cornwall" in await following
        assert time.perf_counter() - start < 1
        with pytest.raises(asyncio.CancelledError):
            await leaving

    open_store(scenario, executors=1)


@every_store
@pytest.mark.parametrize("error", [ConnectionResetError("the client left"), TimeoutError("too slow"), ValueError("x")])
def test_an_error_of_the_sink_comes_out_as_it_is_and_frees_the_executor(open_store: Opener, error: Exception) -> None:
    class Broken(Collected):
        """A sink that takes one chunk."""

        async def write(self, chunk: bytes) -> None:
            """Refuse the second chunk."""
            if self.chunks:
                raise error
            await super().write(chunk)

    async def scenario(store: Store) -> None:
        with pytest.raises(type(error)) as caught:
            await run(store, PRODUCT_OF_3, Broken())

        assert caught.value is error
        assert b"Cornwall" in await ask(store, POINT, timeout_s=1.0)

    open_store(scenario, executors=1)


@every_store
def test_a_long_answer_is_complete_however_slowly_it_is_read(open_store: Opener) -> None:
    class Slow(Collected):
        """A sink that lets others run at each chunk."""

        async def write(self, chunk: bytes) -> None:
            """Take the chunk after a while."""
            await asyncio.sleep(0.001)
            await super().write(chunk)

    async def scenario(store: Store) -> None:
        slow, quick = Slow(), Collected()
        text = PRODUCT_OF_3 + " LIMIT 40000"

        await asyncio.gather(run(store, text, slow), run(store, text, quick))

        assert len(slow.content) > 10_000_000
        assert slow.content == quick.content
        assert max(map(len, slow.chunks)) < 200_000

    open_store(scenario, executors=2)
