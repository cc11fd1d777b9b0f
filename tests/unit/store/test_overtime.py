"""Overtime: room for a few, a bounded queue for it, and beginnings that nobody has seen."""

import asyncio

import pytest

from kg.store.overtime import Beginning, Overtime
from kg.store.places import NoPlaceError


class Collected:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    async def write(self, chunk: bytes) -> None:
        """Keep the chunk."""
        self.chunks.append(chunk)


def test_there_is_room_for_as_many_as_said_and_again_when_one_gives_it_back() -> None:
    async def scenario() -> None:
        overtime = Overtime(2, max_waiting=0)

        assert [overtime.take_now() for _ in range(3)] == [True, True, False]
        overtime.give()
        assert overtime.take_now()

    asyncio.run(scenario())


def test_who_waits_is_served_before_who_comes_later() -> None:
    async def scenario() -> None:
        overtime = Overtime(1, max_waiting=1)
        assert overtime.take_now()
        waiting = asyncio.create_task(overtime.take(10))
        await asyncio.sleep(0)

        overtime.give()

        assert not overtime.take_now()
        await waiting

    asyncio.run(scenario())


def test_too_many_and_too_long_do_not_wait() -> None:
    async def scenario() -> None:
        overtime = Overtime(1, max_waiting=1)
        assert overtime.take_now()
        waiting = asyncio.create_task(overtime.take(0.05))
        await asyncio.sleep(0)

        with pytest.raises(NoPlaceError):
            await overtime.take(10)
        with pytest.raises(NoPlaceError):
            await waiting

        overtime.give()
        assert overtime.take_now()

    asyncio.run(scenario())


@pytest.mark.parametrize(("max_bytes", "seen"), [(0, [b"ab", b"cd"]), (3, [b"ab", b"cd"]), (4, [])])
def test_nothing_is_seen_of_a_beginning_up_to_its_limit(max_bytes: int, seen: list[bytes]) -> None:
    async def scenario() -> None:
        sink = Collected()
        beginning = Beginning(sink, max_bytes)
        await beginning.write(b"ab")
        await beginning.write(b"cd")

        assert sink.chunks == seen
        await beginning.pass_on()
        assert sink.chunks == [b"ab", b"cd"]

    asyncio.run(scenario())
