"""No process of the store can open a connection to elsewhere (level 1): the kernel refuses it, whatever asks.

The engine sends requests by itself for SERVICE and LOAD, and has no switch for that. The text guard keeps such queries
from it; this is the net below. A filter of system calls, once in place, holds for the process and for all that it
forks, and cannot be taken off. Sockets that are open already, and pairs of Unix sockets, are left as they are.
Source: seccomp(2); linux/filter.h, linux/seccomp.h, linux/audit.h.
"""

import ctypes
import errno
import os
import platform
import struct
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38  # linux/prctl.h; without it only root may set a filter
_SET_MODE_FILTER: Final = 1
_SPEC_ALLOW: Final = 4  # no slower processor for it: the code that runs here is our own
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EACCES

# Classic BPF: load a word of seccomp_data, jump if equal, jump if at least, return.
_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_OFFSET_NUMBER: Final = 0
_OFFSET_ARCHITECTURE: Final = 4

# By machine: the kernel's name of the architecture, and the numbers of seccomp, socket, connect, and io_uring_setup,
# by which a process could open a socket without the call of that name. There are no others that make or connect one.
_MACHINES: Final = {
    "x86_64": (0xC000003E, 317, (41, 42, 425)),
    "aarch64": (0xC00000B7, 277, (198, 203, 425)),
}
_X32: Final = 0x40000000  # x86_64 has each call a second time from here on


def forbid_connections() -> str:
    """Have the kernel refuse every new socket to this process and its future children, with EACCES.

    To be called while the process has one thread. Returns "", or in words why it could not be done.
    """
    machine = platform.machine()
    if machine not in _MACHINES or platform.system() != "Linux":
        return f"there is no filter of system calls for {platform.system()} on {machine}"
    architecture, seccomp, refused = _MACHINES[machine]
    program = _program(architecture, refused)
    code = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))  # struct sock_fprog
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return f"prctl(PR_SET_NO_NEW_PRIVS): {os.strerror(ctypes.get_errno())}"
    if libc.syscall(ctypes.c_long(seccomp), _SET_MODE_FILTER, _SPEC_ALLOW, filter_) != 0:
        return f"seccomp: {os.strerror(ctypes.get_errno())}"
    return ""


def _program(architecture: int, refused: tuple[int, ...]) -> bytes:
    """The filter: of another architecture everything is refused, of this one the calls numbered `refused`."""
    checks = [*((_EQUAL, number) for number in refused), (_AT_LEAST, _X32)]
    steps = [(_LOAD, 0, 0, _OFFSET_ARCHITECTURE), (_EQUAL, 0, len(checks) + 2, architecture)]
    steps += [(_LOAD, 0, 0, _OFFSET_NUMBER)]
    steps += [(code, len(checks) - place, 0, value) for place, (code, value) in enumerate(checks)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
