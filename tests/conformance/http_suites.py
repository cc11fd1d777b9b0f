"""The suites that need a running server: SPARQL 1.1 Protocol and Service Description."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Final

import pyoxigraph as ox
from description_tests import run_description
from manifests import W3CTest, tests_below
from protocol_tests import Unexpected, graphs_of, run_protocol
from suites import Measured, measured

SUITE: Final = "SPARQL 1.1 over HTTP"
MANIFEST: Final = "rdf-tests/sparql/sparql11/manifest-all.ttl"
_STOP_S: Final = 15


def measure_protocol(address: str, graphs_address: str) -> tuple[Measured, ...]:
    """Run the protocol tests: those that need graphs to be there on the second server, the others on the first."""
    return tuple(
        measured(
            test.iri,
            test.is_approved,
            partial(run_protocol, test, graphs_address if graphs_of(test) else address),
            (Unexpected,),
        )
        for test in protocol_tests()
    )


def measure_description(address: str) -> tuple[Measured, ...]:
    """Run the tests of the service description on a server."""
    return tuple(
        measured(
            test.iri,
            test.is_approved,
            partial(run_description, test.iri.rpartition("#")[2], address),
            (Unexpected,),
        )
        for test in tests_below(MANIFEST)["service-description"]
    )


def protocol_tests() -> list[W3CTest]:
    """The tests of the manifest, in its order."""
    return tests_below(MANIFEST)["protocol"]


def write_graphs(path: Path) -> None:
    """Write the named graphs that the protocol tests ask for into one N-Quads file; they agree on what is in each."""
    quads = {quad for test in protocol_tests() for quad in graphs_of(test)}
    ox.serialize(quads, str(path), ox.RdfFormat.N_QUADS)


@contextmanager
def serving_graphs(quads: Path, **settings: str) -> Iterator[str]:
    """The address of a `graph_server` of these quads, which ends with the context; `settings` by name."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    environment |= {f"KG_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, str(Path(__file__).with_name("graph_server.py")), str(quads)]
    process = Popen(command, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        if not line.startswith("kg: serving at "):
            raise RuntimeError(f"the server did not start: {line}{process.stderr.read()}")
        yield line.removeprefix("kg: serving at ").strip().rstrip("/")
    finally:
        process.terminate()
        process.wait(_STOP_S)
        process.stderr.close()
