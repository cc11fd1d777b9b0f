"""The built wheel, installed outside the checkout, serves the real dataset to real clients."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import rdflib
import rdflib.compare
from SPARQLWrapper import TURTLE, SPARQLWrapper

from kg.files import CHECKOUT
from servers import Server, client_of, starting

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ENTITY = "https://w3id.org/rapallo/id/lipetsk-base"
# What the page of an entity is made of, written once more by someone who knows the model and not the software.
DESCRIPTION = f"""
PREFIX kg: <https://w3id.org/rapallo/ont#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
CONSTRUCT {{ ?s ?p ?o }} WHERE {{
  {{ BIND(<{ENTITY}> AS ?s) }}
  UNION {{ ?s ?tie <{ENTITY}> . ?tie rdfs:subPropertyOf kg:involves }}
  ?s ?p ?o
}}
"""


@pytest.fixture(scope="module")
def wheel_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new virtual environment that holds the wheel and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT)]
    subprocess.run(pip, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(wheel)], check=True)
    return python


@pytest.fixture(scope="module")
def wheel_server(wheel_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`kg serve` out of the wheel, in an empty folder."""
    with starting(python=wheel_python, folder=tmp_path_factory.mktemp("empty")) as start:
        yield start(None)


@pytest.fixture
def wheel_client(wheel_server: Server) -> Iterator[httpx.Client]:
    """A client that follows no redirect."""
    with client_of(wheel_server) as found:
        yield found


def test_the_wheel_checks_its_own_dataset(wheel_python: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(wheel_python.parent / "kg"), "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath},
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")
    assert "conforms" in done.stderr


@pytest.mark.needs_curl
def test_rdflib_curl_and_sparqlwrapper_get_the_same_triples(wheel_server: Server) -> None:
    address = f"{wheel_server.url}/id/lipetsk-base"
    by_rdflib = rdflib.Graph().parse(address)
    curl = [shutil.which("curl") or "curl", "-sSfL", "--noproxy", "*", "-H", "Accept: text/turtle", address]
    fetched = subprocess.run(curl, capture_output=True, check=True, timeout=30).stdout
    by_curl = rdflib.Graph().parse(data=fetched, format="turtle")
    wrapper = SPARQLWrapper(f"{wheel_server.url}/sparql", returnFormat=TURTLE)
    wrapper.setQuery(DESCRIPTION)
    by_wrapper = rdflib.Graph().parse(data=wrapper.query().response.read(), format="turtle")

    assert rdflib.compare.isomorphic(by_rdflib, by_curl)
    assert len(by_wrapper) > 50
    # The document also holds labels of what is named, so that a reader need not ask again; nothing else.
    assert set(by_wrapper) <= set(by_rdflib)
    more = {predicate for _, predicate, _ in set(by_rdflib) - set(by_wrapper)}
    assert {str(predicate).rpartition("#")[2] for predicate in more} <= {"prefLabel", "label", "type"}


def test_a_page_of_another_origin_may_read_treaties_and_their_errors(wheel_client: httpx.Client) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"}

    treaties = wheel_client.get("/api/treaties", headers=elsewhere)
    missing = wheel_client.get("/api/treaties/no-such-treaty", headers=elsewhere)
    wrong = wheel_client.get("/api/treaties?limit=none", headers=elsewhere)

    assert [answer.status_code for answer in (treaties, missing, wrong)] == [200, 404, 422]
    assert {answer.headers["access-control-allow-origin"] for answer in (treaties, missing, wrong)} == {"*"}
    assert len(treaties.json()["items"]) >= 13


def test_head_answers_on_every_route_as_get_without_a_body(wheel_client: httpx.Client) -> None:
    examples = [route["example"] for route in wheel_client.get("/api").json()["routes"]]
    ours = ["/", "/api", "/query", "/ont", "/shapes", "/dataset.ttl", "/dataset.nt", "/health/live", "/health/ready"]
    things = ["/id/lipetsk-base", "/doc/id/lipetsk-base.html", "/doc/src/s1-18.ttl", "/sparql", "/openapi.json"]

    for address in [*ours, *things, *examples]:
        got, headed = wheel_client.get(address), wheel_client.head(address)
        assert (headed.status_code, headed.content) == (got.status_code, b""), address
        for name in ("content-type", "content-length", "etag", "location", "kg-version"):
            assert headed.headers.get(name) == got.headers.get(name), (address, name)
        assert got.status_code in (200, 303), address


def test_every_example_of_a_route_answers_with_rows(wheel_client: httpx.Client) -> None:
    for route in wheel_client.get("/api").json()["routes"]:
        answer = wheel_client.get(route["example"]).json()
        assert answer.get("items", answer), route["path"]
