"""The edge of the HTTP layer (level 3): what it would answer by itself is answered as everything else here.

The parser keeps the offsets of a target in 16 bits, puts no bound on headers, and answers whatever it cannot read in
plain text, which a page of another origin may not even see.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast
from uuid import uuid4

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from kg.errors import ServerFull
from kg.settings import Settings
from kg.web.patience import Patience, PatientConnection
from kg.web.problems import RETRY_AFTER_S, Problem, problem_of, problem_of_status
from kg.web.room import TARGET_CUT, common_headers

MAX_HEADERS_BYTES: Final = 64 * 1024  # as much as common servers and proxies take at most
MAX_DROPPED_BYTES: Final = 64 * 1024 * 1024  # of what a client still sends after it was refused
LINGERING_S: Final = 5.0  # for a client to read why it was refused; one that is closed on while it sends may never do
_NOT_HTTP: Final = "this is not HTTP/1.1; in a target everything but ASCII letters must be percent-encoded"
_HEADERS_TOO_LARGE: Final = f"the headers are longer than the {MAX_HEADERS_BYTES} bytes that are taken here"


class Connection(PatientConnection):
    """One client's connection; a subclass per server gives it the limits and the version."""

    max_target_bytes: int
    version: Callable[[], str]

    _head_bytes = 0
    _target_bytes = 0
    _dropped_bytes = 0
    _reads_head = False
    _has_large_headers = False
    _lingers = False

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head of the request has no end."""
        if self._lingers:
            self._drop(len(data))
            return
        if self._reads_head:
            self._head_bytes += len(data)
        super().data_received(data)
        kept = self._head_bytes - min(self._target_bytes, MAX_DROPPED_BYTES)
        if self._reads_head and kept > MAX_HEADERS_BYTES and not self._lingers:
            self._refuse(problem_of_status(431, _HEADERS_TOO_LARGE))

    def on_message_begin(self) -> None:
        """A new request begins."""
        super().on_message_begin()
        self._reads_head, self._head_bytes, self._target_bytes, self._dropped_bytes = True, 0, 0, 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target; what passes the limit is counted and dropped."""
        self._target_bytes += len(url)
        if self._target_bytes <= self.max_target_bytes:
            super().on_url(url)

    def on_headers_complete(self) -> None:
        """Start the application; of a target that is too long it learns only that."""
        self._reads_head, self._head_bytes = False, 0
        if sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADERS_BYTES:
            self._has_large_headers = True
            raise ValueError(_HEADERS_TOO_LARGE)  # the parser gives up and asks for the 400 below
        if self._target_bytes > self.max_target_bytes:
            self.url = b"/"
            self.scope["extensions"] = {TARGET_CUT: {}}
        super().on_headers_complete()
        self.cycle.transport = cast("asyncio.Transport", _PoliteTransport(self, self.cycle))
        if self.scope["http_version"] == "1.0":
            _end_by_closing(self.cycle)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; after the response it is dropped, but not for ever."""
        if self.cycle.response_complete:
            self._drop(len(body))
        super().on_body(body)

    def close_politely(self, cycle: RequestResponseCycle) -> None:
        """Close the connection; if the client still sends, let it finish or give up first.

        Where an answer ends by closing, one that is broken is cut.
        """
        if cycle.response_started and not cycle.response_complete and cycle.scope["http_version"] == "1.0":
            self.cut()
        elif not cycle.more_body or self.transport.is_closing():
            self.close()
        else:
            self._linger()

    def _linger(self) -> None:
        """Send no more, and drop what comes for a while (RFC 9112, section 9.6)."""
        self._lingers = True
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGERING_S, self.transport.abort)

    def _drop(self, count: int) -> None:
        self._dropped_bytes += count
        if self._dropped_bytes > MAX_DROPPED_BYTES:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - it says less
        """Answer what the parser cannot read, or what `on_headers_complete` did not take."""
        if self._has_large_headers:
            self._refuse(problem_of_status(431, _HEADERS_TOO_LARGE))
        else:
            self._refuse(problem_of_status(400, _NOT_HTTP))

    def refuse_connection(self) -> None:
        """Say that there are too many connections."""
        self._refuse(problem_of(ServerFull("connections", RETRY_AFTER_S)))

    def refuse_slowness(self) -> None:
        """Say that the head or the body of a request is late; who has sent nothing, or has its answer, is closed on."""
        if self._reads_head:
            self._refuse(problem_of_status(408, f"the head did not arrive within {self.patience.head_timeout_s:g} s"))
        elif self.is_between_requests:
            self.close()
        elif self.cycle.response_started:
            self.cycle.keep_alive = False  # what the client has not sent is not needed for this answer
        else:
            self._refuse(problem_of_status(408, f"the body did not arrive within {self.patience.body_timeout_s:g} s"))

    def _refuse(self, problem: Problem) -> None:
        """Write a whole response and close; nothing that follows on this connection can be understood.

        A request before it, that is here as a whole, gets its answer; then the connection is closed without a word.
        """
        whole = [cycle for cycle in self.unanswered if not cycle.more_body]
        if whole:
            whole[-1].keep_alive, self._lingers = False, True
            return
        if not self.is_between_requests:
            if self.cycle.response_started:
                self.close_politely(self.cycle)  # a second status line would be taken for a part of the answer
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        request_id = uuid4().hex
        answer = problem.answer(request_id)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"connection", b"close"),
            *((key.lower().encode(), value.encode()) for key, value in answer.headers),
            *common_headers(request_id, type(self).version()).items(),
        ]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.send_bytes(STATUS_LINE[problem.status] + head + b"\r\n" + answer.body)
        self._linger()


class _PoliteTransport:
    """The part of a transport that a request's cycle uses; closing is left to the connection."""

    def __init__(self, connection: Connection, cycle: RequestResponseCycle) -> None:
        self._connection = connection
        self._cycle = cycle

    def write(self, data: bytes) -> None:
        """Send `data`."""
        self._connection.send_bytes(data)

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._connection.transport.is_closing()

    def close(self) -> None:
        """Close when the client has sent everything."""
        self._connection.close_politely(self._cycle)


def _end_by_closing(cycle: RequestResponseCycle) -> None:
    """Have an answer whose length is not known end by closing the connection: HTTP/1.0 knows no chunks.

    Source: RFC 9112, sections 6.1 and 6.3.
    """
    send = cycle.send
    is_open_ended = False

    async def send_unchunked(message: ASGISendEvent) -> None:
        nonlocal is_open_ended
        if message["type"] == "http.response.start":
            is_open_ended = all(name.lower() != b"content-length" for name, _ in message.get("headers", ()))
            if is_open_ended:
                cycle.chunked_encoding = False
        elif message["type"] == "http.response.body" and is_open_ended:
            cycle.expected_content_length = len(message["body"])
        await send(message)

    cycle.send = send_unchunked  # type: ignore[method-assign]  # uvicorn has no other place for it


def connection_class(settings: Settings, current_version: Callable[[], str]) -> type[asyncio.Protocol]:
    """The class of the connections of one server."""

    class BoundConnection(Connection):
        max_target_bytes = settings.max_target_bytes
        patience = Patience(
            settings.max_connections, settings.head_timeout_s, settings.body_timeout_s, settings.reader_timeout_s
        )
        version = staticmethod(current_version)

    return BoundConnection
