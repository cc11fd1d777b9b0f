"""The stored queries of the real dataset: each example answers with rows; the software names none of them."""

import ast
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.files import CHECKOUT, Dataset
from kg.formats import RESULTS_JSON
from kg.namespaces import BASE
from kg.rest.binding import bind
from kg.rest.catalogue import load_catalogue
from kg.rest.objects import Keyed, read_objects
from kg.rest.parameters import read_values
from kg.rest.stored_query import StoredQuery
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

DATASET = Dataset(CHECKOUT)
CATALOGUE = load_catalogue(DATASET)
SOFTWARE = Path(kg.__file__).parent
FIVE_KINDS = ("people", "treaties", "bases", "resources", "events")
# What belongs to the subject of the dataset, and so to none of the software.
SUBJECT = ("1939", "soviet", "lipetsk", "treat")


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The real dataset in memory."""
    return load_dataset(DATASET).store


def answer(
    store: ox.Store, stored: StoredQuery, *, with_examples: bool, with_sources: bool = False
) -> tuple[Keyed, ...]:
    """The objects of a route: with all examples filled in, or with those only that it cannot do without."""
    given = {
        parameter.name: parameter.declared.example
        for parameter in stored.parameters
        if parameter.declared.example is not None and (with_examples or parameter.is_required)
    }
    in_path = {parameter.name: given[parameter.name] for parameter in stored.parameters if parameter.is_in_path}
    text = bind(stored, read_values(stored, in_path, list(given.items())), with_sources=with_sources)
    return objects(store, stored, text, with_sources=with_sources)


def single(store: ox.Store, stored: StoredQuery, iri: str) -> tuple[Keyed, ...]:
    """The objects of a route whose path has the name of an entity: one, or none."""
    text = bind(stored, read_values(stored, {"name": iri.removeprefix(f"{BASE}id/")}, []))
    return objects(store, stored, text, with_sources=False)


def objects(store: ox.Store, stored: StoredQuery, text: str, *, with_sources: bool) -> tuple[Keyed, ...]:
    """The objects of a bound query."""
    output = io.BytesIO()
    evaluate(store, QueryRequest(text, RESULTS_JSON, BASE, 10), output)
    return read_objects(stored, output.getvalue(), lambda iri: iri, with_sources=with_sources)


@pytest.mark.parametrize("stored", CATALOGUE, ids=lambda stored: stored.name)
@pytest.mark.parametrize("with_examples", [True, False], ids=["example", "bare"])
def test_a_route_answers_with_rows(store: ox.Store, stored: StoredQuery, with_examples: bool) -> None:
    assert answer(store, stored, with_examples=with_examples)


@pytest.mark.parametrize("stored", [s for s in CATALOGUE if s.has_sources], ids=lambda stored: stored.name)
def test_a_route_with_sources_names_some(store: ox.Store, stored: StoredQuery) -> None:
    plain = answer(store, stored, with_examples=False)
    sourced = answer(store, stored, with_examples=False, with_sources=True)

    assert [item.key for item in sourced] == [item.key for item in plain]
    assert any(item.content["sources"] for item in sourced)


@pytest.mark.parametrize("kind", FIVE_KINDS)
def test_each_of_the_five_kinds_has_a_list_and_a_single_object(kind: str) -> None:
    paths = {stored.path: stored for stored in CATALOGUE}

    assert not paths[f"/{kind}"].one
    assert paths[f"/{kind}/{{name}}"].one


@pytest.mark.parametrize("kind", FIVE_KINDS)
def test_an_object_of_another_kind_is_not_found(store: ox.Store, kind: str) -> None:
    routes = {stored.path: stored for stored in CATALOGUE}
    (stranger, *_) = answer(store, routes["/people" if kind != "people" else "/treaties"], with_examples=False)
    one = routes[f"/{kind}/{{name}}"]

    assert single(store, one, stranger.key) == ()


@pytest.mark.parametrize("kind", FIVE_KINDS)
def test_every_object_of_a_list_is_found_by_its_name(store: ox.Store, kind: str) -> None:
    lists, ones = ({stored.path: stored for stored in CATALOGUE}[path] for path in (f"/{kind}", f"/{kind}/{{name}}"))

    for item in answer(store, lists, with_examples=False):
        (found,) = single(store, ones, item.key)
        assert (found.key, found.content["label"]) == (item.key, item.content["label"])


@pytest.mark.parametrize("stored", CATALOGUE, ids=lambda stored: stored.name)
def test_nothing_is_shown_without_a_label_where_a_label_is_asked_for(store: ox.Store, stored: StoredQuery) -> None:
    """A label that is missing in the data would show as a bare IRI on every page that is made of this route."""
    has_label = stored.shape.key in stored.shape.labelled

    unlabelled = [item.key for item in answer(store, stored, with_examples=False) if item.content["label"] is None]

    assert not (has_label and unlabelled), json.dumps(unlabelled)


def strings(path: Path) -> Iterator[str]:
    """The string constants of a Python file without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def software() -> list[Path]:
    """The files of the software, without the dataset that travels in the wheel and what is built."""
    kinds = {".py", ".rq", ".html", ".yaml", ".java", ".css", ".js"}
    apart = SOFTWARE / "dataset"
    return [path for path in sorted(SOFTWARE.rglob("*")) if path.suffix in kinds and apart not in path.parents]


@pytest.mark.parametrize("word", SUBJECT)
def test_the_software_does_not_know_the_subject(word: str) -> None:
    naming = [path.name for path in software() if word in path.read_text(encoding="utf-8").lower()]

    assert naming == []


@pytest.mark.parametrize("stored", CATALOGUE, ids=lambda stored: stored.name)
def test_the_software_names_no_stored_query(stored: StoredQuery) -> None:
    """No string of a program is its name; no file has its route."""
    by_name = [path.name for path in software() if path.suffix == ".py" and stored.name in strings(path)]
    by_path = [path.name for path in software() if stored.route in path.read_text(encoding="utf-8")]

    assert (by_name, by_path) == ([], [])
