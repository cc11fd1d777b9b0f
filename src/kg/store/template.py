"""The template (level 1): an own process, started by exec, that holds the dataset in memory and forks executors off it.

It has one thread, so that a fork copies all that there is, and none of the front's sockets, so that an executor holds
none of them. It talks with its front in JSON messages on one socket of packets:

    template: ready {version}                            once, or `failed {reason}` and its end
    front:    fork {number}
    template: forked {number, pid} + socket, pidfd       or `refused {number, reason}`
    template: ended {number, status, words}              once for each executor that was forked

When the front hangs up, the template ends its executors, waits for them, and leaves.
"""

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kg.errors import KgError
from kg.files import Dataset
from kg.store.executor import Limits, die_with_parent, live
from kg.store.memory import load_dataset
from kg.store.seclusion import forbid_connections

MESSAGE_BYTES: Final = 64 * 1024  # no message is longer
WORDS_BYTES: Final = 4 * 1024  # of an executor's last words on standard error; its reason is in there


def main(arguments: list[str]) -> int:
    """Load the dataset, say so, and fork on request: FD PARENT_PID DATASET QUERY_MEMORY_MB STACK_MB.

    On standard input are the N-Quads that are loaded beside the files.
    """
    control_fd, parent_pid, root, query_memory_mb, stack_mb = arguments
    die_with_parent(int(parent_pid))
    reason = forbid_connections()  # before anything is read; each executor inherits it
    if reason:
        sys.stderr.write(f"kg: only the guard keeps queries from the network, the kernel does not: {reason}\n")
    with socket.socket(fileno=int(control_fd)) as control, contextlib.suppress(ConnectionError):
        try:
            loaded = load_dataset(Dataset(Path(root)), sys.stdin.buffer.read())
        except KgError as error:
            _send(control, {"failed": str(error)})
            return 1
        gc.collect()
        gc.freeze()  # a collection in an executor would otherwise touch, and so copy, every page of Python's objects
        _send(control, {"ready": loaded.version})
        _Template(control, loaded.store, Limits(int(query_memory_mb), int(stack_mb))).run()
    return 0


def _send(control: socket.socket, message: dict[str, object]) -> None:
    control.send(json.dumps(message).encode())


@dataclass(slots=True)
class _Child:
    """An executor as its parent sees it."""

    number: int
    pid: int
    pidfd: int
    words_fd: int
    words: bytes = field(default=b"")

    def listen(self) -> bool:
        """Take what it wrote to standard error; False when there is no more for now."""
        try:
            data = os.read(self.words_fd, WORDS_BYTES)
        except BlockingIOError:
            return False
        self.words = (self.words + data)[-WORDS_BYTES:]
        return bool(data)

    def kill(self) -> None:
        """End it, if it has not ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def reap(self) -> int:
        """Wait for its end, take its last words, let go of it; return its exit code, or minus its signal."""
        _, status = os.waitpid(self.pid, 0)
        while self.listen():
            pass
        os.close(self.pidfd)
        os.close(self.words_fd)
        return os.waitstatus_to_exitcode(status)


class _Template:
    """The loop of the template: forks, and hears of ends."""

    def __init__(self, control: socket.socket, store: ox.Store, limits: Limits) -> None:
        self._control = control
        self._store = store
        self._limits = limits
        self._pid = os.getpid()
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, _Child] = {}

    def run(self) -> None:
        """Serve the front until it hangs up; then end and reap all executors."""
        self._selector.register(self._control, selectors.EVENT_READ)
        try:
            while self._serve_once():
                pass
        finally:
            for child in self._children.values():
                child.kill()
                child.reap()

    def _serve_once(self) -> bool:
        """Wait for what happens next and see to it; False when the front has hung up."""
        for key, _ in self._selector.select():
            child: _Child | None = key.data
            if child is None:
                message = self._control.recv(MESSAGE_BYTES)
                if not message:
                    return False
                self._answer_fork(json.loads(message)["fork"])
            elif child.number not in self._children:
                continue  # it was reaped by an event before this one
            elif key.fd == child.words_fd:
                if not child.listen():
                    self._selector.unregister(child.words_fd)
            else:
                self._bury(child)
        return True

    def _bury(self, child: _Child) -> None:
        """Reap an executor that has ended, and tell the front how."""
        for descriptor in (child.pidfd, child.words_fd):
            with contextlib.suppress(KeyError):
                self._selector.unregister(descriptor)
        del self._children[child.number]
        status = child.reap()
        _send(self._control, {"ended": child.number, "status": status, "words": child.words.decode(errors="replace")})

    def _answer_fork(self, number: int) -> None:
        """Fork an executor and hand its socket and pidfd to the front, or say why not."""
        threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - the number of names is all that is needed
        if threads != 1:
            # A child forked beside another thread may wait for ever for a lock which that thread held.
            _send(self._control, {"refused": number, "reason": f"the template has {threads} threads, not one"})
            return
        try:
            child, connection = self._fork(number)
        except OSError as error:
            _send(self._control, {"refused": number, "reason": f"no further process: {error.strerror}"})
            return
        self._children[number] = child
        self._selector.register(child.pidfd, selectors.EVENT_READ, child)
        self._selector.register(child.words_fd, selectors.EVENT_READ, child)
        message = json.dumps({"forked": number, "pid": child.pid}).encode()
        with connection:
            socket.send_fds(self._control, [message], [connection.fileno(), child.pidfd])

    def _fork(self, number: int) -> tuple[_Child, socket.socket]:
        """Fork an executor; return it and the front's end of its socket.

        Raises:
            OSError: the system has no process, descriptor or memory for it; nothing is left of the attempt.
        """
        with contextlib.ExitStack() as on_failure, contextlib.ExitStack() as of_child:
            ours, theirs = socket.socketpair()
            on_failure.enter_context(ours)
            of_child.enter_context(theirs)
            words_fd, words_of_child = os.pipe()
            on_failure.callback(os.close, words_fd)
            of_child.callback(os.close, words_of_child)
            os.set_blocking(words_fd, False)
            pid = os.fork()
            if pid == 0:
                live(theirs.fileno(), words_of_child, self._store, self._limits, self._pid)
            try:
                pidfd = os.pidfd_open(pid)
            except OSError:
                os.kill(pid, signal.SIGKILL)  # not yet reaped, so the number is still its own
                os.waitpid(pid, 0)
                raise
            on_failure.pop_all()
            return _Child(number, pid, pidfd, words_fd), ours


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
