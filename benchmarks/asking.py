"""One request at a time, over HTTP as the standard library speaks it; for answers that are looked at."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.processes import LOOPBACK
from benchmarks.questions import Question

ASKING_S: Final = 180.0  # without a byte, before a request is given up; a slow peer needs long for a large answer
_PART: Final = 64 * 1024


class AskingFailed(Exception):
    """An answer that is none: another status than 200, or it broke off; the message says which."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server on the loopback address answers queries."""

    port: int
    path: str

    def target(self, question: Question) -> str:
        """The request target of a query by GET."""
        return f"{self.path}?query={question.encoded}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer, with the seconds until its first and its last byte."""

    status: int
    body: bytes
    first_s: float
    whole_s: float


def ask(address: Address, question: Question, further: str = "") -> Reply:
    """The answer to a question; `further` is appended to the request target, as `&timeout=1`. Any status is an answer.

    Raises:
        AskingFailed: the answer breaks off.
        OSError: nobody listens, or nothing came for `ASKING_S`.
    """
    with _connection(address, ASKING_S) as connection:
        begun = perf_counter()
        connection.request("GET", address.target(question) + further, headers={"Accept": question.accept})
        response = connection.getresponse()
        body = bytearray(response.read1(_PART))
        first_s = perf_counter() - begun
        while part := response.read(_PART):
            body += part
        return Reply(response.status, bytes(body), first_s, perf_counter() - begun)


def ask_well(address: Address, question: Question) -> Reply:
    """The answer to a question, which is a good one.

    Raises:
        AskingFailed: the status is another than 200, or the answer breaks off.
    """
    try:
        reply = ask(address, question)
    except OSError as error:
        raise AskingFailed(f"{question.name}: {error or type(error).__name__}") from error
    if reply.status != http.client.OK:
        raise AskingFailed(f"{question.name}: status {reply.status}: {reply.body[:200].decode(errors='replace')}")
    return reply


def post_file(address: Address, file: Path, media_type: str, timeout_s: float) -> None:
    """Send a file.

    Raises:
        AskingFailed: it was not taken.
    """
    with _connection(address, timeout_s) as connection, file.open("rb") as content:
        headers = {"Content-Type": media_type, "Content-Length": str(file.stat().st_size)}
        connection.request("POST", address.path, body=content, headers=headers)
        response = connection.getresponse()
        if response.status >= http.client.MULTIPLE_CHOICES:
            raise AskingFailed(f"{file.name} was not loaded: status {response.status}")


@contextmanager
def _connection(address: Address, timeout_s: float) -> Iterator[http.client.HTTPConnection]:
    """A connection that is closed at the end."""
    connection = http.client.HTTPConnection(LOOPBACK, address.port, timeout=timeout_s)
    try:
        yield connection
    except http.client.HTTPException as error:
        raise AskingFailed(f"the answer broke off: {error!r}") from error
    finally:
        connection.close()
