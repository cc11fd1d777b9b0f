"""The benchmarks as they are run: the command, its refusals, and its load on a real server."""

import itertools
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import pytest

from benchmarks.agreement import Disagreement, agree
from benchmarks.asking import Address, ask_well
from benchmarks.load import press
from benchmarks.peers import PEERS, RAPALLO, Server
from benchmarks.processes import Process
from benchmarks.questions import Question
from kg.files import CHECKOUT
from servers import Server as OurServer
from servers import wait_until

SIZE = 2_000
SMALL = Question("small", "SELECT ?s WHERE { ?s ?p ?o } ORDER BY ?s LIMIT 3")
ROUND_S = 0.3


def run_benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, ended."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=280, check=False)


def installed_peers() -> str:
    """The peers that are installed here, as `--peers` takes them."""
    names = []
    for kind in PEERS:
        try:
            version(kind.distribution)
        except PackageNotFoundError:
            continue
        names.append(kind.name)
    return ",".join(names) or "none"


def test_a_peer_that_nobody_knows_is_refused_by_name() -> None:
    done = run_benchmarks("--peers", "rdflib-endpoint-2")

    assert done.returncode == 2
    assert "there is no peer rdflib-endpoint-2; there are: oxigraph-memory" in done.stderr


def test_a_peer_that_is_not_installed_is_not_left_out_in_silence(tmp_path: Path) -> None:
    bare = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PATH": str(tmp_path)}
    hidden = "import sys, benchmarks.__main__ as b; sys.executable = sys.argv[1] + '/python'; sys.exit(b.main([]))"

    done = subprocess.run(
        [sys.executable, "-c", hidden, str(tmp_path)], env=bare, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert "oxigraph-memory needs the program oxigraph" in done.stderr
    assert "pip install -e '.[bench]'" in done.stderr


@pytest.mark.parametrize("arguments", [("--size", "10"), ("--size", "5q"), ("--rounds", "0"), ("--seconds", "0")])
def test_options_that_measure_nothing_are_refused(arguments: tuple[str, str]) -> None:
    done = run_benchmarks(*arguments, "--peers", "none")

    assert done.returncode == 2
    assert arguments[0] in done.stderr


def test_a_load_counts_right_answers(server: OurServer) -> None:
    address = Address(server.port, "/sparql")
    length = len(ask_well(address, SMALL).body)

    load = press(address, itertools.repeat(SMALL), {"small": length}, connections=4, seconds=ROUND_S)

    assert load.failures == []
    assert load.answers >= 4
    assert load.seconds >= ROUND_S
    assert max(load.latencies_s) <= load.seconds


def test_a_load_stops_at_an_answer_that_is_shorter_than_the_right_one(server: OurServer) -> None:
    address = Address(server.port, "/sparql")
    length = len(ask_well(address, SMALL).body)

    load = press(address, itertools.repeat(SMALL), {"small": length + 1}, connections=2, seconds=30)

    assert load.answers == 0
    assert load.failures == [f"small: {length} bytes, not {length + 1}"] * 2
    assert load.seconds < 15


def test_a_load_stops_at_an_error(server: OurServer) -> None:
    wrong = Question("wrong", "SELECT")

    load = press(Address(server.port, "/sparql"), itertools.repeat(wrong), {"wrong": 1}, connections=1, seconds=30)

    assert load.failures == ["wrong: status 400"]
    assert load.answers == 0


def test_nothing_is_measured_of_servers_that_answer_differently(
    server: OurServer, large: OurServer, tmp_path: Path
) -> None:
    process = Process([sys.executable, "-c", ""], tmp_path / "log", {})
    process.stop()
    servers = [Server(RAPALLO, process, Address(one.port, "/sparql")) for one in (server, large)]

    with pytest.raises(Disagreement, match="small: rapallo answers with 3 rows, which are not the 3"):
        agree(servers, [SMALL])


@pytest.mark.long
@pytest.mark.parametrize("peers", sorted({"none", installed_peers()}))
def test_one_command_measures_and_writes_all_sections(tmp_path: Path, peers: str) -> None:
    before = {process.pid for process in psutil.process_iter()}

    done = run_benchmarks(
        *("--size", str(SIZE), "--rounds", "2", "--seconds", "0.1", "--connections", "1,4"),
        *("--peers", peers, "--out", str(tmp_path)),
    )

    assert done.returncode == 0, done.stderr
    (data,) = tmp_path.glob("*.json")
    (page,) = tmp_path.glob("*.md")
    result = json.loads(data.read_text(encoding="utf-8"))
    assert result["triples"] == SIZE
    names = [] if peers == "none" else peers.split(",")
    assert [server["name"] for server in result["servers"]] == ["rapallo", *names]
    assert {row["section"].partition(":")[0] for row in result["results"]} == {
        *("Start to first answer", "Load", "Single queries", "Large answer", "Runaway query", "Kill-safety")
    }
    assert all(len(row["values"]["rapallo"]["rounds"]) == 2 for row in result["results"] if row["ratios"])
    load = [row for row in result["results"] if row["section"] == "Load: throughput"]
    assert [[*row["ratios"]] for row in load] == [sorted(names, key=names.index)] * 8
    assert "## Ratios" in page.read_text(encoding="utf-8")
    assert _started_since(before) == []


@pytest.mark.long
def test_ending_the_command_ends_the_servers_that_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--size", str(SIZE), "--peers", "none", "--out", str(tmp_path)]
    running = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started: list[psutil.Process] = []

    def has_started() -> bool:
        started[:] = psutil.Process(running.pid).children(recursive=True)
        return len(started) > 2  # a server, its template and executors

    assert wait_until(has_started, 30)
    running.send_signal(signal.SIGTERM)

    assert running.wait(30) == 128 + signal.SIGTERM
    assert wait_until(lambda: not any(process.is_running() for process in started), 15)
    assert list(tmp_path.iterdir()) == []


def _started_since(before: set[int]) -> list[str]:
    """Command lines of servers that were not there before, whoever their parent is."""
    left = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if process.pid not in before and "kg-bench-" in line:
            left.append(line)
    return left
