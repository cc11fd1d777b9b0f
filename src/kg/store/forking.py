"""The front's side of the template (level 1): starts it, asks it for executors, hears how each ended.

Nothing is forked in the front itself: a child would inherit the clients' connections, and a broken answer would not
look broken. Everything here belongs to one event loop.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

from kg.errors import StoreUnavailable
from kg.files import Dataset
from kg.store.base import Lane
from kg.store.executor import Limits
from kg.store.template import MESSAGE_BYTES

_T = TypeVar("_T")

LONG_NICENESS: Final = 15  # of a query in overtime: a tenth of the processor beside one that has just begun
_STOP_S: Final = 5.0  # for the template to reap its executors, which takes it milliseconds


@dataclass(frozen=True, slots=True)
class Ending:
    """How an executor ended: its exit code or minus its signal, None if nobody saw it, and its last words."""

    status: int | None
    words: str


@dataclass(frozen=True, slots=True)
class _Newborn:
    """An executor as it comes from the template."""

    pid: int
    pidfd: int
    connection: socket.socket
    ended: asyncio.Future[Ending]

    def refuse(self) -> None:
        """End it, since nobody will use it."""
        _kill(self.pidfd)
        self.connection.close()


class ExecutorProcess:
    """One executor: a stream to it, how it ended, and the means to end it."""

    def __init__(
        self, newborn: _Newborn, lane: Lane, version: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = newborn.pid
        self.ended = newborn.ended
        self.lane = lane
        self.version = version
        self.reader = reader
        self.writer = writer
        self.busy_until: float | None = None  # by the clock of the event loop; None while it is idle
        self._pidfd = newborn.pidfd

    @property
    def is_alive(self) -> bool:
        """Whether nothing is known of its end."""
        return not self.ended.done() and not self.reader.at_eof()

    def run_after_others(self) -> None:
        """Let the process have the processor only for what those beside it leave; done to each of its threads."""
        with contextlib.suppress(OSError):  # it is ending
            for thread in Path(f"/proc/{self.pid}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(thread.name), LONG_NICENESS)

    def discard(self) -> None:
        """End the process, whatever it is doing, and let go of it; a second time does nothing."""
        if self._pidfd < 0:
            return
        _kill(self._pidfd)
        self._pidfd = -1
        self.writer.transport.abort()


class TemplateProcess:
    """A running template. `version` names the dataset that it holds; `gone` says how it ended, as soon as it has."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        control.setblocking(False)
        self.version = ""
        self.gone: asyncio.Future[str] = loop.create_future()
        self._loop = loop
        self._process = process
        self._pidfd = os.pidfd_open(process.pid)
        self._control = control
        self._number = 0
        self._ready: asyncio.Future[str] = loop.create_future()
        self._asked: dict[int, asyncio.Future[_Newborn]] = {}
        self._endings: dict[int, asyncio.Future[Ending]] = {}
        loop.add_reader(control.fileno(), self._hear)
        loop.add_reader(self._pidfd, self._mourn)

    @classmethod
    async def start(cls, dataset: Dataset, limits: Limits, further: bytes) -> "TemplateProcess":
        """Start a template and wait until it has loaded `dataset` and the N-Quads of `further`.

        The kernel ends it when the calling thread ends, so that no end of the front leaves it behind.

        Raises:
            StoreUnavailable: the process cannot be started, or the dataset not be loaded; with the reason.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, _file_of(further) as standard_input:
            try:
                process = subprocess.Popen(  # noqa: ASYNC220 - before anything is served, or in place of a lost one
                    _command(theirs.fileno(), dataset, limits),
                    stdin=standard_input,
                    stdout=subprocess.DEVNULL,
                    env=os.environ | {"MALLOC_ARENA_MAX": "1", "RUST_BACKTRACE": "0"},
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C reaches the front only, which then stops in order
                )
            except OSError as error:
                ours.close()
                raise StoreUnavailable("template", f"cannot be started: {error}") from error
        template = cls(process, ours)
        try:
            template.version = await template._ready
        except BaseException:
            await template.stop()
            raise
        return template

    async def fork(self, lane: Lane) -> ExecutorProcess:
        """A new executor for `lane`, idle.

        Raises:
            StoreUnavailable: the template is gone, or the system refuses a further process.
        """
        if self.gone.done():
            raise StoreUnavailable("template", self.gone.result())
        self._number += 1
        number = self._number
        asked = self._asked[number] = self._loop.create_future()
        try:
            self._control.send(json.dumps({"fork": number}).encode())
            newborn = await asked
        except OSError as error:
            raise StoreUnavailable("template", f"cannot be asked: {error}") from error
        except asyncio.CancelledError:
            if asked.done() and not asked.cancelled() and asked.exception() is None:
                asked.result().refuse()
            raise
        finally:
            del self._asked[number]
        try:
            reader, writer = await asyncio.open_unix_connection(sock=newborn.connection)
        except BaseException:
            newborn.refuse()
            raise
        return ExecutorProcess(newborn, lane, self.version, reader, writer)

    async def stop(self) -> None:
        """End the template and with it all its executors; return when no process is left."""
        if self.gone.done():
            return
        if not self.version:
            self._process.kill()  # it is loading, and hears nothing
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        _, waiting = await asyncio.wait([self.gone], timeout=_STOP_S)
        if waiting:
            self._process.kill()
            await self.gone

    def _hear(self) -> bool:
        """Take one message of the template; False if there is none."""
        try:
            content, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 2, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return False
        except ConnectionError:
            content, descriptors = b"", []
        if not content:
            self._loop.remove_reader(self._control.fileno())  # its end follows
            return False
        match json.loads(content):
            case {"ready": version}:
                _settle(self._ready, version)
            case {"failed": reason}:
                _settle(self._ready, StoreUnavailable("dataset", reason))
            case {"forked": number, "pid": pid}:
                self._welcome(number, pid, descriptors)
            case {"refused": number, "reason": reason}:
                _settle(self._asked.get(number), StoreUnavailable("template", reason))
            case {"ended": number, "status": status, "words": words}:
                _settle(self._endings.pop(number), Ending(status, words))
        return True

    def _welcome(self, number: int, pid: int, descriptors: list[int]) -> None:
        """Hand a new executor to who asked for it; end it if nobody waits any more."""
        ended = self._endings[number] = self._loop.create_future()
        asked = self._asked.get(number)
        if len(descriptors) != 2:  # the others found no room; the executor ends, since its socket has no other end
            for descriptor in descriptors:
                os.close(descriptor)
            _settle(asked, StoreUnavailable("template", "this process has no descriptors left for an executor"))
            return
        connection = socket.socket(fileno=descriptors[0])
        connection.setblocking(False)
        newborn = _Newborn(pid, descriptors[1], connection, ended)
        if asked is None or asked.done():
            newborn.refuse()
        else:
            asked.set_result(newborn)

    def _mourn(self) -> None:
        """The template has ended: take what it still said, and tell all who wait for it."""
        while self._hear():
            pass
        self._loop.remove_reader(self._control.fileno())
        self._loop.remove_reader(self._pidfd)
        self._control.close()
        os.close(self._pidfd)
        code = self._process.wait()
        reason = f"the template process ended, {describe(code)}"
        self.gone.set_result(reason)
        error = StoreUnavailable("template", reason)
        _settle(self._ready, error)
        for asked in self._asked.values():
            _settle(asked, error)
        for ended in self._endings.values():
            _settle(ended, Ending(None, reason))
        self._endings.clear()


def describe(status: int) -> str:
    """An exit code, or minus a signal, in words."""
    if status >= 0:
        return f"exit status {status}"
    return f"signal {-status} ({signal.strsignal(-status)})"


def _command(control_fd: int, dataset: Dataset, limits: Limits) -> list[str]:
    """The command line of a template; -P: no module is taken from the folder in which the server was started."""
    numbers = [control_fd, os.getpid(), dataset.root.resolve(), limits.query_memory_mb, limits.stack_mb]
    return [sys.executable, "-P", "-m", "kg.store.template", *map(str, numbers)]


def _file_of(content: bytes) -> IO[bytes]:
    """An open file without a name that holds `content`: of any length, and nobody has to write while it is read."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.seek(0)
    return file


def _kill(pidfd: int) -> None:
    """End a process and give its descriptor back."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)


def _settle(future: asyncio.Future[_T] | None, outcome: _T | StoreUnavailable) -> None:
    """Give `future` its outcome, if somebody still waits for it."""
    if future is None or future.done():
        return
    if isinstance(outcome, StoreUnavailable):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
