"""Others beside hostile clients: a watcher that asks ordinary things, and what the processes of a server take."""

import threading
import time
from dataclasses import dataclass, field

import httpx
import psutil

from servers import Server, client_of

SLACK = 3  # so much longer may anything take on a machine that has other work

LOOK_UP = "SELECT ?name WHERE { <https://w3id.org/rapallo/id/n7> <https://w3id.org/rapallo/ont#name> ?name }"


@dataclass
class Watcher:
    """A client that asks one address after the other until it is stopped; used as a context."""

    server: Server
    addresses: tuple[str, ...]
    interval_s: float = 0.02
    statuses: dict[int, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    most_memory_bytes: int = 0
    _is_over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Watcher":
        self._threads = [threading.Thread(target=self._watch), threading.Thread(target=self._weigh)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    @property
    def slowest_s(self) -> float:
        """Seconds that the slowest answer took."""
        return max(self.times)

    def _watch(self) -> None:
        with client_of(self.server) as client:
            number = 0
            while not self._is_over.is_set():
                self._ask(client, self.addresses[number % len(self.addresses)])
                number += 1
                self._is_over.wait(self.interval_s)

    def _ask(self, client: httpx.Client, address: str) -> None:
        begun = time.monotonic()
        try:
            response = client.get(address)
        except httpx.HTTPError as error:
            self.failures.append(f"{address}: {error!r}")
            return
        self.times.append(time.monotonic() - begun)
        self.statuses[response.status_code] = self.statuses.get(response.status_code, 0) + 1
        if response.status_code != 200:
            self.failures.append(f"{address}: {response.status_code} {response.text[:200]}")

    def _weigh(self) -> None:
        while not self._is_over.wait(0.1):
            self.most_memory_bytes = max(self.most_memory_bytes, memory_of(self.server))


def memory_of(server: Server) -> int:
    """Bytes of memory of all processes of a server, what they share counted once (proc(5), Pss)."""
    total = 0
    for process in tree_of(server):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


def tree_of(server: Server) -> list[psutil.Process]:
    """All processes of a server."""
    front = psutil.Process(server.pid)
    return [front, *front.children(recursive=True)]
