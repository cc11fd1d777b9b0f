"""How long a connection may keep us waiting, and how many there may be (level 3).

A request has a time in which its head must arrive, and another for its body; an answer has a time in which each part
must be taken; whoever asks nothing gives way to others when there are too many. The HTTP layer knows none of these.
"""

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

PART_BYTES: Final = 64 * 1024  # of an answer, which a reader must take in its time
MIN_WAIT_S: Final = 1.0  # who has just come does not give way: a request may be on its way
MAX_REFUSED: Final = 64  # connections beyond the limit, which are told why; more are cut without a word
_RESET: Final = struct.pack("ii", 1, 0)  # linger for 0 seconds: what is not sent is dropped, and a reset says so

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of a server's connections, by the settings of the same names."""

    max_connections: int
    head_timeout_s: float
    body_timeout_s: float
    reader_timeout_s: float


class PatientConnection(HttpToolsProtocol):
    """A connection with bounded patience; what is said to a client whose time is up is left to the subclass."""

    patience: Patience

    waits_since: float | None = None  # for a request or the rest of it; None while there is a whole one
    _wait: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None  # runs while the client has an answer to take
    _sent_bytes = 0

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.unanswered: deque[RequestResponseCycle] = deque()  # the first is being answered, others came after it

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for a request, unless there are too many who do."""
        super().connection_made(transport)
        self._wait_for(self.patience.head_timeout_s)
        excess = len(self.connections) - self.patience.max_connections
        if excess <= 0 or self._someone_gives_way():
            return
        if excess > MAX_REFUSED:
            transport.abort()
        else:
            self.refuse_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: nothing is waited for, and every request on it learns that its client has left."""
        self._stop_waiting()
        if self._reading is not None:
            self._reading.cancel()
        for cycle in self.unanswered:
            cycle.disconnected = not cycle.response_complete
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; whatever comes between two requests begins the time of the next one's head."""
        if self._wait is None and self.is_between_requests:
            self._wait_for(self.patience.head_timeout_s)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is here; wait for the body."""
        super().on_headers_complete()
        self.unanswered.append(self.cycle)
        self._wait_for(self.patience.body_timeout_s)

    def on_message_complete(self) -> None:
        """The request is here as a whole."""
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written; wait for the next request, for as long as the HTTP layer keeps a connection."""
        if self.unanswered:
            self.unanswered.popleft()
        super().on_response_complete()
        if self.is_between_requests and self.waits_since is None:
            self.waits_since = self.loop.time()

    @property
    def is_between_requests(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def refuse_connection(self) -> None:
        """Say that there are too many connections."""
        raise NotImplementedError

    def refuse_slowness(self) -> None:
        """Say, if it can be said, that the request did not arrive in time."""
        raise NotImplementedError

    def _wait_for(self, seconds: float) -> None:
        self._stop_waiting()
        self.waits_since = self.loop.time()
        self._wait = self.loop.call_later(seconds, self._lose_patience, seconds)

    def _stop_waiting(self) -> None:
        self.waits_since = None
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None

    def _lose_patience(self, seconds: float) -> None:
        """The request is late, unless it is we who do not read it."""
        if self.flow.read_paused or self.pipeline:
            self._wait_for(seconds)
            return
        self._wait = None
        if not self.transport.is_closing():
            self.refuse_slowness()

    def _someone_gives_way(self) -> bool:
        """Cut the connection that has waited longest without a request to answer; False if none has waited a while."""
        before = self.loop.time() - MIN_WAIT_S
        waiting = [
            (other.waits_since, id(other), other)
            for other in self.connections
            if isinstance(other, PatientConnection)
            and other is not self
            and other.waits_since is not None
            and other.waits_since < before
        ]
        if not waiting:
            return False
        _, _, longest = min(waiting)
        longest.transport.abort()
        return True

    def timeout_keep_alive_handler(self) -> None:
        """Nothing has come after an answer; the client may still be taking it."""
        self.close()

    def close(self) -> None:
        """Close when the client has taken everything, as long as it does take."""
        self.transport.close()
        self._watch_reader()

    def pause_writing(self) -> None:
        """The client takes an answer more slowly than it is sent."""
        super().pause_writing()
        self._watch_reader()

    def send_bytes(self, data: bytes) -> None:
        """Write a part of an answer, and count it; on a connection that is gone it has nowhere to go."""
        if not self.transport.is_closing():
            self._sent_bytes += len(data)
            self.transport.write(data)

    @property
    def _taken_bytes(self) -> int:
        """What has left for the client, of all answers."""
        return self._sent_bytes - self.transport.get_write_buffer_size()

    def _watch_reader(self) -> None:
        """Watch that the client takes what there is; a watch that runs already goes on."""
        if self._reading is None and self.transport.get_write_buffer_size():
            wanted = self._taken_bytes + min(PART_BYTES, self.transport.get_write_buffer_size())
            self._reading = self.loop.call_later(self.patience.reader_timeout_s, self._check_reader, wanted)

    def _check_reader(self, wanted_bytes: int) -> None:
        """Cut the connection of a client that has not taken its part in time."""
        self._reading = None
        if self._taken_bytes < wanted_bytes:
            log.info("reader too slow", reader_timeout_s=self.patience.reader_timeout_s)
            self.cut()
        else:
            self._watch_reader()

    def cut(self) -> None:
        """End the connection so that no client takes what it has for the whole, however the end of it is told."""
        peer: socket.socket | None = self.transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()
