"""A soak: a normal client beside hostile ones, for minutes, on a server of our own; prints what came of it.

    python benchmarks/soak.py [--minutes 10] [--seed N]

The normal client does look-ups over SPARQL, stored queries, pages and health; a failure is any answer but 200. Two
slow readers, two half-open connections and four clients with hostile queries do their worst meanwhile. The server runs
on the dataset of the checkout with its default settings. Exit code 1 if the normal client had a failure, the server
was lost, or processes were left. It ends only what it has started.
"""

import argparse
import contextlib
import math
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
import psutil

PRODUCT = "?a ?b ?c . ?d ?e ?f"
LOOK_UP = "SELECT ?p ?o WHERE { <https://w3id.org/rapallo/id/lipetsk-base> ?p ?o }"
NORMAL = (
    "/sparql?query=" + quote(LOOK_UP),
    "/sparql?format=csv&query=" + quote("SELECT ?s WHERE { ?s a ?class } LIMIT 10"),
    "/api/bases",
    "/api/events",
    "/doc/id/lipetsk-base.html",
    "/health/ready",
)
HOSTILE = (
    f"SELECT (COUNT(*) AS ?n) WHERE {{ {PRODUCT} . ?g ?h ?i }}",
    f"SELECT * WHERE {{ {PRODUCT} . ?g ?h ?i }} ORDER BY ?f ?c",
    f"SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?c), STR(?f)); SEPARATOR=',') AS ?all) WHERE {{ {PRODUCT} }}",
    f"SELECT DISTINCT * WHERE {{ {PRODUCT} }}",
    f"SELECT * WHERE {{ {PRODUCT} }} LIMIT 1 OFFSET 2000000000",
    "SELECT * WHERE " + "{" * 50_000 + "}" * 50_000,
    "SELECT * WHERE { FILTER(1" + "+1" * 100_000 + " > 0) }",
    "SELECT * WHERE { " + "?a ?b ?c . " * 1000 + "}",
    "SELECT (COUNT(*) AS ?n) WHERE { VALUES ?v { " + "1 " * 400_000 + "} }",
    f"SELECT (COUNT(*) AS ?n) WHERE {{ {PRODUCT} FILTER REGEX(CONCAT(STR(?a), STR(?f)), '(a|aa)+$') }}",
    "SELECT (REGEX('x', '((((a{100}){100}){100}){100})') AS ?x) WHERE {}",
    "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<urn:x>|^!<urn:x>)+/(!<urn:x>|^!<urn:x>)+ ?b }",
    "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?a ?b ?c } }",
    "SELECT * WHERE { ?a ?b '" + "z" * 2_000_000 + "' }",
    "SELEC",
)
HOSTILE_CLIENTS = 4
SLOW_READERS = 2
HALF_OPEN = 2
START_S = 60
EVERY_S = 0.02  # between two questions of the normal client


@dataclass
class Tally:
    """What has been seen; written by several threads under `lock`."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    hostile: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: str) -> None:
        """Count an outcome of a hostile request."""
        with self.lock:
            self.hostile[outcome] += 1


@dataclass(frozen=True)
class Target:
    """The server under load, and until when."""

    process: "subprocess.Popen[str]"
    port: int
    is_over: threading.Event
    tally: Tally

    def client(self) -> httpx.Client:
        """A client; the environment's proxies are none of its business."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False)

    def connect(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


def ask_normally(target: Target, _chance: random.Random) -> None:
    """Ask ordinary things, one after the other."""
    number = 0
    while not target.is_over.is_set():
        with target.client() as client:
            for _ in range(200):
                if target.is_over.wait(EVERY_S):
                    return
                address = NORMAL[number % len(NORMAL)]
                number += 1
                begun = time.monotonic()
                try:
                    status = client.get(address).status_code
                    failure = "" if status == 200 else f"{address}: {status}"
                except httpx.HTTPError as error:
                    failure = f"{address}: {error!r}"
                with target.tally.lock:
                    target.tally.times.append(time.monotonic() - begun)
                    if failure:
                        target.tally.failures.append(failure)


def ask_badly(target: Target, chance: random.Random) -> None:
    """Send hostile queries, one after the other."""
    while not target.is_over.is_set():
        with target.client() as client:
            try:
                response = client.post("/sparql", data={"query": chance.choice(HOSTILE), "timeout": "10"})
                target.tally.count(str(response.status_code))
            except httpx.TransportError:
                target.tally.count("broken")


def read_slowly(target: Target, chance: random.Random) -> None:
    """Ask for an endless answer and take a little of it now and then."""
    query = quote(f"SELECT * WHERE {{ {PRODUCT} . ?g ?h ?i }}")
    while not target.is_over.is_set():
        with target.connect() as connection, contextlib.suppress(OSError):
            connection.sendall(f"GET /sparql?timeout=30&query={query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            while connection.recv(chance.choice((0, 1000, 100_000)) or 1) and not target.is_over.wait(1):
                pass
        target.tally.count("slow reader lost")


def send_slowly(target: Target, chance: random.Random) -> None:
    """Begin requests that never end."""
    heads = (
        b"GET / HTTP/1.1\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query\r\nContent-Length: 9999\r\n\r\n",
    )
    while not target.is_over.is_set():
        with target.connect() as connection, contextlib.suppress(OSError):
            connection.sendall(chance.choice(heads))
            while not target.is_over.wait(1):
                connection.sendall(b"x")
        target.tally.count("slow sender lost")


def tree_of(target: Target) -> list[psutil.Process]:
    """The processes of the server."""
    front = psutil.Process(target.process.pid)
    return [front, *front.children(recursive=True)]


def mebibytes_of(target: Target) -> int:
    """Memory of all processes of the server, what they share counted once (proc(5), Pss)."""
    total = 0
    for process in tree_of(target):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total >> 20


@contextlib.contextmanager
def serving(tally: Tally) -> Iterator[Target]:
    """A server of the checkout's dataset, for as long as the context lasts."""
    command = [sys.executable, "-m", "kg.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    address: list[str] = []
    serves = threading.Event()

    def follow() -> None:
        for line in process.stderr or ():
            if line.startswith("kg: serving at "):
                address.append(line.split()[-1].rstrip("/"))
                serves.set()
        serves.set()

    threading.Thread(target=follow, daemon=True).start()
    try:
        if not serves.wait(START_S) or not address:
            sys.exit("the server did not start")
        yield Target(process, int(address[0].rsplit(":", 1)[1]), threading.Event(), tally)
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 - its output


def chance_of(seed: int) -> random.Random:
    """Chance that can be repeated."""
    return random.Random(seed)  # noqa: S311 - no secret depends on it


def print_row(*cells: object) -> None:
    """A row of the table."""
    say("| " + " | ".join(str(cell) for cell in cells) + " |")


def watch(target: Target, minutes: float) -> None:
    """Print a row each minute until the time is over."""
    print_row("minute", "answers", "failures", "slowest s", "p99 s", "MiB", "most MiB", "processes")
    print_row(*["---"] * 8)
    begun = time.monotonic()
    seen = most = 0
    next_row = min(60.0, minutes * 60)
    while target.process.poll() is None and time.monotonic() - begun < minutes * 60:
        time.sleep(0.5)
        most = max(most, mebibytes_of(target))
        if time.monotonic() - begun >= next_row:
            with target.tally.lock:
                times, failures = sorted(target.tally.times[seen:]) or [math.nan], len(target.tally.failures)
                seen = len(target.tally.times)
            p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
            minute = f"{next_row / 60:g}"
            shown = (f"{times[-1]:.3f}", f"{p99:.3f}", mebibytes_of(target), most, len(tree_of(target)))
            print_row(minute, len(times), failures, *shown)
            next_row, most = next_row + 60, 0


def soak(minutes: float, seed: int) -> bool:
    """Run it; whether all was well."""
    tally = Tally()
    with serving(tally) as target:
        processes, memory = len(tree_of(target)), mebibytes_of(target)
        say(f"seed {seed}; at the start {memory} MiB in {processes} processes\n")
        roles: list[Callable[[Target, random.Random], None]] = [ask_normally]
        roles += [ask_badly] * HOSTILE_CLIENTS + [read_slowly] * SLOW_READERS + [send_slowly] * HALF_OPEN
        threads = [
            threading.Thread(target=role, args=(target, chance_of(seed + number))) for number, role in enumerate(roles)
        ]
        for thread in threads:
            thread.start()
        watch(target, minutes)
        target.is_over.set()
        for thread in threads:
            thread.join()
        lived = target.process.poll() is None
        time.sleep(2)  # what was asked last has ended
        after = tree_of(target) if lived else []
        memory_after = mebibytes_of(target) if lived else 0
    left = [process for process in after if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    say(f"\nafterwards {memory_after} MiB in {len(after)} processes; left when it was stopped: {len(left)}")
    slowest_s = max(tally.times, default=math.nan)
    say(f"the normal client: {len(tally.times)} answers, {len(tally.failures)} failures, slowest {slowest_s:.3f} s")
    say(f"the others: {dict(sorted(tally.hostile.items()))}")
    for failure in tally.failures[:20]:
        say(failure)
    return lived and not tally.failures and not left and len(after) == processes


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    arguments = parser.parse_args()
    sys.exit(0 if soak(arguments.minutes, arguments.seed) else 1)


if __name__ == "__main__":
    main()
