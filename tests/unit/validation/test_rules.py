"""Every rule of ontology/rules/ finds its fixture, and nothing in the small world."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyoxigraph as ox
import pytest
import yaml
from patching import FIXTURES, ONTOLOGY, patched, read_base

from kg.errors import ParseFailure
from kg.namespaces import PREFIXES
from kg.validation.rules import apply_rule, read_rule

BROKEN: Mapping[str, Sequence[Mapping[str, str]]] = yaml.safe_load(
    (FIXTURES / "broken_rules.yaml").read_text(encoding="utf-8")
)
RULES = {path.stem: path for path in sorted((ONTOLOGY / "rules").glob("*.rq"))}


@pytest.fixture(scope="module")
def base() -> frozenset[ox.Triple]:
    return read_base()


def in_store(triples: frozenset[ox.Triple] | set[ox.Triple]) -> ox.Store:
    store = ox.Store()
    store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
    return store


def test_every_rule_has_a_fixture() -> None:
    assert BROKEN.keys() == RULES.keys()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_nothing_in_the_small_world(name: str, base: frozenset[ox.Triple]) -> None:
    assert list(apply_rule(read_rule(RULES[name]), in_store(base))) == []


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in BROKEN.items() for case in cases])
def test_a_rule_finds_its_fixture_and_can_say_so(
    name: str, case: Mapping[str, str], base: frozenset[ox.Triple]
) -> None:
    rule = read_rule(RULES[name])
    prefix, local = case["finds"].split(":")

    solutions = list(apply_rule(rule, in_store(patched(base, case["patch"]))))

    assert ox.NamedNode(PREFIXES[prefix] + local) in [solution["focus"] for solution in solutions]
    assert rule.message.format_map({key: str(term) for key, term in solutions[0].items()})


def test_concepts_of_two_schemes_may_share_a_label(base: frozenset[ox.Triple]) -> None:
    patch = 'drop voc:tonne skos:prefLabel "tonne"@en .\nadd voc:tonne skos:prefLabel "essay"@en .'

    rule = read_rule(RULES["label-is-unique-in-its-class"])

    assert list(apply_rule(rule, in_store(patched(base, patch)))) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT ?focus WHERE { ?focus ?p ?o }", "front line"),
        ("#+ message: [", "not YAML"),
        ('#+ message: "x"\nSELECT ?other WHERE { ?other ?p ?o }', "projects ?focus"),
        ('#+ message: "x"\nASK { ?focus ?p ?o }', "SELECT"),
        ('#+ message: "x"\nSELECT ?focus WHERE {', "error at 2:"),
    ],
)
def test_a_file_that_is_no_rule_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "rule.rq"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ParseFailure) as caught:
        list(apply_rule(read_rule(path), ox.Store()))

    assert reason in caught.value.reason
