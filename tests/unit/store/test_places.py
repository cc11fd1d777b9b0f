import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from kg.errors import StoreUnavailable
from kg.store.base import Lane
from kg.store.places import NoPlaceError, Places

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Seat:
    """Something to be placed."""

    name: str
    lane: Lane = Lane.GENERAL


Scenario = Callable[[Places[Seat]], Awaitable[None]]


def run(scenario: Scenario, max_waiting: int = 10) -> None:
    async def main() -> None:
        await scenario(Places[Seat](max_waiting))

    asyncio.run(main())


async def wait(places: Places[Seat], lane: Lane = Lane.GENERAL, patience_s: float = PATIENCE_S) -> asyncio.Task[Seat]:
    """A task that waits for a place."""
    task = asyncio.create_task(places.take(lane, patience_s))
    await asyncio.sleep(0)
    return task


def test_who_came_first_is_served_first() -> None:
    async def scenario(places: Places[Seat]) -> None:
        first, second = await wait(places), await wait(places)

        places.give(Seat("a"))
        places.give(Seat("b"))

        assert [await first, await second] == [Seat("a"), Seat("b")]

    run(scenario)


def test_the_reserved_place_is_not_given_to_the_general_lane() -> None:
    async def scenario(places: Places[Seat]) -> None:
        waiting = await wait(places)
        reserved = Seat("r", Lane.RESERVED)

        places.give(reserved)

        assert not waiting.done()
        assert await places.take(Lane.RESERVED, PATIENCE_S) == reserved
        places.give(Seat("a"))
        assert await waiting == Seat("a")

    run(scenario)


def test_the_reserved_lane_may_use_a_general_place_but_waits_behind_the_general_lane_for_it() -> None:
    async def scenario(places: Places[Seat]) -> None:
        reserved, general = await wait(places, Lane.RESERVED), await wait(places)

        places.give(Seat("a"))
        places.give(Seat("b"))

        assert (await general, await reserved) == (Seat("a"), Seat("b"))

    run(scenario)


def test_more_than_may_wait_are_turned_away_at_once_each_lane_for_itself() -> None:
    async def scenario(places: Places[Seat]) -> None:
        waiting = await wait(places)

        with pytest.raises(NoPlaceError):
            await places.take(Lane.GENERAL, PATIENCE_S)

        other = await wait(places, Lane.RESERVED)
        places.give(Seat("a"))
        places.give(Seat("b"))
        assert (await waiting, await other) == (Seat("a"), Seat("b"))

    run(scenario, max_waiting=1)


def test_one_more_may_wait_for_each_that_is_about_to_come() -> None:
    async def scenario(places: Places[Seat]) -> None:
        places.expect(Lane.GENERAL, 1)
        waiting = await wait(places)
        places.expect(Lane.GENERAL, -1)

        places.give(Seat("a"))

        assert await waiting == Seat("a")
        with pytest.raises(NoPlaceError):
            await places.take(Lane.GENERAL, PATIENCE_S)

    run(scenario, max_waiting=0)


def test_who_has_waited_too_long_is_turned_away_and_no_place_is_lost() -> None:
    async def scenario(places: Places[Seat]) -> None:
        with pytest.raises(NoPlaceError):
            await places.take(Lane.GENERAL, 0.01)

        places.give(Seat("a"))

        assert await places.take(Lane.GENERAL, PATIENCE_S) == Seat("a")

    run(scenario)


def test_a_place_given_in_the_moment_in_which_its_taker_leaves_goes_to_the_next() -> None:
    async def scenario(places: Places[Seat]) -> None:
        leaving, staying = await wait(places), await wait(places)

        places.give(Seat("a"))
        leaving.cancel()

        assert await staying == Seat("a")
        assert leaving.cancelled()

    run(scenario)


def test_clearing_answers_all_who_wait_and_forgets_what_is_idle() -> None:
    async def scenario(places: Places[Seat]) -> None:
        waiting = await wait(places)
        places.give(Seat("r", Lane.RESERVED))

        places.clear(StoreUnavailable("store", "it is stopping"))

        with pytest.raises(StoreUnavailable, match="it is stopping"):
            await waiting
        assert not places.remove(Seat("r", Lane.RESERVED))

    run(scenario)
