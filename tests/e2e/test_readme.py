"""What the README tells a newcomer to type, typed."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kg.files import CHECKOUT
from servers import START_S, Server, starting

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
SETUP = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
CONSOLE = re.findall(r"```console\n(.*?)\n```", README, re.DOTALL)
PORT = "8765"
INSTALL_S = 300  # a network's patience, not ours


def test_the_readme_has_exactly_two_set_up_commands_of_one_line() -> None:
    assert len(SETUP) == 2
    assert [command for command in SETUP if "\n" in command] == []
    assert SETUP[0].endswith("kg serve")
    assert SETUP[1].endswith("pytest")


@pytest.fixture(scope="module")
def real_server() -> Iterator[Server]:
    """A server on the real dataset."""
    with starting() as start:
        yield start(CHECKOUT)


@pytest.mark.needs_curl
@pytest.mark.parametrize("command", CONSOLE, ids=range(len(CONSOLE)))
def test_a_command_of_the_readme_answers_with_something(real_server: Server, command: str) -> None:
    typed = command.replace("http://127.0.0.1:8000", real_server.url)

    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 2 or '"items"' in done.stdout
    assert "problems/" not in done.stdout


def _copy_checkout(target: Path) -> None:
    """Copy what git tracks: what a clone would hold."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, target / name)


@pytest.mark.long
@pytest.mark.timeout(INSTALL_S + 60)
def test_the_first_command_serves_the_treaties_from_a_clean_home(tmp_path: Path) -> None:
    _copy_checkout(tmp_path / "clone")
    (tmp_path / "home").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KG_", "VIRTUAL_ENV", "PYTHON"))}
    environment = kept | {
        "HOME": str(tmp_path / "home"),
        "PIP_CACHE_DIR": str(tmp_path / "empty"),
        "KG_PORT": PORT,
    }

    process = subprocess.Popen(
        ["bash", "-c", SETUP[0]], cwd=tmp_path / "clone", env=environment, start_new_session=True
    )
    try:
        answer = _wait_for(f"http://127.0.0.1:{PORT}/api/treaties", process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(START_S)

    assert answer.status_code == 200
    assert len(answer.json()["items"]) >= 13


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> httpx.Response:
    """The first answer at `url`; fails when the process ends first or after INSTALL_S seconds."""
    give_up_at = time.monotonic() + INSTALL_S
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            return httpx.get(url, trust_env=False, timeout=10)
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"nothing answered at {url}; the command's exit code is {process.poll()}", pytrace=False)


def test_links_in_the_readme_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]

    assert targets
    assert [target for target in targets if not (CHECKOUT / target).exists()] == []
