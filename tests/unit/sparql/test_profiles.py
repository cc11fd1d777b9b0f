"""The profile for ontology editors: one file, no imports, and labels that a reader understands."""

import pyoxigraph as ox
import pytest

from kg.errors import ParameterError
from kg.formats import TURTLE
from kg.namespaces import BASE, DCTERMS, KG, OWL, RDF, RDFS, SKOS
from kg.sparql.profiles import profile_request

MERGED = ox.NamedNode(BASE + "merged")
PREFIXES = "".join(
    f"@prefix {name}: <{iri}> .\n"
    for name, iri in {
        "dcterms": DCTERMS,
        "id": BASE + "id/",
        "kg": KG,
        "owl": OWL,
        "rdfs": RDFS,
        "skos": SKOS,
        "src": BASE + "src/",
        "st": BASE + "st/",
        "voc": BASE + "voc/",
    }.items()
)
# A lighthouse and who ran it; the words of every label come from here.
WORLD = """
<https://w3id.org/rapallo/ont> a owl:Ontology ;
  owl:versionIRI <https://w3id.org/rapallo/ont/2.0> ; owl:versionInfo "2.0" .
<https://w3id.org/rapallo/triples/all> a owl:Ontology ;
  owl:imports <https://w3id.org/rapallo/ont> ; dcterms:title "All"@en .
kg:operatedBy rdfs:label "wird betrieben von"@de , "is operated by"@en .
id:eddystone skos:prefLabel "Eddystone"@en , "Eddystone-Leuchtturm"@de .
id:guild skos:prefLabel "the guild"@en .
voc:keeper skos:prefLabel "keeper"@en .
voc:over skos:prefLabel "over"@en .
voc:planned skos:prefLabel "planned"@en .
src:l1-7 kg:passageOf src:l1 ; kg:paragraph 7 .
src:l1-12 kg:passageOf src:l1 ; kg:paragraph 12 .
"""


def labels_in(turtle: str) -> dict[str, str]:
    """The labels of claims, passages and terms that the profile of `turtle` has, by local name."""
    labels = [t for t in merge(WORLD + turtle) if t.predicate.value == RDFS + "label" and "@de" not in str(t.object)]
    return {str(t.subject).strip("<>").rsplit("/", 1)[-1]: str(t.object) for t in labels}


def merge(turtle: str) -> list[ox.Triple]:
    """The profile of a dataset of one file."""
    store = ox.Store()
    store.load(PREFIXES + turtle, ox.RdfFormat.TURTLE)
    triples = store.query(profile_request("protege", TURTLE, 1).text)
    assert isinstance(triples, ox.QueryTriples)
    return list(triples)


@pytest.mark.parametrize(
    ("claim", "label"),
    [
        (
            "kg:about id:eddystone ; kg:predicate kg:operatedBy ; kg:value id:guild ; kg:start 1759",
            "Eddystone: is operated by: the guild [L1#7]",
        ),
        (
            'kg:about id:eddystone ; kg:predicate kg:start ; kg:value "1759" ; kg:negated true',
            "Eddystone: start: 1759: denied [L1#7]",
        ),
        (
            "kg:agent id:guild ; kg:in id:eddystone ; kg:role voc:keeper ; kg:modality voc:planned",
            "the guild: keeper: Eddystone: planned [L1#7]",
        ),
        (
            """kg:commodity id:oil ; kg:to id:guild ; kg:from id:eddystone ;
               kg:quantityMin 20 ; kg:qualifier voc:over ; kg:unit voc:ton ; kg:date "1760" """,
            "oil: from Eddystone to the guild: over 20 ton: 1760 [L1#7]",
        ),
        (
            "kg:indicator id:height ; kg:measures id:eddystone ; kg:quantity 22 ; kg:unit voc:metre",
            "height: Eddystone: 22 metre [L1#7]",
        ),
        (
            'kg:about id:guild ; kg:relation voc:caused ; kg:affects id:wreck , id:fire ; kg:gloss "No oil."@en',
            "the guild: caused: fire, wreck [L1#7]",
        ),
        (
            'kg:about id:guild ; kg:relation voc:assessed-as ; kg:gloss "Geizig."@de , "Mean."@en',
            "the guild: assessed-as: Mean. [L1#7]",
        ),
    ],
)
def test_a_claim_is_labelled_by_its_parts_and_its_passage(claim: str, label: str) -> None:
    assert labels_in(f"st:c {claim} ; kg:cite src:l1-7 .")["c"] == f'"{label}"@en'


def test_all_passages_of_a_claim_are_in_its_label() -> None:
    claim = "kg:about id:guild ; kg:predicate kg:operatedBy ; kg:value id:eddystone ; kg:cite src:l1-7 , src:l1-12"

    assert labels_in(f"st:c {claim} .")["c"] == '"the guild: is operated by: Eddystone [L1#7, L1#12]"@en'


def test_a_label_of_the_dataset_is_kept() -> None:
    assert labels_in('st:c rdfs:label "mine" ; kg:about id:guild ; kg:cite src:l1-7 .')["c"] == '"mine"'


def test_a_passage_is_labelled_by_its_source_and_its_number() -> None:
    assert labels_in("")["l1-12"] == '"L1#12"'


def test_one_header_stands_for_all_and_comes_first() -> None:
    merged = merge(WORLD)

    typed = [t.subject for t in merged if t.object == ox.NamedNode(OWL + "Ontology")]
    header = {(t.predicate.value, str(t.object)) for t in merged if t.subject == MERGED}
    assert typed == [MERGED]
    assert merged[0].subject == MERGED
    assert header == {
        (RDF + "type", f"<{OWL}Ontology>"),
        (DCTERMS + "title", '"All"@en'),
        (OWL + "versionInfo", '"2.0"'),
        (DCTERMS + "source", f"<{BASE}ont>"),
        (DCTERMS + "source", f"<{BASE}triples/all>"),
    }
    assert not [t for t in merged if t.predicate.value in (OWL + "imports", OWL + "versionIRI")]


def test_everything_but_the_headers_is_kept_once() -> None:
    headers = {ox.NamedNode(BASE + "ont"), ox.NamedNode(BASE + "triples/all")}
    merged = merge(WORLD)

    stated = {quad.triple for quad in ox.parse(PREFIXES + WORLD, ox.RdfFormat.TURTLE)}
    assert {triple for triple in stated if triple.subject not in headers} <= set(merged)
    assert len(set(merged)) == len(merged)


def test_an_unknown_profile_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match="profile: must be protege, not 'docx'"):
        profile_request("docx", TURTLE, 1)
