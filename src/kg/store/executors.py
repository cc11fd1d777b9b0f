"""The store that is served (level 1): each query in an executor of its own, which is ended when the query goes wrong.

A query that takes too long or too much, or crashes the engine, costs its sender an error, and nobody else anything.
"""

import asyncio
import signal
from dataclasses import dataclass
from typing import Final

from kg.errors import ExecutorLost, KgError, QueryOutOfMemory, QueryTimeout, QueryTooComplex
from kg.files import Dataset
from kg.settings import Settings
from kg.store.base import Lane, Outcome, Request, Sink
from kg.store.executor import Limits
from kg.store.forking import Ending, ExecutorProcess, describe
from kg.store.frames import End, Fail, Frame, FrameError, Kind, decode_end, decode_fail, encode_request, read_frame
from kg.store.overtime import Beginning, TurnOverError, turn
from kg.store.pool import ExecutorPool

_ENDING_S: Final = 5.0  # for the template to say how an executor ended, which takes it milliseconds
# What the engine (a failed allocation aborts it), its language and Python say when the address space is used up.
_OUT_OF_MEMORY: Final = ("memory allocation of", "capacity overflow", "MemoryError")


class ExecutorStore:
    """A store in the memory of forked processes (design.md, section 5); see `kg.store.base.Store`.

    The time limit of a request counts from the start of its evaluation until the sink has taken the last byte, so that
    a slow reader cannot keep an executor. Before that a request waits for an executor at most as long again, and in a
    queue of at most `settings.queue` for each lane. A query whose turn is over may begin again (`kg.store.overtime`).
    """

    def __init__(self, settings: Settings, dataset: Dataset, further: bytes = b"") -> None:
        """A store of `dataset` and of the N-Quads of `further`, named graphs that others have made of it."""
        self._limits = Limits(settings.query_memory_mb, settings.stack_mb)
        self._pool = ExecutorPool(
            dataset, further, self._limits, settings.executors, settings.long_executors, settings.queue
        )
        # Without overtime no query begins again, and nothing is gained by holding its beginning back.
        self._held_bytes = settings.buffer_bytes if settings.long_executors else 0

    @property
    def version(self) -> str:
        """Names the state of the dataset; empty before the first start."""
        return self._pool.version

    @property
    def ready(self) -> bool:
        """Whether a request would be answered now, or queued."""
        return self._pool.ready

    async def start(self) -> None:
        """Load the dataset in a template and fork the executors.

        Raises:
            StoreUnavailable: the dataset has an error, named with file and line, or there is no process to be had.
        """
        await self._pool.start()

    async def run(self, request: Request, sink: Sink, lane: Lane = Lane.GENERAL) -> Outcome:
        """Answer `request` into `sink`; see `kg.store.base.Store.run`."""
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + request.timeout_s
        executor = await self._pool.take(lane, request.timeout_s)
        try:
            return await self._evaluate(executor, request, sink)
        except TurnOverError:
            executor = await self._pool.take_long(lane, give_up_at - clock())
            return await self._evaluate(executor, request, sink)

    async def _evaluate(self, executor: ExecutorProcess, request: Request, sink: Sink) -> Outcome:
        """Answer `request` by `executor`, and give that back.

        Raises:
            TurnOverError: the query has to begin again; `sink` has seen nothing.
            KgError: as `run`.
        """
        executor.busy_until = asyncio.get_running_loop().time() + request.timeout_s
        beginning = Beginning(sink, self._held_bytes)
        is_reusable = False
        try:
            async with asyncio.timeout_at(executor.busy_until) as limit, turn(_Place(self._pool, executor), beginning):
                last = await _converse(executor, encode_request(request), beginning)
            is_reusable = not last.is_last
        except TimeoutError as error:
            if limit.expired():
                raise QueryTimeout(request.timeout_s) from error
            raise  # it is the sink's own
        except _LostError:
            raise await self._why_lost(executor) from None
        finally:
            self._pool.release(executor, is_reusable=is_reusable)
        if isinstance(last, Fail):
            raise last.error
        return Outcome(executor.version, last.elapsed_s, last.rows)

    async def stop(self) -> None:
        """End all processes; what is running or waiting gets StoreUnavailable."""
        await self._pool.stop()

    async def _why_lost(self, executor: ExecutorProcess) -> KgError:
        """The error that the end of `executor` in the middle of an answer means."""
        await asyncio.wait([executor.ended], timeout=_ENDING_S)
        if self._pool.is_stopping:
            return self._pool.unavailable
        ending = executor.ended.result() if executor.ended.done() else Ending(None, "it hung up and did not end")
        return _error_of(ending, self._limits)


@dataclass(frozen=True, slots=True)
class _Place:
    """The place that an executor has in a pool, as a turn sees it."""

    pool: ExecutorPool
    executor: ExecutorProcess

    def prolong(self) -> bool:
        """Leave the place to the next; see `ExecutorPool.prolong`."""
        return self.pool.prolong(self.executor)

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for the place."""
        return self.pool.is_waited_for(self.executor)


class _LostError(Exception):
    """The executor's stream ended before the answer was complete."""


async def _converse(executor: ExecutorProcess, request: bytes, sink: Beginning) -> End | Fail:
    """Send a request and pass its answer on, until the frame that ends it; an error of the sink comes out as it is."""
    executor.writer.write(request)
    while True:
        frame = await _next_frame(executor)
        match frame.kind:
            case Kind.CHUNK:
                await sink.write(frame.payload)
            case Kind.END:
                await sink.pass_on()
                return decode_end(frame.payload)
            case Kind.FAIL:
                return decode_fail(frame.payload)


async def _next_frame(executor: ExecutorProcess) -> Frame:
    try:
        frame = await read_frame(executor.reader)
    except (FrameError, ConnectionError) as error:
        raise _LostError from error
    if frame is None:
        raise _LostError
    return frame


def _error_of(ending: Ending, limits: Limits) -> KgError:
    """What the end of an executor says about the query that it was evaluating."""
    if ending.status is None:
        return ExecutorLost(ending.words)
    if ending.status in (-signal.SIGSEGV, -signal.SIGBUS):
        return QueryTooComplex(
            f"the query is nested or chained so deeply that the engine ran out of its stack of {limits.stack_mb} MiB"
        )
    if any(sign in ending.words for sign in _OUT_OF_MEMORY):
        return QueryOutOfMemory(limits.query_memory_mb)
    last_words = ending.words.strip().rpartition("\n")[2]
    return ExecutorLost(": ".join(filter(None, (describe(ending.status), last_words))))
