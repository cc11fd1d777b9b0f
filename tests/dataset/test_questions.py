"""Questions that a historian asks, each answered by one query; the rows are the ones that the sources give.

A file holds its question and the rows expected, with prefixed names for IRIs and null for what is not bound.
"""

import json
from io import BytesIO
from pathlib import Path

import pyoxigraph as ox
import pytest
import yaml

from kg.files import CHECKOUT, Dataset
from kg.formats import RESULTS_JSON
from kg.namespaces import BASE, shorten
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

QUESTIONS = sorted((Path(__file__).parent / "questions").glob("*.rq"))


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The real dataset in memory."""
    return load_dataset(Dataset(CHECKOUT)).store


def rows_of(store: ox.Store, query: str) -> list[list[str | None]]:
    """The solutions of `query`, in order, as the strings of their terms."""
    output = BytesIO()
    evaluate(store, QueryRequest(query, RESULTS_JSON, BASE, 10), output)
    answer = json.loads(output.getvalue())
    names = [name for name in _projection(query) if name in answer["head"]["vars"]]
    return [
        [shorten(solution[name]["value"]) if name in solution else None for name in names]
        for solution in answer["results"]["bindings"]
    ]


def _projection(query: str) -> list[str]:
    """The variables in the order in which the query names them; the engine returns them by name."""
    head = query.partition("SELECT")[2].partition("WHERE")[0]
    return [word.removeprefix("?") for word in head.split() if word.startswith("?")]


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_is_answered_with_the_rows_that_the_sources_give(store: ox.Store, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    front = yaml.safe_load("\n".join(line[3:] for line in text.splitlines() if line.startswith("#+ ")))

    assert front["question"].endswith("?")
    assert rows_of(store, text) == front["expected"]
