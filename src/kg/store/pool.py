"""The pool (level 1): a template, an executor for each place, and those in overtime; what is lost is replaced."""

import asyncio
import math
from collections.abc import Coroutine, Iterable
from typing import Final

import structlog

from kg.errors import QueueFull, StoreUnavailable
from kg.files import Dataset
from kg.store.base import Lane
from kg.store.executor import Limits
from kg.store.forking import ExecutorProcess, TemplateProcess
from kg.store.overtime import Overtime
from kg.store.places import NoPlaceError, Places

RESERVED_EXECUTORS: Final = 1  # pages and stored queries are short, and one keeps them moving
_RETRY_S: Final = 1.0  # before doing again what has just failed without a query to blame
_MAX_RETRY_S: Final = 30.0
_SETTLED_S: Final = 10.0  # a template that lived as long did not fail at once, so the next is started at once

log = structlog.get_logger()


class ExecutorPool:
    """Executors of both lanes, as many as there are places, except for the milliseconds that a new one takes.

    Beside them up to `long_executors` evaluate queries whose turn is over; they leave when they have answered.
    """

    def __init__(
        self, dataset: Dataset, further: bytes, limits: Limits, executors: int, long_executors: int, max_waiting: int
    ) -> None:
        self._dataset = dataset
        self._further = further
        self._overtime = Overtime(long_executors, max_waiting)
        self._long: set[ExecutorProcess] = set()
        self._limits = limits
        self._lanes = [Lane.GENERAL] * executors + [Lane.RESERVED] * RESERVED_EXECUTORS
        self._places: Places[ExecutorProcess] = Places(max_waiting)
        self._executors: set[ExecutorProcess] = set()
        self._template: TemplateProcess | None = None
        self._opened_at = 0.0
        self._reason = "it has not been started"
        self._tasks: set[asyncio.Task[None]] = set()
        self.version = ""
        self.is_stopping = False

    @property
    def ready(self) -> bool:
        """Whether the template lives, so that each place has an executor or will have one in milliseconds."""
        return self._template is not None

    @property
    def unavailable(self) -> StoreUnavailable:
        """The error for who comes while the pool is not ready."""
        return StoreUnavailable("store", self._reason)

    async def start(self) -> None:
        """Start a template and fork an executor for each place.

        Raises:
            StoreUnavailable: the dataset has an error, named with file and line, or there is no process to be had.
        """
        template = await TemplateProcess.start(self._dataset, self._limits, self._further)
        executors: list[ExecutorProcess] = []
        try:
            for lane in self._lanes:
                executors.append(await template.fork(lane))  # noqa: PERF401 - what was forked before a failure counts
        except BaseException:
            for executor in executors:
                executor.discard()
            await template.stop()
            raise
        self._template = template
        self._opened_at = asyncio.get_running_loop().time()
        self.version = template.version
        for executor in executors:
            self._adopt(executor)
        template.gone.add_done_callback(self._lose_template)

    async def take(self, lane: Lane, patience_s: float) -> ExecutorProcess:
        """A living, idle executor, to be given back by `release`.

        Raises:
            QueueFull: the queue of `lane` is full, or no executor became free within `patience_s` seconds.
            StoreUnavailable: the pool is not ready.
        """
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + patience_s
        while True:
            if self._template is None:
                raise self.unavailable
            try:
                executor = await self._places.take(lane, give_up_at - clock())
            except NoPlaceError:
                raise QueueFull(self._retry_after_s(self._executors)) from None
            if executor.is_alive:
                return executor
            self._replace(executor)

    async def take_long(self, lane: Lane, patience_s: float) -> ExecutorProcess:
        """An executor of its own for a query in overtime, to be given back by `release`.

        Raises:
            QueueFull: too many wait for that, or there was no room within `patience_s` seconds.
            StoreUnavailable: the pool is not ready.
        """
        try:
            await self._overtime.take(patience_s)
        except NoPlaceError:
            raise QueueFull(self._retry_after_s(self._long)) from None
        executor = None
        try:
            if self._template is not None:
                executor = await self._template.fork(lane)
        finally:
            if executor is None:
                self._overtime.give()
        if executor is None:
            raise self.unavailable
        executor.run_after_others()
        self._long.add(executor)
        return executor

    def prolong(self, executor: ExecutorProcess) -> bool:
        """Let a busy `executor` run on in overtime, and another take its place; False if there is no room for it."""
        if executor in self._long:
            return True
        if executor not in self._executors or self._template is None or not self._overtime.take_now():
            return False
        executor.run_after_others()
        self._long.add(executor)
        self._refill(self._template, executor)
        return True

    def is_waited_for(self, executor: ExecutorProcess) -> bool:
        """Whether somebody waits for the place of `executor`."""
        return self._places.is_waited_for(executor.lane)

    def release(self, executor: ExecutorProcess, *, is_reusable: bool) -> None:
        """Give the place of `executor` to the next query: with it, or with a new one after ending it."""
        executor.busy_until = None
        if executor in self._long:
            self._long.remove(executor)
            self._overtime.give()
            executor.discard()
        elif is_reusable and executor.is_alive and executor in self._executors:
            self._places.give(executor)
        else:
            self._replace(executor)

    async def stop(self) -> None:
        """End all processes; who waits gets StoreUnavailable, and who has an executor loses it."""
        self.is_stopping = True
        self._reason = "it is stopping"
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        template, self._template = self._template, None
        self._drop_executors()
        if template is not None:
            await template.stop()

    def _retry_after_s(self, executors: Iterable[ExecutorProcess]) -> int:
        """Seconds until the first of the queries that `executors` evaluate must have ended."""
        now = asyncio.get_running_loop().time()
        ends = [executor.busy_until for executor in executors if executor.busy_until is not None]
        return max(1, math.ceil(min(ends, default=now) - now))

    def _adopt(self, executor: ExecutorProcess) -> None:
        self._executors.add(executor)
        executor.ended.add_done_callback(lambda _: self._lose_idle(executor))
        self._places.give(executor)

    def _lose_idle(self, executor: ExecutorProcess) -> None:
        """Replace an executor that ended while it was idle; after a while, since no query is to blame."""
        if self._places.remove(executor):
            self._replace(executor, _RETRY_S)

    def _replace(self, executor: ExecutorProcess, delay_s: float = 0.0) -> None:
        """End an executor and have another forked for its place, unless the place went with an earlier template."""
        executor.discard()
        if executor in self._executors and self._template is not None:
            self._refill(self._template, executor, delay_s)

    def _refill(self, template: TemplateProcess, executor: ExecutorProcess, delay_s: float = 0.0) -> None:
        """Have another executor forked for the place of `executor`, which no longer has it."""
        self._executors.remove(executor)
        self._places.expect(executor.lane, 1)
        self._spawn(self._fill(template, executor.lane, delay_s))

    async def _fill(self, template: TemplateProcess, lane: Lane, delay_s: float) -> None:
        """Fork an executor for a place of `lane`; try until it succeeds or the template is gone."""
        try:
            executor = None
            while executor is None and not template.gone.done():
                await asyncio.sleep(delay_s)
                delay_s = _RETRY_S
                try:
                    executor = await template.fork(lane)
                except StoreUnavailable as error:
                    if not template.gone.done():  # its end is told by itself
                        log.warning("executor not forked", lane=lane.value, reason=error.reason)
        finally:
            self._places.expect(lane, -1)
        if executor is not None and template is self._template:
            self._adopt(executor)
        elif executor is not None:
            executor.discard()

    def _lose_template(self, gone: asyncio.Future[str]) -> None:
        """The template has ended, and its executors with it: say so to all who wait, and start another."""
        if self.is_stopping:
            return
        self._template = None
        self._reason = gone.result()
        log.error("template lost", reason=self._reason)
        self._drop_executors()
        self._spawn(self._restart())

    async def _restart(self) -> None:
        """Start again until it succeeds, more and more slowly while it does not."""
        has_settled = asyncio.get_running_loop().time() - self._opened_at >= _SETTLED_S
        delay_s = 0.0 if has_settled else _RETRY_S
        while True:
            await asyncio.sleep(delay_s)
            try:
                await self.start()
                log.info("template started", version=self.version)
                return
            except StoreUnavailable as error:
                self._reason = str(error)
                log.warning("template not started", reason=error.reason)
                delay_s = min(2 * delay_s + _RETRY_S, _MAX_RETRY_S)

    def _drop_executors(self) -> None:
        self._places.clear(self.unavailable)
        for executor in (*self._executors, *self._long):
            executor.discard()
        self._executors.clear()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
