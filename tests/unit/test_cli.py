"""The command line: exit codes, and what goes to standard output and to standard error."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pyoxigraph as ox
import pytest

from kg.files import CHECKOUT
from servers import SAMPLE, wait_until

COUNT = "SELECT (COUNT(*) AS ?triples) WHERE { ?s ?p ?o }"


def run_kg(*arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """What `kg` with `arguments` did, under `settings` by name, as `port="8123"`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    environment |= {f"KG_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "kg.cli", *arguments]
    return subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)


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
        (("export", "--graph", "a b"), "", "graph"),
        (("export", "--profile", "docx"), "", "profile: must be protege"),
        (("export", "--profile", "protege", "--graph", "https://w3id.org/rapallo/shapes"), "", "leave out --graph"),
        (("serve", "--port", "70000"), "", "port"),
        (("serve", "--store", "directory"), "", "store: Input should be 'memory'"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(arguments: tuple[str, ...], given: str, said: str) -> None:
    done = run_kg(*arguments, "--dataset", str(SAMPLE), given=given)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(("command", "name"), [("serve", "port"), ("query", "max_nesting")])
def test_a_setting_of_no_acceptable_value_is_wrong_usage(command: str, name: str) -> None:
    arguments = (command, "-") if command == "query" else (command,)
    done = run_kg(*arguments, "--dataset", str(SAMPLE), given=COUNT, **{name: "many"})

    assert done.returncode == 2
    assert done.stderr.startswith(f"kg: {name}: ")


def test_the_dataset_is_also_taken_from_the_environment() -> None:
    done = run_kg("query", "-", given=COUNT, dataset=str(SAMPLE))

    assert done.stdout == run_kg("query", "-", "--dataset", str(SAMPLE), given=COUNT).stdout


@pytest.mark.parametrize("arguments", [("export",), ("query", "-")])
def test_an_answer_that_cannot_be_written_is_a_failure(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "kg.cli", *arguments, "--dataset", str(SAMPLE)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, input=COUNT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 3
    assert done.stderr == "kg: the answer cannot be written: No space left on device\n"


def test_a_reader_that_has_seen_enough_is_not_talked_to() -> None:
    command = [sys.executable, "-m", "kg.cli", "export", "--dataset", str(CHECKOUT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"@"
        process.stdout.close()

        assert process.wait(30) == 3
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_query_that_takes_too_long_is_ended_by_the_keyboard(tmp_path: Path) -> None:
    """The engine does not come back to the interpreter before it has its answer."""
    path = tmp_path / "endless.rq"
    product = " ".join(f"?s{number} ?p{number} ?o{number} ." for number in range(6))
    path.write_text(f"SELECT (COUNT(*) AS ?count) WHERE {{ {product} }}", "utf-8")
    command = [sys.executable, "-m", "kg.cli", "query", str(path), "--dataset", str(SAMPLE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert wait_until(lambda: sum(psutil.Process(process.pid).cpu_times()[:2]) > 1, timeout_s=30)
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == -signal.SIGINT


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
