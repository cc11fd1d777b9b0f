"""Thousands of mutated requests against a live server with small limits: an error for each, and nothing for it.

KG_FUZZ_SEED repeats a run; without it each run is another. The seed is in the output and in every failure.
"""

import contextlib
import http.client
import json
import os
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fuzzing import Case, Maker, raw_request, seed_queries
from servers import Server, client_of, executors_of, starting, wait_until, write_large_dataset
from watching import Watcher, memory_of, tree_of

CASES = 20_000
MOST_S = 300
RAW_CASES = 1000
RAW_STATUSES = {100, 200, 204, 303, 400, 404, 405, 406, 408, 413, 414, 415, 431}
CLIENTS = 4


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Server]:
    """A server of 4,000 triples with small limits."""
    limits = {"timeout_s": 0.3, "max_timeout_s": 0.5, "query_memory_mb": 64, "head_timeout_s": 1, "body_timeout_s": 1}
    limits |= {"max_query_bytes": 100_000, "max_body_bytes": 200_000}
    with starting() as start:
        yield start(write_large_dataset(tmp_path, 2000), **limits)


@dataclass
class Fuzzer:
    """Sends cases from several threads, and keeps what must not have happened."""

    server: Server
    cases: Iterator[Case]
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Send all cases."""
        threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        while True:
            with self.lock:
                case = next(self.cases, None)
            if case is None:
                connection.close()
                return
            self._send(connection, case)

    def _send(self, connection: http.client.HTTPConnection, case: Case) -> None:
        try:
            connection.putrequest(case.method, case.target.decode("ascii"), skip_accept_encoding=True)
            for name, value in case.headers:
                connection.putheader(name, value)
            if case.body is not None:
                connection.putheader("Content-Length", str(len(case.body)))
            connection.endheaders(case.body)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._fail(case, f"no response: {error!r}")
            connection.close()
            return
        try:
            content = response.read()
        except (OSError, http.client.IncompleteRead):
            connection.close()
            with self.lock:
                self.broken += 1
                self.statuses[response.status] += 1
            if response.status != 200:
                self._fail(case, f"{response.status} is broken")
            return
        with self.lock:
            self.statuses[response.status] += 1
        wrong = "" if response.status in case.allowed else "not one of its statuses"
        wrong = wrong or wrong_with(case, response, content)
        if wrong:
            self._fail(case, f"{response.status}: {wrong}: {content[:300]!r}")

    def _fail(self, case: Case, what: str) -> None:
        with self.lock:
            body = (case.body or b"")[:3000]
            self.failures.append(f"{what}\n    {case.method} {case.target[:3000]!r}\n    {case.headers}\n    {body!r}")


def wrong_with(case: Case, response: http.client.HTTPResponse, content: bytes) -> str:
    """What is wrong with a response; empty if nothing."""
    if not response.headers["X-Request-Id"] or response.headers["Access-Control-Allow-Origin"] != "*":
        return "lacks what every response has"
    kind = response.headers["Content-Type"] or ""
    if response.status >= 400:
        if kind != "application/problem+json":
            return f"an error as {kind}"
        if case.method != "HEAD" and json.loads(content)["status"] != response.status:
            return "another status in the body"
    if response.status != 200 or case.method == "HEAD" or response.headers["Content-Encoding"]:
        return ""
    try:
        if kind.endswith("json"):
            json.loads(content)
        elif kind.endswith("xml"):
            ET.fromstring(content)  # noqa: S314 - our own server's answer
    except (ValueError, ET.ParseError) as error:
        return f"cannot be read as {kind}: {error}"
    return ""


def seed_of_this_run(capsys: pytest.CaptureFixture[str]) -> int:
    """The seed that KG_FUZZ_SEED names, or a new one; said in any case, so that a run that fails can be repeated."""
    seed = int(os.environ.get("KG_FUZZ_SEED") or random.SystemRandom().randrange(1_000_000))
    say(capsys, f"KG_FUZZ_SEED={seed}")
    return seed


def say(capsys: pytest.CaptureFixture[str], sentence: str) -> None:
    """Tell the one who runs the tests."""
    with capsys.disabled():
        print(f"\n{sentence}", end="")  # noqa: T201 - figures of a run that passes are wanted too


@pytest.mark.long
@pytest.mark.timeout(MOST_S + 120)
def test_thousands_of_mutated_requests_get_an_error_each_and_leave_the_server_as_it_was(
    target: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Memory is compared with that after the first fifth: by then the server has seen the longest requests."""
    seed = seed_of_this_run(capsys)
    maker = Maker(random.Random(seed), seed_queries())  # noqa: S311 - chance, not secrets
    processes = len(tree_of(target))
    begun = time.monotonic()
    first = Fuzzer(target, iter([maker.case() for _ in range(CASES // 5)]))
    first.run()
    settle(target)
    memory_bytes = memory_of(target)
    fuzzer = Fuzzer(target, iter([maker.case() for _ in range(CASES - CASES // 5)]))

    with Watcher(target, ("/health/ready", "/doc/id/n7.html")) as watcher:
        fuzzer.run()

    seconds = time.monotonic() - begun
    statuses = first.statuses + fuzzer.statuses
    settle(target)
    is_as_before = wait_until(lambda: memory_of(target) <= memory_bytes * 1.1, timeout_s=10)
    say(capsys, f"{statuses.total()} answers in {seconds:.0f} s: {dict(sorted(statuses.items()))}")
    say(capsys, f"broken {first.broken + fuzzer.broken}; slowest of others {watcher.slowest_s:.2f} s")
    say(capsys, f"MiB {memory_bytes >> 20}, most {watcher.most_memory_bytes >> 20}, then {memory_of(target) >> 20}")
    assert first.failures + fuzzer.failures == [], f"KG_FUZZ_SEED={seed}"
    assert watcher.failures == []
    assert seconds < MOST_S
    assert statuses.total() == CASES
    assert {200, 400, 406, 413, 414, 504} <= set(statuses)
    assert [line for line in target.log if '"error"' in line] == []
    assert len(tree_of(target)) == processes
    assert is_as_before


@pytest.mark.long
def test_bytes_that_are_nearly_requests_are_answered_or_closed_on(
    target: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed_of_this_run(capsys))  # noqa: S311 - chance, not secrets
    requests = iter([raw_request(chance) for _ in range(RAW_CASES)])
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                request = next(requests, None)
            if request is None:
                return
            try:
                received = answer_to(target, request)
            except TimeoutError:
                received = b"HTTP/1.1 999 not closed in time"
            found = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]
            with lock:
                statuses.update(found)
                if not set(found) <= RAW_STATUSES:
                    failures.append(f"{found}: {request[:2000]!r}\n    {received[:500]!r}")

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    say(capsys, f"{dict(sorted(statuses.items()))}")
    assert failures == []
    assert {200, 400, 408} <= set(statuses)
    assert [line for line in target.log if '"error"' in line] == []
    settle(target)


def answer_to(server: Server, request: bytes) -> bytes:
    """Everything that the server sends until it closes the connection.

    Raises:
        TimeoutError: it says nothing for 15 s and does not close.
    """
    received = b""
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection,
        contextlib.suppress(BrokenPipeError, ConnectionResetError),
    ):
        connection.sendall(request)
        while chunk := connection.recv(65536):
            received += chunk
    return received


def settle(server: Server) -> None:
    """Wait until each place has its executor and there are no others."""
    assert wait_until(lambda: len(executors_of(server)) == 3, timeout_s=10)
    with client_of(server) as client:
        assert client.get("/sparql", params={"query": "ASK {}"}).status_code == 200
