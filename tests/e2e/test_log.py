"""The log: each failure once, under its request's id, without a word of its query; and no log stops an answer."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import psutil
import pytest

from servers import SAMPLE, START_S, Server, client_of, starting, wait_until

LITERAL = "a-word-of-the-query"
ENDLESS = f"""SELECT (COUNT(*) AS ?count) WHERE {{
  ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o FILTER(?a != "{LITERAL}")
}}"""
TWO_LABELS_IN_ONE_FIELD = """\
#+ summary: Labels of a lighthouse, of which there are several
#+ path: /labels
#+ key: lighthouse
SELECT ?lighthouse ?name WHERE {
  ?lighthouse a <https://w3id.org/rapallo/ont#Lighthouse> ; <http://www.w3.org/2000/01/rdf-schema#label> ?name
}
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a route that does not keep what its front matter says."""
    root = tmp_path_factory.mktemp("failing") / "dataset"
    shutil.copytree(SAMPLE, root)
    (root / "queries" / "labels.rq").write_text(TWO_LABELS_IN_ONE_FIELD, "utf-8")
    with starting() as start:
        yield start(root)


def lines_of(server: Server, response: httpx.Response) -> list[dict[str, object]]:
    """The lines of the log with the id of the request, once there is one."""

    def found() -> list[dict[str, object]]:
        lines = [json.loads(line) for line in server.log if line.startswith("{")]
        return [line for line in lines if line["request_id"] == response.headers["x-request-id"]]

    assert wait_until(lambda: bool(found()), timeout_s=5)
    return found()


def test_a_failure_in_rest_is_logged_once_with_its_reason_which_the_client_is_not_told(failing: Server) -> None:
    with client_of(failing) as client:
        response = client.get("/api/labels")

    assert response.status_code == 500
    assert "labels.rq" not in response.text
    (line,) = lines_of(failing, response)
    assert (line["path"], line["status"], line["level"]) == ("/api/labels", 500, "warning")
    assert "labels.rq: ?name has 2 values" in str(line["reason"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_query_that_is_stopped_is_logged_once_without_a_word_of_it(failing: Server, method: str) -> None:
    with client_of(failing) as client:
        response = client.request(method, "/sparql", params={"query": ENDLESS, "timeout": "0.2"})

    assert response.status_code == 504
    (line,) = lines_of(failing, response)
    assert (line["path"], line["status"]) == ("/sparql", 504)
    assert LITERAL not in "".join(failing.log)


def test_what_is_the_clients_fault_is_not_logged(failing: Server) -> None:
    with client_of(failing) as client:
        statuses = [client.get(path).status_code for path in ("/nothing", "/sparql?query=%22", "/api/lighthouses?a=b")]
        last = client.get("/api/labels")

    assert statuses == [404, 400, 422]
    assert lines_of(failing, last)
    assert not [line for line in failing.log if "/nothing" in line or '"/sparql", "status": 4' in line]


def start_in_shell(redirection: str) -> subprocess.Popen[bytes]:
    """`kg serve`, its standard error as the shell makes it of `redirection`, on a free port."""
    command = f"exec {sys.executable} -m kg.cli serve --port 0 --dataset {SAMPLE} {redirection}"
    return subprocess.Popen(["/bin/sh", "-c", command], stderr=subprocess.PIPE)


def address_of(process: subprocess.Popen[bytes]) -> str:
    """Where a server listens that nobody heard say so."""

    def ports() -> list[int]:
        connections = psutil.Process(process.pid).net_connections("tcp")
        return [connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN]

    assert wait_until(lambda: bool(ports()), timeout_s=START_S)
    return f"http://127.0.0.1:{ports()[0]}"


@pytest.mark.parametrize("redirection", ["", "0<&- 1>&- 2>&-"])
def test_a_log_that_nobody_can_read_stops_no_answer(redirection: str) -> None:
    process = start_in_shell(redirection)
    try:
        url = address_of(process)
        assert process.stderr is not None
        process.stderr.close()
        with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
            stopped = client.get("/sparql", params={"query": ENDLESS, "timeout": "0.2"})
            answered = client.get("/sparql", params={"query": "ASK {}"})

        assert stopped.status_code == 504
        assert answered.json()["boolean"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
