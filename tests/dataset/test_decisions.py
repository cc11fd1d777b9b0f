"""The pages of docs/: their queries run on the real graph, their Turtle is in it; decisions have their status first."""

import io
import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.files import CHECKOUT, Dataset
from kg.formats import RESULTS_CSV
from kg.namespaces import BASE, PREFIXES
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

DECISIONS = sorted((CHECKOUT / "docs" / "decisions").glob("*.md"))
PAGES = [*DECISIONS, *sorted((CHECKOUT / "docs").glob("*.md"))]
EXCERPTS = [
    pytest.param(excerpt, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, excerpt in enumerate(re.findall(r"```turtle\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]
QUERIES = [
    pytest.param(query, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, query in enumerate(re.findall(r"```sparql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The real dataset in memory."""
    return load_dataset(Dataset(CHECKOUT)).store


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_begins_with_its_number_and_its_status(page: Path) -> None:
    title, _, status = page.read_text(encoding="utf-8").splitlines()[:3]

    assert title.startswith(f"# {page.stem[:4]} ")
    assert re.match(r"Status: (accepted|superseded by \d{4}), \d{4}-\d{2}-\d{2}", status)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_a_page_returns_rows(store: ox.Store, query: str) -> None:
    output = io.BytesIO()

    evaluate(store, QueryRequest(query, RESULTS_CSV, BASE, 10), output)

    assert len(output.getvalue().splitlines()) > 1


@pytest.mark.parametrize("excerpt", EXCERPTS)
def test_what_a_page_shows_is_in_the_graph(store: ox.Store, excerpt: str) -> None:
    prefixes = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in PREFIXES.items())

    shown = [quad.triple for quad in ox.parse(prefixes + excerpt, ox.RdfFormat.TURTLE)]

    assert shown
    assert [triple for triple in shown if ox.Quad(*triple) not in store] == []
