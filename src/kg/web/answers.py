"""Answers of the store as HTTP responses (level 3): complete before the status line while they fit the buffer.

A longer one is streamed with the client's back-pressure. An error after its status line breaks the connection: the
outermost room raises, the server cuts the chunked body, and no client takes the piece for the whole.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from kg.errors import NotFound, ResultTooLarge
from kg.store.base import Lane, Outcome, Request, Store
from kg.web.compression import StreamCoder
from kg.web.exchange import Answer, ClientLeft, Exchange, Headers, coding_headers

T = TypeVar("T")

# What ends a statement in Turtle and its kin. A stream is held back by so much, so that it never stops where a parser,
# which knows nothing of HTTP, would find a document whole.
_ENDINGS = b" \t\r\n."
_MAX_ENDING_BYTES = 64 * 1024  # a literal of dots may be longer; it is not a whole one either

MAX_PAGE_BYTES = 16 * 1024 * 1024  # of triples read for one HTML page; beyond it no browser is pleased either


class BufferedSink:
    """Holds an answer back until it is complete or passes `buffer_bytes`; from then on it streams."""

    def __init__(self, exchange: Exchange, content_type: str, buffer_bytes: int, headers: Headers = ()) -> None:
        self._exchange = exchange
        self._content_type = content_type
        self._buffer_bytes = buffer_bytes
        self._headers = headers
        self._held = bytearray()
        self._ending = b""
        self._coder: StreamCoder | None = None

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes; waits for the client once the answer streams."""
        if self._coder is None:
            self._held += chunk
            if len(self._held) <= self._buffer_bytes:
                return
            chunk = bytes(self._held)
            self._held.clear()
            self._coder = await self._start()
        chunk = self._ending + chunk
        end = len(chunk.rstrip(_ENDINGS))
        if len(chunk) - end > _MAX_ENDING_BYTES:
            end = len(chunk)
        self._ending = chunk[end:]
        coded = await self._coder.encode(chunk[:end])
        if coded:
            await self._exchange.send_body(coded, more=True)

    async def _start(self) -> StreamCoder:
        """Send the status line and the headers of an answer whose end is not known."""
        coding = self._exchange.coding(self._content_type)
        kind = (("Content-Type", self._content_type), *coding_headers(coding))
        await self._exchange.start(200, (*kind, *self._headers))
        return StreamCoder(coding)

    async def finish(self, outcome: Outcome) -> None:
        """Send what is held as a whole response, or the end of the stream."""
        if self._coder is not None:
            last = await self._coder.encode(self._ending)
            await self._exchange.send_body(last + self._coder.finish(), more=False)
            return
        # Server-Timing (W3C) counts in milliseconds.
        timing = ("Server-Timing", f"query;dur={outcome.elapsed_s * 1000:.1f}")
        rows = () if outcome.rows is None else (("KG-Rows", str(outcome.rows)),)
        headers = (*self._headers, ("KG-Version", outcome.version), timing, *rows)
        await self._exchange.answer(Answer(200, self._content_type, bytes(self._held), headers, cacheable=True))


class BoundedSink:
    """Keeps a whole answer of at most `max_bytes` bytes for a page that is made of it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.held = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            ResultTooLarge: they pass the limit.
        """
        self.held += chunk
        if len(self.held) > self._max_bytes:
            raise ResultTooLarge(self._max_bytes)


async def answer_request(
    exchange: Exchange,
    store: Store,
    request: Request,
    buffer_bytes: int,
    lane: Lane = Lane.GENERAL,
    headers: Headers = (),
    *,
    if_empty: NotFound | None = None,
) -> None:
    """Evaluate `request` and send its answer with status 200.

    Raises:
        NotFound: `if_empty`, instead of an answer that has no triple.
        ClientLeft: the client closed the connection; the evaluation was stopped.
        KgError: what the store raises; if the answer had begun, the connection must be broken.
    """
    sink = BufferedSink(exchange, request.format.content_type, buffer_bytes, headers)
    outcome = await while_client_stays(exchange.receive, store.run(request, sink, lane))
    if if_empty is not None and outcome.rows == 0:
        raise if_empty
    await sink.finish(outcome)


async def collect(exchange: Exchange, store: Store, request: Request) -> bytes:
    """The whole answer of `request` on the reserved lane, for a page that is made of it.

    Raises:
        ResultTooLarge: it is longer than 16 MiB.
        ClientLeft, KgError: as `answer_request`.
    """
    sink = BoundedSink(MAX_PAGE_BYTES)
    await while_client_stays(exchange.receive, store.run(request, sink, Lane.RESERVED))
    return bytes(sink.held)


async def while_client_stays(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client closes the connection.

    Raises:
        ClientLeft: it was cancelled for that.
    """
    task = asyncio.create_task(work)
    watch = asyncio.create_task(_disconnect(receive))
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            watch.result()  # a body that passes its limit speaks here
            raise ClientLeft
        return task.result()
    finally:
        unfinished = [each for each in (task, watch) if not each.done()]
        for each in unfinished:
            each.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)


async def _disconnect(receive: Receive) -> None:
    """Return when the client has closed the connection; a body nobody asked for is read and dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass
