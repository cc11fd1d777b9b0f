"""What all tests share: the needs that they declare, and a real server process on the sample dataset."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kg.errors import CheckImpossible
from kg.validation.owl import find_jars
from servers import Server, StartServer, client_of, starting, write_large_dataset


def _has_folder(variable: str) -> bool:
    return Path(os.environ.get(variable, "") or "-").is_dir()


def _has_java() -> bool:
    """Whether `kg check --owl` could do its work: Java, and the jars wherever it looks for them."""
    try:
        return shutil.which("java") is not None and bool(find_jars())
    except CheckImpossible:
        return False


# Each marker needs_… and whether what it needs is there.
NEEDS: dict[str, Callable[[], bool]] = {
    "texts": lambda: _has_folder("KG_TEXTS"),
    "w3c": lambda: _has_folder("KG_W3C"),
    "java": _has_java,
    "curl": lambda: shutil.which("curl") is not None,
    "openssl": lambda: shutil.which("openssl") is not None,
    "chromium": lambda: shutil.which("chromium") is not None,
    "openrefine": lambda: shutil.which("openrefine") is not None,
    "virtuoso": lambda: shutil.which("virtuoso-t") is not None,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `pytest tests/conformance --write-scores` write what it measures into the file that the server shows."""
    parser.addoption("--write-scores", action="store_true", help="write src/kg/web/conformance.json")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need is missing, by name; where KG_REQUIRE lists the need, fail it."""
    required = os.environ.get("KG_REQUIRE", "").split()
    for marker in item.iter_markers():
        need = marker.name.removeprefix("needs_")
        if need == marker.name or NEEDS[need]():
            continue
        if need in required:
            pytest.fail(f"{marker.name}: KG_REQUIRE lists {need}, and it is not there", pytrace=False)
        pytest.skip(f"{marker.name}: {need} is not there")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server on the sample dataset with the default settings; tests only read from it."""
    with starting() as start:
        yield start()


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of 20,000 triples, with two executors for everybody."""
    with starting() as start:
        yield start(write_large_dataset(tmp_path_factory.mktemp("large")))


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """A way to start servers of one's own; they end with the test."""
    with starting() as start:
        yield start


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of `server` that follows no redirect."""
    with client_of(server) as found:
        yield found
