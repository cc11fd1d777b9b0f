"""A server process of ours or of a peer: started, weighed, and ended by its own id; on the loopback address only."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

LOOPBACK: Final = "127.0.0.1"
STOPPING_S: Final = 10  # a server that has not ended by then is killed


class NotStarted(Exception):
    """A server that did not become ready; the message has what it said last."""


class Process:
    """A running server; what it says goes into the file `log`."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start `command` with the variables of `environment` beside those of ours that are not settings of `kg`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
        self.log = log
        with log.open("wb") as said:
            self._popen = subprocess.Popen(
                list(command),
                env=inherited | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Return as soon as `condition` holds; it is asked again and again, some hundred times a second.

        Raises:
            NotStarted: the process has ended, or `timeout_s` seconds have passed.
        """
        give_up_at = time.monotonic() + timeout_s
        while not condition():
            if self._popen.poll() is not None:
                raise NotStarted(f"it ended with code {self._popen.returncode}:\n{self._last_words()}")
            if time.monotonic() > give_up_at:
                raise NotStarted(f"it was not ready after {timeout_s:g} s:\n{self._last_words()}")
            time.sleep(0.003)

    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def cpu_s(self) -> float:
        """Seconds of processor time that the process and its descendants took, those included that have ended."""
        return self._sum(lambda process: sum(process.cpu_times()[:4]))

    def memory_bytes(self) -> int:
        """Memory of the process and its descendants now; pages that they share count once (PSS)."""
        return int(self._sum(lambda process: process.memory_full_info().pss))

    def stop(self) -> None:
        """End it; its own children are its business."""
        if self._popen.poll() is None:
            self._popen.terminate()
        try:
            self._popen.wait(STOPPING_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def _sum(self, measure: Callable[[psutil.Process], float]) -> float:
        """The sum of a measure over the process and its descendants; one that ends meanwhile counts nothing."""
        total = 0.0
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._popen.pid)
            for process in (first, *first.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += measure(process)
        return total

    def _last_words(self) -> str:
        return "\n".join(self.said().splitlines()[-10:])


def free_port() -> int:
    """A port of the loopback address that nobody listens on; for servers that cannot choose one themselves."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])
