"""The machine and the versions that a result was measured with; without them no figure means anything."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

_LIBRARIES: Final = ("pyoxigraph", "uvicorn", "uvloop", "httptools")
_GIB: Final = 2**30


def describe_machine() -> dict[str, str]:
    """What it is, and how busy it was in the last minute."""
    return {
        "processor": _processor(),
        "cores": f"{os.cpu_count()} ({len(os.sched_getaffinity(0))} of them for us)",
        "memory": f"{psutil.virtual_memory().total / _GIB:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
    }


def load_average() -> float:
    """Processes that ran or wanted to, on average over the last minute; on a quiet machine it is near 0."""
    return os.getloadavg()[0]


def _processor() -> str:
    """The model's name as the kernel gives it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
