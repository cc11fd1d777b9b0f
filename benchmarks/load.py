"""A load of many connections: each asks the next question as soon as it has its answer (a closed loop).

httptools parses and uvloop carries, as in our server, so that the client needs little of the cores that it shares.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

import httptools
import uvloop

from benchmarks.asking import Address
from benchmarks.processes import LOOPBACK
from benchmarks.questions import Question

DRAIN_S: Final = 120.0  # for the answers that are still to come when no more is asked
_KEPT_FAILURES: Final = 3  # to be shown; more say the same


@dataclass
class Load:
    """What came of a load. `seconds` ends with the last answer, so that a slow one counts whole."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """How many right answers came."""
        return len(self.latencies_s)


def press(
    address: Address, questions: Iterator[Question], lengths: Mapping[str, int], connections: int, seconds: float
) -> Load:
    """Ask `questions` over `connections` for `seconds`, then wait for the answers that are still to come.

    An answer is right if its status is 200 and its body as long as `lengths` says for the question's name. A connection
    whose answer is wrong asks no more.
    """
    return uvloop.run(_press(address, questions, lengths, connections, seconds))


async def _press(
    address: Address, questions: Iterator[Question], lengths: Mapping[str, int], connections: int, seconds: float
) -> Load:
    loop = asyncio.get_running_loop()
    load = Load()
    opened: list[_Connection] = []
    for _ in range(connections):
        connection = _Connection(address, questions, lengths, load)
        opened.append(connection)
        try:
            await loop.create_connection(partial(_same, connection), LOOPBACK, address.port)
        except OSError as error:
            load.failures.append(f"connection {len(opened)} of {connections}: {error}")
            return load
    begun = time.perf_counter()
    for connection in opened:
        connection.begin(begun + seconds)
    _, late = await asyncio.wait([connection.done for connection in opened], timeout=seconds + DRAIN_S)
    load.seconds = time.perf_counter() - begun
    if late:
        load.failures.append(f"{len(late)} of {connections} connections had no answer after {DRAIN_S:g} s")
    for connection in opened:
        connection.close()
    return load


def _same(connection: "_Connection") -> "_Connection":
    return connection


class _Connection(asyncio.Protocol):
    """One connection that asks and is answered; `done` is set when it asks no more."""

    def __init__(self, address: Address, questions: Iterator[Question], lengths: Mapping[str, int], load: Load) -> None:
        self._address = address
        self._questions = questions
        self._lengths = lengths
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._name = ""
        self._length = 0
        self._asked_at = 0.0
        self._ends_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, ends_at: float) -> None:
        """Ask until `ends_at`."""
        self._ends_at = ends_at
        self._ask()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self._transport = cast("asyncio.Transport", transport)  # over TCP it is one

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"no HTTP: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so if an answer was still to come."""
        self._fail(f"the server hung up: {exc}" if exc else "the server hung up")

    def on_body(self, body: bytes) -> None:
        """Count a part of the body."""
        self._length += len(body)

    def on_message_complete(self) -> None:
        """Judge the answer and ask again; the parser is used for the next one as it is, or anew if it will not."""
        now = time.perf_counter()
        status = self._parser.get_status_code()
        if status != 200:
            self._fail(f"status {status}")
        elif self._length != self._lengths[self._name]:
            self._fail(f"{self._length} bytes, not {self._lengths[self._name]}")
        elif not self._parser.should_keep_alive():
            self._fail("the server does not keep the connection")
        else:
            self._load.latencies_s.append(now - self._asked_at)
            if now < self._ends_at:
                self._ask()
            else:
                self._end()

    def _ask(self) -> None:
        question = next(self._questions)
        self._name, self._length, self._asked_at = question.name, 0, time.perf_counter()
        head = f"GET {self._address.target(question)} HTTP/1.1\r\nHost: {LOOPBACK}\r\nAccept: {question.accept}\r\n\r\n"
        if self._transport is not None:
            self._transport.write(head.encode())

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            if len(self._load.failures) < _KEPT_FAILURES:
                self._load.failures.append(f"{self._name}: {reason}")
            self._end()

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
