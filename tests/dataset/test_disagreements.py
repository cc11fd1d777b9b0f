"""The disagreements: enough of each kind, each between claims that fit it, and no conflict of values left out."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations

import pyoxigraph as ox
import pytest

from kg.files import CHECKOUT, Dataset
from kg.namespaces import BASE
from kg.spans import span_of
from kg.store.memory import load_dataset

TEXTS = {"s0", "s1"}
DISAGREEMENTS = """
PREFIX kg: <https://w3id.org/rapallo/ont#>
SELECT ?disagreement ?kind ?outcome ?claim ?source ?table ?rank WHERE {
  ?disagreement a kg:Disagreement ; kg:kind ?kind ; kg:outcome ?outcome ; kg:between ?claim .
  ?claim kg:cite/kg:passageOf ?source .
  OPTIONAL { ?claim kg:table ?table }
  OPTIONAL { ?claim kg:rank ?rank }
}
"""
# Of the properties that can have one value only, every value that stands.
SINGLE_VALUES = """
PREFIX kg: <https://w3id.org/rapallo/ont#>
PREFIX voc: <https://w3id.org/rapallo/voc/>
SELECT ?about ?property ?claim ?value WHERE {
  ?property kg:singleValued true .
  ?claim kg:about ?about ; kg:predicate ?property ; kg:value ?value .
  FILTER NOT EXISTS { ?claim kg:negated true }
  FILTER NOT EXISTS { ?claim kg:rank voc:deprecated }
}
"""


@dataclass
class Disagreement:
    """What lies between what: kinds and outcome, and of each claim the sources, whether in a table, and the rank."""

    kinds: set[str] = field(default_factory=set)
    outcomes: set[str] = field(default_factory=set)
    sources: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    cells: set[str] = field(default_factory=set)
    preferred: set[str] = field(default_factory=set)

    @property
    def texts(self) -> set[str]:
        """The texts, without the references, that the claims rest on."""
        return TEXTS & set().union(*self.sources.values())

    @property
    def corrections(self) -> set[str]:
        """The claims that rest on references."""
        return {claim for claim, sources in self.sources.items() if not sources & TEXTS}


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The real dataset in memory."""
    return load_dataset(Dataset(CHECKOUT)).store


@pytest.fixture(scope="module")
def disagreements(store: ox.Store) -> dict[str, Disagreement]:
    """All disagreements by their names."""
    found: dict[str, Disagreement] = defaultdict(Disagreement)
    solutions = store.query(DISAGREEMENTS)
    assert isinstance(solutions, ox.QuerySolutions)
    for solution in solutions:
        name, kind, outcome, claim, source, table, rank = (
            term.value.removeprefix(BASE).partition("/")[2] if isinstance(term, ox.NamedNode) else ""
            for term in solution
        )
        one = found[name]
        one.kinds.add(kind)
        one.outcomes.add(outcome)
        one.sources[claim].add(source)
        one.cells.update({claim} if table else ())
        one.preferred.update({claim} if rank == "preferred" else ())
    return dict(found)


def of_kind(disagreements: dict[str, Disagreement], kind: str) -> dict[str, Disagreement]:
    """Those that are of `kind`, whatever else they are."""
    return {name: one for name, one in disagreements.items() if kind in one.kinds}


def test_there_are_enough_of_each_kind(disagreements: dict[str, Disagreement]) -> None:
    counted = Counter(kind for one in disagreements.values() for kind in one.kinds)
    in_a_text = [one for one in disagreements.values() if one.kinds & {"within-text", "text-against-table"}]

    assert counted["between-texts"] >= 14
    assert len(in_a_text) >= 30
    assert counted["text-against-table"] > 0
    assert counted["text-against-record"] > 0


def test_what_lies_between_the_texts_rests_on_both(disagreements: dict[str, Disagreement]) -> None:
    unfit = [name for name, one in of_kind(disagreements, "between-texts").items() if one.texts != TEXTS]

    assert unfit == []


@pytest.mark.parametrize("kind", ["within-text", "text-against-table"])
def test_what_lies_within_a_text_rests_on_one(disagreements: dict[str, Disagreement], kind: str) -> None:
    unfit = [
        name
        for name, one in of_kind(disagreements, kind).items()
        if len(one.texts) != 1 or len(one.sources) - len(one.corrections) < 2
    ]

    assert unfit == []


def test_what_lies_between_a_text_and_its_table_has_a_cell(disagreements: dict[str, Disagreement]) -> None:
    unfit = [name for name, one in of_kind(disagreements, "text-against-table").items() if not one.cells]

    assert unfit == []


def test_what_lies_between_a_text_and_the_record_has_a_reference(disagreements: dict[str, Disagreement]) -> None:
    unfit = [
        name
        for name, one in of_kind(disagreements, "text-against-record").items()
        if not one.texts or not one.corrections
    ]

    assert unfit == []


def test_what_the_record_decides_prefers_the_record(disagreements: dict[str, Disagreement]) -> None:
    by_record = {name: one for name, one in disagreements.items() if one.outcomes == {"decided-by-record"}}
    unfit = [name for name, one in by_record.items() if not one.corrections & one.preferred]

    assert by_record
    assert unfit == []


def test_two_values_that_cannot_both_hold_are_in_a_disagreement(
    store: ox.Store, disagreements: dict[str, Disagreement]
) -> None:
    """A day within a month agrees with it; two times without a common day do not, nor do two places or truth values."""
    values: dict[tuple[str, str], dict[str, ox.NamedNode | ox.Literal]] = defaultdict(dict)
    solutions = store.query(SINGLE_VALUES)
    assert isinstance(solutions, ox.QuerySolutions)
    for about, property_, claim, value in solutions:
        values[about.value, property_.value][claim.value.removeprefix(f"{BASE}st/")] = value
    known = {pair for one in disagreements.values() for pair in combinations(sorted(one.sources), 2)}

    missing = [
        (one, other)
        for claims in values.values()
        for one, other in combinations(sorted(claims), 2)
        if differ(claims[one], claims[other]) and (one, other) not in known
    ]

    assert len(known) > len(disagreements)
    assert missing == []


def differ(one: ox.NamedNode | ox.Literal, other: ox.NamedNode | ox.Literal) -> bool:
    """Whether the two cannot both be the value of one thing."""
    try:
        (first, last), (from_, until) = (span_of(value) for value in (one, other) if isinstance(value, ox.Literal))
    except ValueError:  # no times, or not two literals
        return one != other
    return bool((last and from_ and last < from_) or (until and first and until < first))
