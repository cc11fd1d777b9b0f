"""Stored queries of the real dataset return only what happened unless they are asked for more, and can be asked."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pyoxigraph as ox
import pytest

from kg.files import CHECKOUT, Dataset
from kg.formats import RESULTS_JSON
from kg.namespaces import BASE, ID, KG, ST, VOC
from kg.rest.binding import bind
from kg.rest.catalogue import load_catalogue
from kg.rest.parameters import read_values
from kg.rest.stored_query import StoredQuery
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

DATASET = Dataset(CHECKOUT)
CATALOGUE = load_catalogue(DATASET)
# What these list is claims, not what happened, and each says of itself whether it is denied and how it holds.
ABOUT_CLAIMS = {"claims", "claims_of_passage", "claims_of_source"}
# A disagreement lies between claims of any kind.
ABOUT_DISAGREEMENT = {"conflicts"}
TOLD = [stored for stored in CATALOGUE if stored.name not in ABOUT_CLAIMS | ABOUT_DISAGREEMENT]
SINGLE = [stored for stored in TOLD if stored.one]
# Where a row says that the source denies it.
DENYING = ("negated", "judgementNegated")


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The real dataset in memory."""
    return load_dataset(DATASET).store


@pytest.fixture(scope="module")
def unreal(store: ox.Store) -> frozenset[str]:
    """The claims and events that a source tells as planned, invented or otherwise as not having happened."""
    found = store.quads_for_pattern(None, ox.NamedNode(f"{KG}modality"), None)
    return frozenset(
        quad.subject.value
        for quad in found
        if isinstance(quad.subject, ox.NamedNode) and quad.object != ox.NamedNode(f"{VOC}happened")
    )


@pytest.fixture(scope="module")
def denied(store: ox.Store) -> frozenset[str]:
    """The claims that a source denies."""
    found = store.quads_for_pattern(None, ox.NamedNode(f"{KG}negated"), ox.Literal(True))
    return frozenset(quad.subject.value for quad in found if isinstance(quad.subject, ox.NamedNode))


def rows(store: ox.Store, stored: StoredQuery, **given: str) -> list[dict[str, Any]]:
    """The solutions of a stored query, as SPARQL writes them in JSON."""
    in_path = {parameter.name: given[parameter.name] for parameter in stored.parameters if parameter.is_in_path}
    text = bind(stored, read_values(stored, in_path, list(given.items())))
    output = io.BytesIO()
    evaluate(store, QueryRequest(text, RESULTS_JSON, BASE, 10), output)
    solutions: list[dict[str, Any]] = json.loads(output.getvalue())["results"]["bindings"]
    return solutions


def examples(stored: StoredQuery) -> dict[str, str]:
    """The examples of the parameters that a route cannot do without."""
    return {
        parameter.name: parameter.declared.example
        for parameter in stored.parameters
        if parameter.is_required and parameter.declared.example is not None
    }


def claims(solutions: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each claim in the rows: the variable, its IRI and the row."""
    for row in solutions:
        for variable, term in row.items():
            if term["type"] == "uri" and term["value"].startswith(ST):
                yield variable, term["value"], row


@pytest.mark.parametrize("stored", TOLD, ids=lambda stored: stored.name)
def test_a_route_returns_only_what_happened(store: ox.Store, unreal: frozenset[str], stored: StoredQuery) -> None:
    solutions = rows(store, stored, **examples(stored))
    keys = {row[stored.shape.key]["value"] for row in solutions}

    assert not keys & unreal
    assert not {iri for _, iri, _ in claims(solutions)} & unreal


@pytest.mark.parametrize("stored", TOLD, ids=lambda stored: stored.name)
def test_what_is_denied_is_shown_as_denied(store: ox.Store, denied: frozenset[str], stored: StoredQuery) -> None:
    silent = [
        iri
        for variable, iri, row in claims(rows(store, stored, **examples(stored)))
        if iri in denied and variable != "denial" and not any(name in row for name in DENYING)
    ]

    assert silent == []


@pytest.mark.parametrize("stored", SINGLE, ids=lambda stored: stored.name)
def test_a_page_of_one_entity_returns_only_what_happened(
    store: ox.Store, unreal: frozenset[str], stored: StoredQuery
) -> None:
    """Of each entity that has a part in what did not happen, and did itself happen."""
    shown = {
        iri
        for name in _touched(store, unreal)
        for _, iri, _ in claims(rows(store, stored, name=name))
        if ID + name not in unreal
    }

    assert not shown & unreal


def _touched(store: ox.Store, unreal: frozenset[str]) -> set[str]:
    """The names of the entities in what did not happen."""
    return {
        quad.object.value.removeprefix(ID)
        for claim in unreal
        for quad in store.quads_for_pattern(ox.NamedNode(claim), None, None)
        if isinstance(quad.object, ox.NamedNode) and quad.object.value.startswith(ID)
    }


@pytest.mark.parametrize("name", ["events", "flows", "observations", "base_participants", "training", "events_at"])
def test_what_did_not_happen_is_returned_when_it_is_asked_for(
    store: ox.Store, unreal: frozenset[str], name: str
) -> None:
    (stored,) = (stored for stored in CATALOGUE if stored.name == name)
    given = {**examples(stored), **({"name": "lipetsk-base"} if name == "base_participants" else {})}
    told = rows(store, stored, **given, mode="any")

    assert {row[stored.shape.key]["value"] for row in told} & unreal


@pytest.mark.parametrize("name", sorted(ABOUT_CLAIMS))
def test_a_list_of_claims_says_of_each_how_it_holds(store: ox.Store, name: str) -> None:
    (stored,) = (stored for stored in CATALOGUE if stored.name == name)
    solutions = rows(store, stored, **examples(stored))

    assert solutions
    assert all({"modality", "modalityLabel", "negated"} <= row.keys() for row in solutions)


def test_every_claim_in_a_disagreement_is_shown_with_what_it_says(store: ox.Store) -> None:
    """All sides are there, and none is a bare name: a flow without a number has its ends."""
    (conflicts,) = (stored for stored in CATALOGUE if stored.name == "conflicts")
    found = (quad.object for quad in store.quads_for_pattern(None, ox.NamedNode(f"{KG}between"), None))
    between = {claim.value for claim in found if isinstance(claim, ox.NamedNode)}

    shown = rows(store, conflicts)

    assert {row["claim"]["value"] for row in shown} == between
    told = {"value", "quantity", "gloss", "to", "from"}
    assert [row["claim"]["value"] for row in shown if not told & row.keys()] == []
