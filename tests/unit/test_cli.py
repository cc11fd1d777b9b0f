"""The command line: exit codes, and what goes to standard output and to standard error."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from servers import SAMPLE

COUNT = "SELECT (COUNT(*) AS ?triples) WHERE { ?s ?p ?o }"


def run_kg(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """What `kg` with `arguments` did, on the sample dataset unless they name another."""
    command = [sys.executable, "-m", "kg.cli", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the sample dataset with a file that is not Turtle."""
    root = tmp_path / "broken"
    shutil.copytree(SAMPLE, root)
    (root / "triples" / "bad.ttl").write_text("@prefix id: <https://w3id.org/rapallo/id/> .\nid:x id:y\n", "utf-8")
    return root


def test_a_query_from_standard_input_is_answered_on_standard_output() -> None:
    done = run_kg("query", "-", "--dataset", str(SAMPLE), given=COUNT)

    assert done.returncode == 0
    header, count = done.stdout.split()
    assert header == "triples"
    assert int(count) > 0
    assert done.stderr == ""


def test_a_query_from_a_file_is_answered_in_the_format_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "ask.rq"
    path.write_text("ASK { ?s ?p ?o }", "utf-8")

    done = run_kg("query", str(path), "--dataset", str(SAMPLE), "--format", "json")

    assert json.loads(done.stdout) == {"head": {}, "boolean": True}


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("query", "-"), "SELECT", "line 1"),
        (("query", "-"), "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "SERVICE"),
        (("query", "-", "--format", "turtle"), COUNT, "turtle"),
        (("query", "no-such-file.rq"), "", "no-such-file.rq"),
        (("export", "--format", "docx"), "", "docx"),
        (("serve", "--port", "70000"), "", "port"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(arguments: tuple[str, ...], given: str, said: str) -> None:
    done = run_kg(*arguments, "--dataset", str(SAMPLE), given=given)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_an_export_holds_every_triple_of_the_default_graph() -> None:
    count = run_kg("query", "-", "--dataset", str(SAMPLE), given=COUNT).stdout.split()[1]

    done = run_kg("export", "--format", "nt", "--dataset", str(SAMPLE))

    assert len(list(ox.parse(done.stdout, ox.RdfFormat.N_TRIPLES))) == int(count)


def test_a_dataset_that_is_none_ends_with_3(tmp_path: Path) -> None:
    done = run_kg("check", "--dataset", str(tmp_path))

    assert done.returncode == 3
    assert "ontology/" in done.stderr


def test_findings_end_with_1_and_name_file_and_line(broken: Path) -> None:
    done = run_kg("check", "--dataset", str(broken))

    assert done.returncode == 1
    assert "bad.ttl:" in done.stdout
    assert "finding" in done.stderr


def test_findings_can_be_read_by_programs(broken: Path) -> None:
    done = run_kg("check", "--dataset", str(broken), "--format", "json")

    assert any(finding["path"].endswith("bad.ttl") for finding in json.loads(done.stdout))


def test_the_server_does_not_start_on_a_file_that_is_not_turtle(broken: Path) -> None:
    done = run_kg("serve", "--port", "0", "--dataset", str(broken))

    assert done.returncode == 3
    assert "bad.ttl, line" in done.stderr
    assert "Traceback" not in done.stderr
