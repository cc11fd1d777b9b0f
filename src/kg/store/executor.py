"""One executor (level 1): a process forked off the template, which evaluates one query after the other.

Its front ends it when a query takes too long; it dies by itself when a query takes too much memory or stack. It holds
nothing but its socket, so that its end is seen at once.
"""

import ctypes
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

import pyoxigraph as ox

from kg.errors import KgError, QueryOutOfMemory
from kg.formats import Format
from kg.store.base import Request
from kg.store.evaluation import evaluate
from kg.store.frames import (
    CHUNK_BYTES,
    End,
    Fail,
    Kind,
    decode_request,
    encode,
    encode_end,
    encode_fail,
    encode_head,
    read_frame_blocking,
)

MIB: Final = 1024 * 1024
NICENESS: Final = 5  # the front answers health checks and small things while queries take all processors
KEPT_SHARE: Final = 8  # an executor that keeps more than 1/8 of a query's memory leaves, since the next would miss it
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_SOCKET: Final = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may take, in MiB: memory beyond that of the template, and stack."""

    query_memory_mb: int
    stack_mb: int


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel end this process as soon as `parent_pid`, which started it, ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:  # it ended before the line above
        os._exit(1)


def live(connection: int, words: int, store: ox.Store, limits: Limits, parent_pid: int) -> NoReturn:
    """Be an executor, in a process just forked: `connection` and `words` are the descriptors of socket and stderr.

    Never returns, so that nothing of the template is run or cleaned up twice.
    """
    try:
        die_with_parent(parent_pid)
        _keep_only(connection, words)
        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        statm = os.open("/proc/self/statm", os.O_RDONLY)
        most = _address_space(statm) + (limits.stack_mb + limits.query_memory_mb) * MIB
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        executor = _Executor(socket.socket(fileno=_SOCKET), statm, store, limits)
        # One thread with a large stack, in which each query lives from parsing to its last byte.
        threading.stack_size(limits.stack_mb * MIB)
        thread = threading.Thread(target=executor.serve, name="query")
        thread.start()
        thread.join()
        os._exit(0 if executor.left_in_order else 1)
    except BaseException:  # noqa: BLE001 - the outer door of this process: whatever it is, say it and leave
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


def _keep_only(connection: int, words: int) -> None:
    """Close every descriptor but `connection`, which becomes 3, and `words`, which becomes standard error."""
    null = os.open(os.devnull, os.O_RDWR)
    for source, target in ((null, 0), (null, 1), (words, 2), (connection, _SOCKET)):
        os.dup2(source, target, inheritable=False)
    os.closerange(_SOCKET + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _address_space(statm: int) -> int:
    """Bytes of address space of this process; `statm` is the descriptor of its /proc/self/statm (proc(5))."""
    return int(os.pread(statm, 128, 0).split()[0]) * resource.getpagesize()


class _Executor:
    """The conversation of an executor with its front."""

    def __init__(self, connection: socket.socket, statm: int, store: ox.Store, limits: Limits) -> None:
        self._connection = connection
        self._statm = statm
        self._store = store
        self._limits = limits
        self._most_kept = 0
        self.left_in_order = False

    def serve(self) -> None:
        """Answer requests until the front hangs up or memory is kept that the next query would miss."""
        file: BinaryIO = self._connection.makefile("rb")
        self._most_kept = _address_space(self._statm) + self._limits.query_memory_mb * MIB // KEPT_SHARE
        try:
            while (frame := read_frame_blocking(file)) is not None:
                last_frame, is_last = self._answer(decode_request(frame.payload))
                self._connection.sendall(last_frame)
                if is_last:
                    break
        except ConnectionError:
            pass  # the front has left, and with it the reason to be here
        self.left_in_order = True

    def _answer(self, request: Request) -> tuple[bytes, bool]:
        """Evaluate `request`; return what is still to be sent, and whether this executor leaves then."""
        start = time.perf_counter()
        output = _Output(self._connection, request.format)
        try:
            rows = evaluate(self._store, request, output)
        except MemoryError:
            return encode_fail(Fail(QueryOutOfMemory(self._limits.query_memory_mb), is_last=True)), True
        except KgError as error:
            is_last = self._keeps_much()
            return encode_fail(Fail(error, is_last)), is_last
        is_last = self._keeps_much()
        return output.rest() + encode_end(End(time.perf_counter() - start, rows, is_last)), is_last

    def _keeps_much(self) -> bool:
        return _address_space(self._statm) > self._most_kept


class _Output:
    """The bytes of an answer on their way into frames; `sendall` waits while the front does not read."""

    def __init__(self, connection: socket.socket, answer_format: Format) -> None:
        self._connection = connection
        self._head = encode_head(answer_format)
        self._parts: list[bytes] = []
        self._length = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes; send a chunk as soon as there is a full one."""
        self._parts.append(data)
        self._length += len(data)
        if self._length >= CHUNK_BYTES:
            self._connection.sendall(self.rest())

    def rest(self) -> bytes:
        """The frames of what has not been sent, the head included if it has not."""
        head, content = self._head, b"".join(self._parts)
        self._head, self._parts, self._length = b"", [], 0
        return head + encode(Kind.CHUNK, content) if content else head
