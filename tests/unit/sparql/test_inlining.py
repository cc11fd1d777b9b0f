"""What endpoints answer stands in the text of a query as the same terms."""

import io

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import ServiceFailed
from kg.formats import RESULTS_JSON
from kg.sparql.guard import find_services
from kg.sparql.inlining import Solution, filters_look_ahead, inline, question_of_variables, replacement
from kg.sparql.services import read_prologue
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IRIS = st.builds(lambda name: ox.NamedNode(f"http://a.example/{name}"), st.text("ab/?=~'(,;äé", max_size=5))
LITERALS = st.one_of(
    st.builds(ox.Literal, TEXTS),
    st.builds(lambda text: ox.Literal(text, language="en-gb"), TEXTS),
    st.builds(lambda text: ox.Literal(text, language="ar", direction=ox.BaseDirection.RTL), TEXTS),
    st.builds(lambda text: ox.Literal(text, datatype=ox.NamedNode("x:type")), TEXTS),
    st.builds(ox.Literal, st.integers()),
)
BLANKS = st.builds(ox.BlankNode, st.sampled_from(["a", "b1", "Z-9", "0123456789abcdef0123456789abcdef"]))
TRIPLES = st.builds(ox.Triple, IRIS, IRIS, st.one_of(IRIS, LITERALS))
TERMS = st.one_of(st.none(), IRIS, LITERALS, BLANKS, TRIPLES)


def solutions_of(text: str) -> list[tuple[object, ...]]:
    """The solutions of `text` on nothing, as the store answers it."""
    output = io.BytesIO()
    evaluate(ox.Store(), QueryRequest(text, RESULTS_JSON, "http://base.example/", 5), output)
    results = ox.parse_query_results(output.getvalue(), ox.QueryResultsFormat.JSON)
    assert isinstance(results, ox.QuerySolutions)
    return [tuple(solution) for solution in results]


def with_numbered_blanks(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """`rows` with each blank node called after its first place."""
    numbers: dict[ox.BlankNode, str] = {}
    return [
        tuple(numbers.setdefault(t, f"blank {len(numbers)}") if isinstance(t, ox.BlankNode) else t for t in row)
        for row in rows
    ]


@given(st.lists(st.tuples(TERMS, TERMS), max_size=6))
def test_solutions_come_out_as_they_went_in(rows: list[Solution]) -> None:
    group = inline(["x", "y"], rows, "http://endpoint.example/")

    found = solutions_of(f"SELECT ?x ?y {{ {group} }}")

    assert with_numbered_blanks(found) == with_numbered_blanks([tuple(row) for row in rows])


@given(st.lists(st.just(()), max_size=3))
def test_solutions_without_variables_keep_their_number(rows: list[Solution]) -> None:
    assert len(solutions_of(f"SELECT (1 AS ?one) {{ {inline([], rows, 'x:y')} }}")) == len(rows)


def test_blank_nodes_of_two_answers_are_never_the_same() -> None:
    first, second = (inline(["x"], [(ox.BlankNode("a"),)], "x:y") for _ in range(2))

    assert solutions_of(f"SELECT ?x {{ {first} {second} }}") == []


def test_a_text_that_grows_too_long_has_failed() -> None:
    with pytest.raises(ServiceFailed, match="too long"):
        inline(["x", "y"], [(None, None)] * 1000, "x:y", max_chars=5000)


def test_a_blank_node_inside_of_a_triple_term_has_failed() -> None:
    triple = ox.Triple(ox.BlankNode("a"), ox.NamedNode("x:p"), ox.Literal("o"))

    with pytest.raises(ServiceFailed, match="blank node"):
        inline(["x"], [(triple,)], "x:y")


def test_the_question_for_variables_leaves_each_place_where_it_was_and_asks_nobody() -> None:
    text = "PREFIX x: <x:>\nASK {\n SERVICE SILENT\n<x:y> { ?a x:b ?c .\n SERVICE <x:z> { ?d ?e ?f } } }"
    (clause,) = find_services(text, max_nesting=50, max_operators=1000)

    question = question_of_variables(clause, text, read_prologue(text, "http://base.example/"))

    assert question.index("?a x:b ?c") == text.index("?a x:b ?c")
    assert question.index("?d ?e ?f") == text.index("?d ?e ?f")
    assert "SERVICE" not in question
    assert solutions_of(question) == []


def test_what_follows_a_clause_stays_on_its_line() -> None:
    text = "ASK { SERVICE <x:y> {\n?s\n?p ?o } ?a }"
    (clause,) = find_services(text, max_nesting=50, max_operators=1000)

    assert replacement(clause, text, "{}").count("\n") == 2


@pytest.mark.parametrize(
    ("text", "looks_ahead"),
    [
        ("ASK { ?a ?b ?v SERVICE ?v { ?s ?p ?o } }", False),
        ("ASK { ?a ?b ?v FILTER(?a != ?v) SERVICE ?v { ?s ?p ?o } }", False),
        ("ASK { ?a ?b ?v FILTER(?a != ?v) SERVICE ?v { ?s ?p ?a } }", True),
        ("ASK { ?a ?b ?v FILTER(!BOUND(?s)) SERVICE ?v { ?s ?p ?o } }", True),
        ("ASK { ?a ?b ?v FILTER EXISTS { ?a ?b ?c } SERVICE ?v {} ?c ?d ?e }", True),
        ("ASK { { ?a ?b ?v FILTER(?a != ?v) } { SERVICE ?v { ?s ?p ?a } } }", False),
    ],
)
def test_a_filter_that_may_wait_for_what_follows_is_noticed(text: str, looks_ahead: bool) -> None:
    (clause,) = find_services(text, max_nesting=50, max_operators=1000)

    assert filters_look_ahead(clause, text) is looks_ahead
