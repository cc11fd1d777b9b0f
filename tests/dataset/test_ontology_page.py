"""The page about the ontology and the diagram of the model: made of the files, whole, and loading nothing."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import rdflib
from rdflib.namespace import OWL, RDF, RDFS

from kg.files import CHECKOUT
from kg.namespaces import KG, ONTOLOGY

PAGE = CHECKOUT / "ontology" / "core.html"
DIAGRAM = CHECKOUT / "docs" / "model.svg"
COMMAND = "python docs/ontology_page.py"


@pytest.fixture(scope="module")
def ontology() -> rdflib.Graph:
    """The ontology, as rdflib reads it."""
    return rdflib.Graph().parse(CHECKOUT / "ontology" / "core.ttl")


@pytest.fixture(scope="module")
def page() -> str:
    """The page as it is committed."""
    return PAGE.read_text(encoding="utf-8")


def names_in(ontology: rdflib.Graph, kind: rdflib.URIRef | None = None) -> set[str]:
    """The local names of the terms that the ontology defines, or of those of one kind."""
    terms = ontology.subjects(RDFS.isDefinedBy, rdflib.URIRef(ONTOLOGY))
    return {str(t).removeprefix(KG) for t in terms if kind is None or (t, RDF.type, kind) in ontology}


def test_page_and_diagram_are_what_the_command_makes_of_the_ontology(tmp_path: Path) -> None:
    made = (tmp_path / "core.html", tmp_path / "model.svg")
    command = [sys.executable, *COMMAND.split()[1:], "--page", str(made[0]), "--diagram", str(made[1])]

    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)

    for path, committed in zip(made, (PAGE, DIAGRAM), strict=True):
        same = path.read_bytes() == committed.read_bytes()
        assert same, f"{committed.name} is not of this ontology; run `{COMMAND}`"


def test_every_term_has_its_place_in_the_page_under_its_own_name(page: str, ontology: rdflib.Graph) -> None:
    for name in names_in(ontology):
        entry = page.partition(f'<div class="property entity" id="{name}">')[2]
        assert f"<code>{KG}{name}</code>" in entry[:600], name


def test_every_anchor_that_the_page_leads_to_is_there_once(page: str) -> None:
    anchors = re.findall(r' id="([^"]*)"', page)

    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(anchors)


def test_labels_stand_in_both_languages(page: str) -> None:
    entry = page.partition('id="Flow">')[2].partition("</table>")[0]

    assert '<p lang="de">Warenstrom</p> (de)' in entry
    assert "<p>flow</p>" in entry


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    loading = r"<(script|img|iframe|object|embed|image|use|base|form)\b|\bsrc=|@import|url\((?!#)|\bon\w+="
    links = r'<link rel="(?!alternate")'

    assert [found[0] for found in re.finditer(f"{loading}|{links}", page)] == []
    assert "w3id.org/rapallo" not in "".join(re.findall(r'href="([^"]*)"', page))


def test_every_class_is_in_the_diagram_and_every_term_of_it_is_declared(ontology: rdflib.Graph) -> None:
    drawing = ET.parse(DIAGRAM)  # noqa: S314 - a file of our own
    words = " ".join(drawing.getroot().itertext())

    shown = set(re.findall(r"\bkg:(\w+)", words))
    assert names_in(ontology, OWL.Class) <= shown
    assert shown <= names_in(ontology)
