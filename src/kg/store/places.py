"""Places for queries (level 1): who gets which idle executor, who waits, who is turned away.

Pure order, without processes: anything that has a lane can be placed.
"""

import asyncio
from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from kg.errors import StoreUnavailable
from kg.store.base import Lane


class Placed(Protocol):
    """What is given and taken."""

    @property
    def lane(self) -> Lane:
        """The lane to which it belongs."""


_T = TypeVar("_T", bound=Placed)

# A request of a lane takes from these, best first.
_TAKES: Final = {Lane.GENERAL: (Lane.GENERAL,), Lane.RESERVED: (Lane.RESERVED, Lane.GENERAL)}
# What becomes free in a lane goes to who waits in these, the first of the first.
_GIVES: Final = {Lane.GENERAL: (Lane.GENERAL, Lane.RESERVED), Lane.RESERVED: (Lane.RESERVED,)}


class NoPlaceError(Exception):
    """The queue is full, or nothing became free in time."""


class Places(Generic[_T]):
    """The idle of each lane, and for each lane a queue of at most `max_waiting`, first come, first served."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._idle: dict[Lane, list[_T]] = {lane: [] for lane in Lane}
        self._waiting: dict[Lane, deque[asyncio.Future[_T]]] = {lane: deque() for lane in Lane}
        self._coming: dict[Lane, int] = dict.fromkeys(Lane, 0)

    async def take(self, lane: Lane, patience_s: float) -> _T:
        """The one that was given last of those that are idle, or the next that is given.

        Raises:
            NoPlaceError: the queue of `lane` is full, or nothing became free within `patience_s` seconds.
            StoreUnavailable: `clear` was called meanwhile.
        """
        for source in _TAKES[lane]:
            if self._idle[source]:
                return self._idle[source].pop()
        queue = self._waiting[lane]
        if len(queue) >= self._max_waiting + self._coming[lane]:
            raise NoPlaceError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        queue.append(future)
        timer = loop.call_later(patience_s, _give_up, future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.give(future.result())  # it came in the moment in which the taker left
            raise
        finally:
            timer.cancel()
            if future in queue:
                queue.remove(future)

    def is_waited_for(self, lane: Lane) -> bool:
        """Whether somebody waits for what is placed in `lane`."""
        return any(not future.done() for taker in _GIVES[lane] for future in self._waiting[taker])

    def expect(self, lane: Lane, count: int) -> None:
        """Let `count` more wait in `lane`, or fewer if negative: not for who is busy, but for who is about to come."""
        self._coming[lane] += count

    def give(self, item: _T) -> None:
        """Hand `item` to the first who waits for it, or keep it for the next who comes."""
        for lane in _GIVES[item.lane]:
            queue = self._waiting[lane]
            while queue:
                future = queue.popleft()
                if not future.done():
                    future.set_result(item)
                    return
        self._idle[item.lane].append(item)

    def remove(self, item: _T) -> bool:
        """Take out `item` if it is idle; whether it was."""
        if item not in self._idle[item.lane]:
            return False
        self._idle[item.lane].remove(item)
        return True

    def clear(self, error: StoreUnavailable) -> None:
        """Forget all that is idle, and answer all who wait with `error`."""
        for lane in Lane:
            self._idle[lane].clear()
            for future in self._waiting[lane]:
                if not future.done():
                    future.set_exception(error)
            self._waiting[lane].clear()


def _give_up(future: asyncio.Future[_T]) -> None:
    if not future.done():
        future.set_exception(NoPlaceError())
