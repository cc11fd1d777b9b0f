"""A store whose queries may ask other endpoints (level 2): the engine never does, and could not.

What a SERVICE asks is asked here beforehand, of endpoints that the operator allows, and put into the text of the query;
then the store answers that. All that can be checked is checked before the first connection.
"""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Final

from kg.errors import QueryTimeout, ResultTooLarge, ServerFull
from kg.settings import Settings
from kg.sparql.guard import find_services, inspect
from kg.sparql.inquiry import Inquiry
from kg.sparql.services import ServiceClause
from kg.store.allowlist import AllowList
from kg.store.base import Lane, Outcome, QueryRequest, Request, Sink, Store
from kg.store.egress import Egress

FEDERATED_AT_ONCE: Final = 8  # queries with SERVICE, whose answers are held; more wait, within their time
_RETRY_AFTER_S: Final = 1
_LEAST_S: Final = 0.001  # for a query whose time has just ended; it will say so itself
SHORT_TEXT: Final = 8 * 1024  # characters, which are scanned within 4 ms


class FederatedStore:
    """A store before `inner`, which answers what has no SERVICE; see `kg.store.base.Store`."""

    def __init__(self, inner: Store, settings: Settings) -> None:
        self._inner = inner
        self._settings = settings
        self._allowed = AllowList(settings.service_allow)
        self._egress = Egress(settings.service_timeout_s)
        self._places = asyncio.Semaphore(FEDERATED_AT_ONCE)

    @property
    def version(self) -> str:
        """That of the inner store."""
        return self._inner.version

    @property
    def ready(self) -> bool:
        """That of the inner store."""
        return self._inner.ready

    async def start(self) -> None:
        """Start the inner store."""
        await self._inner.start()

    async def stop(self) -> None:
        """Stop the inner store."""
        await self._inner.stop()

    async def run(self, request: Request, sink: Sink, lane: Lane = Lane.GENERAL) -> Outcome:
        """Answer `request` into `sink`; the time of endpoints is part of its time.

        Raises:
            ServerFull: too many of such queries go on.
            QueryRefused: it asks whom it may not ask, or in a way that is not done here; nothing was sent.
            ServiceTimeout, ServiceFailed: an endpoint has no answer, and its clause is not SILENT.
            KgError: as the inner store.
        """
        if not isinstance(request, QueryRequest) or "service" not in request.text.lower():
            return await self._inner.run(request, sink, lane)
        clauses = await self._find(request.text)
        if not clauses:
            return await self._inner.run(request, sink, lane)
        try:
            async with asyncio.timeout(request.timeout_s):
                await self._places.acquire()
        except TimeoutError:
            raise ServerFull("queries with SERVICE", _RETRY_AFTER_S) from None
        try:
            return await self._run(request, clauses, sink, lane)
        finally:
            self._places.release()

    async def _run(self, request: QueryRequest, clauses: tuple[ServiceClause, ...], sink: Sink, lane: Lane) -> Outcome:
        """Ask for `clauses`, and answer what becomes of the request, within its time."""
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + request.timeout_s
        inquiry = Inquiry(request, clauses, self._allowed, self._settings.service_max_bytes)
        try:
            async with asyncio.timeout_at(give_up_at):
                text = await inquiry.inlined(partial(self._collect, lane), self._egress)
            left = max(give_up_at - clock(), _LEAST_S)
            return await self._inner.run(replace(request, text=text, timeout_s=left), sink, lane)
        except (TimeoutError, QueryTimeout) as error:
            raise QueryTimeout(request.timeout_s) from error

    async def _find(self, text: str) -> tuple[ServiceClause, ...]:
        """The SERVICE clauses of `text`; where nothing is allowed, there is none that passes."""
        if len(text) <= SHORT_TEXT:
            return self._scan(text)
        return await asyncio.to_thread(self._scan, text)

    def _scan(self, text: str) -> tuple[ServiceClause, ...]:
        limits = self._settings
        if not self._allowed:
            inspect(text, max_nesting=limits.max_nesting, max_operators=limits.max_operators)
            return ()
        return find_services(text, max_nesting=limits.max_nesting, max_operators=limits.max_operators)

    async def _collect(self, lane: Lane, request: QueryRequest) -> bytes:
        """The whole answer of the inner store to a question of ours."""
        sink = _Kept(self._settings.service_max_bytes)
        await self._inner.run(request, sink, lane)
        return bytes(sink.content)


class _Kept:
    """Keeps an answer of at most `max_bytes` bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.content = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            ResultTooLarge: they pass the limit.
        """
        self.content += chunk
        if len(self.content) > self._max_bytes:
            raise ResultTooLarge(self._max_bytes)
