"""The made-up data, and what is asked of them."""

import json
from itertools import islice
from pathlib import Path

import pyoxigraph as ox
import pytest

from benchmarks.agreement import canonical_rows
from benchmarks.archive import SMALLEST, generate, persons_in, write_archive
from benchmarks.questions import RUNAWAY, Question, fourteen, look_ups, streamed, workloads
from kg.files import find_dataset
from kg.sparql.guard import inspect
from kg.store.memory import load_dataset

SEEDS = range(5)
UNITS = 30 * 110  # triples of thirty units at least


def store_of(size: int, seed: int) -> ox.Store:
    """A store that holds the archive."""
    store = ox.Store()
    store.load("\n".join(generate(size, seed)).encode(), ox.RdfFormat.N_TRIPLES)
    return store


def rows_of(store: ox.Store, question: Question) -> list[str]:
    """The rows of the answer as text."""
    return [str(row) for row in store.query(question.text)]  # type: ignore[union-attr]  # no ASK among them


@pytest.mark.parametrize("seed", SEEDS)
def test_the_archive_has_as_many_different_triples_as_wanted(seed: int) -> None:
    assert len(store_of(UNITS, seed)) == UNITS


def test_the_archive_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert list(generate(SMALLEST, 1)) == list(generate(SMALLEST, 1))
    assert list(generate(SMALLEST, 1)) != list(generate(SMALLEST, 2))


def test_a_larger_archive_begins_with_the_smaller_one() -> None:
    assert list(islice(generate(UNITS, 1), SMALLEST)) == list(generate(SMALLEST, 1))


def test_its_literals_are_in_the_form_in_which_the_engine_gives_them_back() -> None:
    written = {*generate(SMALLEST, 1)}

    given_back = {f"{quad.triple} ." for quad in store_of(SMALLEST, 1)}

    assert given_back == written


def test_ours_loads_as_a_dataset_what_peers_load_as_one_file(tmp_path: Path) -> None:
    whole = write_archive(tmp_path / "archive", SMALLEST, 1)

    loaded = load_dataset(find_dataset(tmp_path / "archive")).store

    peers = ox.Store()
    peers.load(path=whole, format=ox.RdfFormat.N_TRIPLES)
    assert {*loaded.quads_for_pattern(None, None, None, ox.DefaultGraph())} == {*peers}


@pytest.mark.parametrize("question", fourteen(), ids=lambda question: question.name)
def test_each_query_finds_something_in_the_smallest_archive(question: Question) -> None:
    for seed in SEEDS:
        rows = rows_of(store_of(SMALLEST, seed), question)

        assert rows
        assert not any('"0"^^' in row for row in rows)  # a COUNT of nothing would be a row too


@pytest.mark.parametrize("size", [SMALLEST, UNITS])
def test_each_look_up_finds_a_person_that_is_not_cut_off(size: int) -> None:
    store = store_of(size, 1)

    found = [len(rows_of(store, question)) for question in look_ups(size)]

    assert len(found) == min(100, persons_in(size))
    assert min(found) >= 6  # class, name, birth, citizenship, membership, role; not all have died


def test_the_fourteen_queries_and_the_large_one_have_names_of_their_own() -> None:
    assert len({question.name for question in fourteen()}) == 14


def test_the_large_answer_has_each_triple_twenty_times() -> None:
    assert len(rows_of(store_of(SMALLEST, 1), streamed())) == 20 * SMALLEST


def test_our_guard_lets_every_query_through() -> None:
    texts = [question.text for question in (*fourteen(), *look_ups(SMALLEST), streamed())]

    for text in (*texts, RUNAWAY):
        assert inspect(text, max_nesting=200, max_operators=5000) is not None


def test_a_repeated_workload_sends_few_texts_and_a_distinct_one_none_twice() -> None:
    for workload in workloads(SMALLEST):
        encoded = [question.encoded for question in islice(workload.texts(), 500)]

        different = len(workload.questions) if workload.is_repeated else 500
        assert len({*encoded}) == different


def test_the_mark_of_a_distinct_text_changes_no_answer() -> None:
    store = store_of(SMALLEST, 1)
    for workload in workloads(SMALLEST):
        for plain, marked in zip(workload.questions, workload.texts(), strict=False):
            assert plain.name == marked.name
            assert rows_of(store, plain) == rows_of(store, Question("", f"{marked.text} # {marked.number}"))


def test_answers_that_mean_the_same_are_the_same_whatever_their_order_and_spelling() -> None:
    question = Question("", "SELECT")
    string = "http://www.w3.org/2001/XMLSchema#string"
    one = [{"a": {"type": "literal", "value": "x", "datatype": string}}, {"a": {"type": "uri", "value": "urn:y"}}]
    other = [{"a": {"type": "uri", "value": "urn:y"}}, {"a": {"type": "literal", "value": "x"}}]

    assert canonical_rows(question, _results(one)) == canonical_rows(question, _results(other))


@pytest.mark.parametrize(
    "other",
    [
        [],
        [{"a": {"type": "literal", "value": "x"}}] * 2,
        [{"a": {"type": "literal", "value": "x", "xml:lang": "en"}}],
        [{"a": {"type": "uri", "value": "x"}}],
        [{"b": {"type": "literal", "value": "x"}}],
    ],
)
def test_answers_that_differ_in_a_term_a_variable_or_their_number_differ(other: list[object]) -> None:
    question = Question("", "SELECT")

    assert canonical_rows(question, _results(other)) != canonical_rows(
        question, _results([{"a": {"type": "literal", "value": "x"}}])
    )


def _results(bindings: list[object] | list[dict[str, dict[str, str]]]) -> bytes:
    return json.dumps({"head": {"vars": ["a"]}, "results": {"bindings": bindings}}).encode()
