"""Turns and overtime (level 1): a query holds its place for a turn; who needs longer runs on beside the places.

Two clients with long queries, or with short arms, would otherwise hold all places until their time limits. A query
whose turn is over goes on in overtime, where few run at the same time and others wait. If there is no room for it and
somebody waits for its place, it is ended and begins again when there is, as long as nobody has seen anything of it. An
answer that is being read cannot begin again; it has a longer turn, and is broken after that.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from kg.errors import QueueFull
from kg.store.base import Sink
from kg.store.places import NoPlaceError

TURN_S: Final = 0.25  # a hundred times what a look-up takes, and short enough to wait for
READ_TURN_S: Final = 2.0  # in which a client with an ordinary connection reads some MiB
RETRY_AFTER_S: Final = 1


class TurnOverError(Exception):
    """The turn of a query is over, and it has to begin again in overtime."""


class Overtime:
    """Room for `places` queries at the same time; at most `max_waiting` wait for it, first come, first served."""

    def __init__(self, places: int, max_waiting: int) -> None:
        self._free: asyncio.Queue[None] = asyncio.Queue()
        for _ in range(places):
            self._free.put_nowait(None)
        self._waiting = 0
        self._max_waiting = max_waiting

    def take_now(self) -> bool:
        """Take room, if there is any; whether there was."""
        if self._free.empty() or self._waiting:
            return False
        self._free.get_nowait()
        return True

    async def take(self, patience_s: float) -> None:
        """Wait for room and take it.

        Raises:
            NoPlaceError: too many wait, or there was no room within `patience_s` seconds.
        """
        if self._waiting >= self._max_waiting:
            raise NoPlaceError
        self._waiting += 1
        try:
            async with asyncio.timeout(patience_s):
                await self._free.get()
        except TimeoutError:
            raise NoPlaceError from None
        finally:
            self._waiting -= 1

    def give(self) -> None:
        """Give room back."""
        self._free.put_nowait(None)


class Beginning:
    """A sink that keeps the beginning of an answer to itself: up to `max_bytes` bytes nobody sees anything of it."""

    def __init__(self, sink: Sink, max_bytes: int) -> None:
        self._sink = sink
        self._max_bytes = max_bytes
        self._held: list[bytes] = []
        self._length = 0
        self.is_passed_on = max_bytes == 0

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes; an error of the sink comes out as it is."""
        if self.is_passed_on:
            await self._sink.write(chunk)
            return
        self._held.append(chunk)
        self._length += len(chunk)
        if self._length > self._max_bytes:
            await self.pass_on()

    async def pass_on(self) -> None:
        """Let the sink have what is kept; from then on it gets everything at once."""
        self.is_passed_on = True
        held, self._held = self._held, []
        for chunk in held:
            await self._sink.write(chunk)


class Place(Protocol):
    """What a turn asks of the place that its query holds."""

    def prolong(self) -> bool:
        """Leave the place to the next and run on in overtime; False if there is no room."""

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for the place."""


@asynccontextmanager
async def turn(place: Place, beginning: Beginning) -> AsyncIterator[None]:
    """A query's time on `place`, which has no end while nobody waits for it or there is room in overtime.

    Raises:
        TurnOverError: there is no room, somebody waits, and nothing of `beginning` has been passed on.
        QueueFull: the same, but something has, and the longer turn is over as well.
    """
    loop = asyncio.get_running_loop()
    read_until = loop.time() + READ_TURN_S
    timers: list[asyncio.TimerHandle] = []

    def end() -> None:
        if place.prolong():
            return
        if place.is_waited_for and (not beginning.is_passed_on or loop.time() > read_until):
            limit.reschedule(loop.time())
        else:
            timers[:] = [loop.call_later(TURN_S, end)]

    timers.append(loop.call_later(TURN_S, end))
    try:
        async with asyncio.timeout(None) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise (QueueFull(RETRY_AFTER_S) if beginning.is_passed_on else TurnOverError) from None
        raise
    finally:
        timers[0].cancel()
