"""`kg serve` as a process: it starts, says so, stops, and leaves nothing behind; executors hold no connection."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from servers import (
    SAMPLE,
    START_S,
    Server,
    StartServer,
    client_of,
    exchange_bytes,
    executors_of,
    has_ended,
    wait_until,
    write_large_dataset,
)

ENDLESS = "SELECT (COUNT(*) AS ?count) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r }"


def test_the_server_says_where_it_serves_when_it_is_ready(start_server: StartServer) -> None:
    server = start_server()

    assert server.log[-1] == f"kg: serving at http://127.0.0.1:{server.port}/\n"
    assert b'{"status": "ready"}' in exchange_bytes(
        server, b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_all_its_processes(start_server: StartServer, number: signal.Signals) -> None:
    server = start_server()
    family = psutil.Process(server.pid).children(recursive=True)
    assert len(family) == 4  # the template, two executors for everybody, one reserved

    assert server.stop(number) == 0

    assert wait_until(lambda: all(map(has_ended, family)), timeout_s=2)
    assert "Traceback" not in "".join(server.log)


def test_a_killed_server_leaves_no_process_behind(start_server: StartServer) -> None:
    server = start_server()
    family = psutil.Process(server.pid).children(recursive=True)

    server.stop(signal.SIGKILL)

    assert wait_until(lambda: all(map(has_ended, family)), timeout_s=5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_server_that_is_still_loading(tmp_path: Path, number: signal.Signals) -> None:
    root = write_large_dataset(tmp_path, subjects=100_000)  # some seconds to load
    command = [sys.executable, "-m", "kg.cli", "serve", "--port", "0", "--dataset", str(root)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert wait_until(lambda: psutil.Process(process.pid).children() != [], timeout_s=START_S)
        (template,) = psutil.Process(process.pid).children()
        process.send_signal(number)

        _, said = process.communicate(timeout=START_S)

    assert (process.returncode, said) == (0, "")
    assert has_ended(template)


@pytest.mark.skipif(not Path("/proc/net/if_inet6").is_file(), reason="this machine has no IPv6")
def test_an_address_of_the_sixth_version_is_served_and_named_in_brackets(start_server: StartServer) -> None:
    server = start_server(host="::1")

    assert server.url == f"http://[::1]:{server.port}"
    with client_of(server) as client:
        assert client.get("/id/pharos").headers["location"] == f"{server.url}/doc/id/pharos.ttl"


@pytest.mark.long
def test_a_query_that_runs_when_the_server_stops_is_told_so(start_server: StartServer) -> None:
    server = start_server()
    statuses: list[int] = []

    def ask() -> None:
        with client_of(server) as client:
            statuses.append(client.get("/sparql", params={"query": ENDLESS, "timeout": "30"}).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    assert wait_until(lambda: any(sum(one.cpu_times()[:2]) > 0.2 for one in executors_of(server)), timeout_s=10)

    assert server.stop() == 0
    asking.join()
    assert statuses == [503]


def run_to_its_end(*arguments: str, dataset: Path = SAMPLE) -> subprocess.CompletedProcess[str]:
    """A `kg serve` that is expected not to serve."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    command = [sys.executable, "-m", "kg.cli", "serve", "--dataset", str(dataset), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_S, check=False)


def test_a_port_that_is_taken_is_a_failure_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run_to_its_end("--port", port)

    assert ended.returncode == 3
    assert ended.stderr.startswith(f"kg: 127.0.0.1:{port}: cannot listen: Address already in use")
    assert "Traceback" not in ended.stderr


def test_a_dataset_with_an_error_is_a_failure_that_names_file_and_line(tmp_path: Path) -> None:
    root = write_large_dataset(tmp_path, subjects=1)
    (root / "triples" / "broken.ttl").write_text("<urn:a> <urn:b> 1 .\n<urn:a> <urn:b .", encoding="utf-8")

    ended = run_to_its_end("--port", "0", dataset=root)

    assert ended.returncode == 3
    assert "broken.ttl" in ended.stderr
    assert "line 2" in ended.stderr
    assert "Traceback" not in ended.stderr


def sockets_of(pid: int) -> set[str]:
    """The sockets that a process holds, as the kernel names them."""
    targets = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    return {target for target in targets if target.startswith("socket:")}


def internet_sockets() -> set[str]:
    """All TCP sockets of this machine, as the kernel names them (proc(5), /proc/net/tcp)."""
    lines = [line for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {f"socket:[{line.split()[9]}]" for line in lines}


def test_no_executor_holds_a_connection_of_the_front(server: Server) -> None:
    with client_of(server) as client:
        # One executor is lost while this connection is open, so that one is forked beside it.
        before = {executor.pid for executor in executors_of(server)}
        assert client.get("/sparql", params={"query": ENDLESS, "timeout": "0.2"}).status_code == 504
        assert wait_until(lambda: {one.pid for one in executors_of(server)} - before != set(), timeout_s=5)

        of_the_internet = internet_sockets()
        assert sockets_of(server.pid) & of_the_internet
        for executor in executors_of(server):
            assert sockets_of(executor.pid) & of_the_internet == set()
