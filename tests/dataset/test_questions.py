"""Questions that a historian asks, each answered by one query; the rows are the ones that the sources give.

A file holds its question and the rows expected, with prefixed names for IRIs and null for what is not bound. Where the
sources give no answer, `missing` is a claim with which they would: a query that finds nothing even then asks amiss.
"""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import yaml

from kg.files import CHECKOUT, Dataset
from kg.formats import RESULTS_JSON
from kg.namespaces import BASE, PREFIXES, RDF, RDFS, SKOS, shorten
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

QUESTIONS = sorted((Path(__file__).parent / "questions").glob("*.rq"))
# The numbers that the questions bear; not every number is used.
NUMBERS = (
    "01 02 03 04 05 06 07 08 10 12 13 14 15 17 18 19 21 22 23 24 25 26 28 30 31 32 33 34 36 37 38 39 40 42 43 44 46 47"
    " 48 49 50 51 52 54 55 56 57 59 61 62 63 65 66 67 69 70 71 73 74 75 76 78 79 81 82 83 85 86 88 89 90"
)
UNANSWERED = ("c83", "c85", "c86")
# What is left when every claim, and all that claims carry, is taken away.
NAMES = (SKOS, RDFS, RDF)


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The real dataset in memory."""
    return load_dataset(Dataset(CHECKOUT)).store


@pytest.fixture(scope="module")
def names(store: ox.Store) -> ox.Store:
    """The ontology, and the classes and labels of all entities: nothing that a source says."""
    kept = ox.Store()
    kept.extend(quad for quad in store if quad.predicate.value.startswith(NAMES))
    return kept


def front_of(path: Path) -> dict[str, Any]:
    """The head of a question's file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    front = yaml.safe_load("\n".join(line[3:] for line in lines if line.startswith("#+ ")))
    assert isinstance(front, dict)
    return front


def rows_of(store: ox.Store, query: str) -> list[list[str | None]]:
    """The solutions of `query`, in order, as the strings of their terms."""
    output = BytesIO()
    evaluate(store, QueryRequest(query, RESULTS_JSON, BASE, 10), output)
    answer = json.loads(output.getvalue())
    return [
        [shorten(solution[name]["value"]) if name in solution else None for name in _projection(query)]
        for solution in answer["results"]["bindings"]
    ]


def _projection(query: str) -> list[str]:
    """The variables in the order in which the query names them; the engine returns them by name."""
    head = query.partition("SELECT")[2].partition("WHERE")[0]
    plain = re.sub(r"\(.*?\bAS\s+(\?\w+)\s*\)", r"\1", head, flags=re.DOTALL)
    return [word.removeprefix("?") for word in plain.split() if word.startswith("?")]


def with_claim(store: ox.Store, turtle: str) -> ox.Store:
    """A copy of `store` in which one more claim stands."""
    copy = ox.Store()
    copy.extend(store)
    prefixes = "".join(f"@prefix {name}: <{namespace}> .\n" for name, namespace in PREFIXES.items())
    copy.load(f"{prefixes}{turtle} .".encode(), format=ox.RdfFormat.TURTLE)
    return copy


def test_every_question_has_its_file() -> None:
    assert [path.stem for path in QUESTIONS] == [f"c{number}" for number in NUMBERS.split()]


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_is_answered_with_the_rows_that_the_sources_give(store: ox.Store, path: Path) -> None:
    front = front_of(path)

    assert front["question"].endswith("?")
    assert rows_of(store, path.read_text(encoding="utf-8")) == front["expected"]


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_no_query_brings_its_answer_along(names: ox.Store, path: Path) -> None:
    """Without the claims the rows cannot be those that the sources give."""
    expected = front_of(path)["expected"]

    assert not expected or rows_of(names, path.read_text(encoding="utf-8")) != expected


def test_what_the_sources_leave_open_is_known() -> None:
    assert tuple(path.stem for path in QUESTIONS if front_of(path)["expected"] == []) == UNANSWERED


@pytest.mark.parametrize("name", UNANSWERED)
def test_a_query_that_finds_nothing_would_find_the_claim_that_is_missing(store: ox.Store, name: str) -> None:
    (path,) = (path for path in QUESTIONS if path.stem == name)

    assert rows_of(with_claim(store, front_of(path)["missing"]), path.read_text(encoding="utf-8"))
