"""The merged file for ontology editors, made of the real dataset: sound OWL 2 DL that every tool of ours reads."""

import io
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from kg.errors import ParameterError
from kg.export import write_graph
from kg.files import CHECKOUT, Dataset
from kg.namespaces import BASE, KG, OWL, RDF, RDFS
from kg.validation.corpus import read_corpus
from kg.validation.owl import check_ontologies, find_jars

LABEL, TYPE = ox.NamedNode(RDFS + "label"), ox.NamedNode(RDF + "type")
KINDS = ("Statement", "Participation", "Flow", "Observation", "Judgement")


@pytest.fixture(scope="module")
def merged() -> bytes:
    """What `kg export --profile protege` prints."""
    output = io.BytesIO()
    write_graph(Dataset(CHECKOUT), "ttl", None, output, "protege")
    return output.getvalue()


@pytest.fixture(scope="module")
def triples(merged: bytes) -> list[ox.Triple]:
    """The same, parsed by pyoxigraph."""
    return [quad.triple for quad in ox.parse(merged, ox.RdfFormat.TURTLE)]


@pytest.mark.needs_java
def test_the_merged_file_is_consistent_owl_2_dl(merged: bytes, tmp_path: Path) -> None:
    for folder in ("ontology", "triples"):
        (tmp_path / folder).mkdir()
    (tmp_path / "triples" / "merged.ttl").write_bytes(merged)

    assert list(check_ontologies(read_corpus(Dataset(tmp_path)))) == []


def test_rdflib_and_pyoxigraph_read_the_same_triples(merged: bytes, triples: list[ox.Triple]) -> None:
    assert len(rdflib.Graph().parse(data=merged, format="turtle")) == len(set(triples)) == len(triples)


def test_it_is_one_ontology_without_imports_and_without_triple_terms(triples: list[ox.Triple]) -> None:
    ontology = ox.NamedNode(OWL + "Ontology")

    assert [t.subject for t in triples if (t.predicate, t.object) == (TYPE, ontology)] == [
        ox.NamedNode(BASE + "merged")
    ]
    assert [t for t in triples if t.predicate.value == OWL + "imports"] == []
    assert [t for t in triples if isinstance(t.subject, ox.Triple) or isinstance(t.object, ox.Triple)] == []


def test_every_claim_has_one_label_that_ends_in_its_passages(triples: list[ox.Triple]) -> None:
    kinds = {ox.NamedNode(KG + kind) for kind in KINDS}
    claims = {t.subject for t in triples if t.predicate == TYPE and t.object in kinds}
    labels = {t.subject: str(t.object) for t in triples if t.predicate == LABEL and t.subject in claims}

    assert (
        len([t for t in triples if t.predicate == LABEL and t.subject in claims]) == len(labels) == len(claims) > 2000
    )
    assert [
        label for label in labels.values() if not re.fullmatch(r'"\w.*: \S.* \[\S+#\d+(, \S+#\d+)*\]"@en', label)
    ] == []


def test_a_claim_reads_as_a_sentence_of_labels(triples: list[ox.Triple]) -> None:
    claim = ox.NamedNode(BASE + "st/lipetsk-base-operated-by-s1-18")

    assert [str(t.object) for t in triples if (t.subject, t.predicate) == (claim, LABEL)] == [
        '"Lipetsk flying school: is operated by: Reichswehr [S1#18]"@en'
    ]


def test_what_the_guide_shows_is_in_the_file(triples: list[ox.Triple]) -> None:
    guide = " ".join((CHECKOUT / "docs" / "protege.md").read_text(encoding="utf-8").split())
    labels = {str(t.object) for t in triples if t.predicate == LABEL}

    shown = re.findall(r"\*([^*]+: [^*]+ \[\S+#\d+\])\*", guide)
    assert len(shown) > 4
    assert [label for label in shown if f'"{label}"@en' not in labels] == []


@pytest.mark.needs_java
def test_the_guide_names_the_libraries_that_verified_it() -> None:
    guide = (CHECKOUT / "docs" / "protege.md").read_text(encoding="utf-8")
    jars = " ".join(jar.name for jar in find_jars())

    for name, jar in (("OWL API", "owlapi-distribution"), ("HermiT", "hermit")):
        version = re.search(rf"{jar}-(\d+\.\d+\.\d+)", jars)
        assert version is not None
        assert f"{name} {version[1]}" in " ".join(guide.split())


def test_it_is_made_byte_by_byte_the_same_again(merged: bytes) -> None:
    output = io.BytesIO()

    write_graph(Dataset(CHECKOUT), "turtle", None, output, "protege")

    assert output.getvalue() == merged


def test_a_profile_has_no_graph_to_choose() -> None:
    with pytest.raises(ParameterError, match="leave out --graph"):
        write_graph(Dataset(CHECKOUT), "turtle", BASE + "shapes", io.BytesIO(), "protege")
