"""The servers that are measured: ours, and those that people would otherwise use; how each is started."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.asking import Address, AskingFailed, ask, post_file
from benchmarks.processes import LOOPBACK, NotStarted, Process, free_port
from benchmarks.questions import Question

OURS: Final = "rapallo"
START_S: Final = 600.0  # a peer that reads a million triples takes minutes
STORE: Final = "oxigraph-store"  # folder of the store on disk
STREAM_S: Final = 120  # our time limit while measuring; the peers have none


class PeerMissing(Exception):
    """A peer that is not installed; the message says how to install it, or do without."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The data as files: a dataset of `size` triples in `folder`, and the same triples as one file of N-Triples."""

    size: int
    folder: Path
    whole: Path


@dataclass(frozen=True, slots=True)
class Ground:
    """What servers stand on: the data, a folder for their files, and the list of what is to be ended."""

    archive: Archive
    scratch: Path
    ends: ExitStack

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        """A process that is ended with the others, if nobody does it before."""
        process = Process(command, self.scratch / f"{name}.log", environment or {})
        self.ends.callback(process.stop)
        return process


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server. `prepare` does what is done once before any start; `open` starts one."""

    name: str
    mode: str
    distribution: str
    program: str
    open: Callable[["Kind", Ground], "Server"]
    prepare: Callable[["Kind", Ground], None] | None = None

    @property
    def version(self) -> str:
        """The version of the distribution that is installed."""
        return version(self.distribution)

    def executable(self) -> str:
        """The path of its program, that of this Python's environment first.

        Raises:
            PeerMissing: it is not installed.
        """
        beside = Path(sys.executable).parent
        found = shutil.which(self.program, path=str(beside)) or shutil.which(self.program)
        with suppress(PackageNotFoundError):
            if found and self.version:
                return found
        raise PeerMissing(
            f"{self.name} needs the program {self.program} of the Python package {self.distribution}, which is not "
            "installed here: pip install -e '.[bench]', or name those that are to be measured with --peers"
        )


@dataclass(frozen=True, slots=True)
class Server:
    """A running server of a kind, at the address where it answers queries."""

    kind: Kind
    process: Process
    address: Address


def start(kind: Kind, ground: Ground, first: Question) -> tuple[Server, float]:
    """Start a server; return it and the seconds until it had answered `first`, loading in memory included.

    Raises:
        NotStarted: it did not.
        AskingFailed: it did not take the data.
    """
    begun = perf_counter()
    server = kind.open(kind, ground)
    server.process.wait_for(lambda: _answers(server, first), START_S)
    return server, perf_counter() - begun


def _answers(server: Server, first: Question) -> bool:
    try:
        return b'"bindings"' in ask(server.address, first).body
    except (AskingFailed, OSError):
        return False


def _open_ours(kind: Kind, ground: Ground) -> Server:
    command = [sys.executable, "-m", "kg.cli", "serve", "--port", "0", "--dataset", str(ground.archive.folder)]
    limits = {"KG_TIMEOUT_S": str(STREAM_S), "KG_MAX_TIMEOUT_S": str(STREAM_S)}
    process = ground.run(kind.name, command, limits)
    said = "kg: serving at "
    process.wait_for(lambda: said in process.said(), START_S)
    port = process.said().partition(said)[2].splitlines()[0].rstrip("/").rpartition(":")[2]
    return Server(kind, process, Address(int(port), "/sparql"))


def _open_oxigraph(kind: Kind, ground: Ground) -> Server:
    port = free_port()
    where = [] if kind.mode == "memory" else ["--location", str(ground.scratch / STORE)]
    process = ground.run(kind.name, [kind.executable(), "serve", *where, "--bind", f"{LOOPBACK}:{port}"])
    address = Address(port, "/query")
    if kind.mode == "memory":
        process.wait_for(lambda: _listens(address), START_S)
        post_file(Address(port, "/store?default"), ground.archive.whole, "application/n-triples", START_S)
    return Server(kind, process, address)


def _listens(address: Address) -> bool:
    try:
        ask(address, Question("ask", "ASK {}"))
    except OSError:
        return False
    return True


def _load_oxigraph(kind: Kind, ground: Ground) -> None:
    """Fill the store on disk.

    Raises:
        NotStarted: it cannot be filled.
    """
    place = str(ground.scratch / STORE)
    command = [kind.executable(), "load", "--location", place, "--file", str(ground.archive.whole)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=START_S)
    except subprocess.CalledProcessError as error:
        raise NotStarted(f"the store on disk cannot be filled: {error.stderr}") from error
    except subprocess.TimeoutExpired as error:
        raise NotStarted(f"the store on disk was not filled within {START_S:g} s") from error


def _open_rdflib(kind: Kind, ground: Ground) -> Server:
    port = free_port()
    command = [kind.executable(), "serve", "--host", LOOPBACK, "--port", str(port), str(ground.archive.whole)]
    return Server(kind, ground.run(kind.name, command), Address(port, "/"))


RAPALLO: Final = Kind(OURS, "kg serve, memory", "rapallo", "kg", _open_ours)
PEERS: Final = (
    Kind("oxigraph-memory", "memory", "oxigraph", "oxigraph", _open_oxigraph),
    Kind("oxigraph-disk", "disk", "oxigraph", "oxigraph", _open_oxigraph, _load_oxigraph),
    Kind("rdflib-endpoint", "rdflib in memory", "rdflib-endpoint", "rdflib-endpoint", _open_rdflib),
)


def choose_peers(names: Sequence[str]) -> tuple[Kind, ...]:
    """The peers of these names, in our order.

    Raises:
        PeerMissing: there is no peer of a name, or it is not installed.
    """
    known = {kind.name: kind for kind in PEERS}
    for name in names:
        if name not in known:
            raise PeerMissing(f"there is no peer {name}; there are: {', '.join(known)}; or none")
        known[name].executable()
    return tuple(kind for kind in PEERS if kind.name in names)
