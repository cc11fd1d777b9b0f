"""Rules of the grammar that the engine does not keep, and the booleans that it does not know."""

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import QueryRefused, QuerySyntaxError
from kg.formats import Family
from kg.sparql.booleans import with_small_booleans
from kg.sparql.guard import inspect

BASE = "http://example.org/"


def look_at(text: str) -> Family | None:
    return inspect(text, max_nesting=50, max_operators=2000)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("SELECT * { FILTER(?x<?a&&?b>?y) }", 21),
        ("SELECT * { FILTER((?x)<5&&?b>?y) }", 23),
        ("SELECT * { FILTER(?x<=?a&&?b>=?y) }", 21),
        ("SELECT (?a<?b&&?c>?d AS ?x) {}", 11),
        ("SELECT * { FILTER(TRUE<?b&&?c>1) }", 23),
        ("SELECT * { FILTER(<f>(1<?b&&?c>1)) }", 24),
    ],
)
def test_the_longest_token_is_an_iri_where_the_engine_would_compare(text: str, column: int) -> None:
    with pytest.raises(QuerySyntaxError, match="write spaces around") as caught:
        look_at(text)

    assert (caught.value.line, caught.value.column) == (1, column)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { FILTER(?x < ?a && ?b > ?y) }",
        "SELECT * { FILTER(?x<?a && ?b>?y) FILTER(?x<=?a && ?b>=?y) }",
        "SELECT * { ?s ?p (?x <y>) . ?s a (?x <y>) }",
        "SELECT (COUNT(DISTINCT <x>) AS ?n) { FILTER(?o IN (<a>, <b>)) }",
    ],
)
def test_comparisons_and_iris_that_cannot_be_confused_pass(text: str) -> None:
    ox.Store().query(text, base_iri=BASE)

    assert look_at(text) is Family.SOLUTIONS


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (COUNT(COUNT(*)) AS ?c) {}",
        "SELECT (SUM(?x + MAX(?y)) AS ?n) {}",
        "SELECT (1 AS ?n) {} HAVING(min(IF(sample(?x) > 1, 1, 2)) > 0)",
    ],
)
def test_an_aggregate_inside_of_an_aggregate_is_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="inside of another aggregate"):
        look_at(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (SUM(?a) + MAX(?b) AS ?n) {}",
        "SELECT (SUM(IF(EXISTS { SELECT (MAX(?y) AS ?m) {} }, 1, 2)) AS ?n) {}",
        "PREFIX e: <x> SELECT (SUM(e:count(?x)) AS ?n) { ?count ?sum ?max }",
    ],
)
def test_aggregates_beside_each_other_and_in_a_sub_select_pass(text: str) -> None:
    assert look_at(text) is Family.SOLUTIONS


@pytest.mark.parametrize("subject", ["'a'", '"""a"""', "1", "TRUE", "<<( <s> <p> <o> )>>"])
def test_the_subject_of_a_triple_term_in_an_expression_is_no_literal_and_no_triple_term(subject: str) -> None:
    with pytest.raises(QuerySyntaxError, match="the subject of a triple term"):
        look_at(f"SELECT * {{ BIND(<<( {subject} <p> <o> )>> AS ?x) }}")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { BIND(<<( <s> <p> <<( ?s <p> 'a' )>> )>> AS ?x) }",
        "SELECT * { ?s ?p <<( <<( ?a ?b ?c )>> ?q ?z )>> }",
        "SELECT * { FILTER(EXISTS { ?s ?p <<( <<( ?a ?b ?c )>> ?q ?z )>> }) }",
    ],
)
def test_triple_terms_that_are_allowed_pass(text: str) -> None:
    ox.Store().query(text, base_iri=BASE)

    assert look_at(text) is Family.SOLUTIONS


@pytest.mark.parametrize(
    ("text", "small"),
    [
        ("SELECT (TRUE AS ?t) (False AS ?f) {}", "SELECT (true AS ?t) (false AS ?f) {}"),
        ("ASK { ?s ?p TRUE.?t ?q fALSE.FILTER(TRUE||?x) }", "ASK { ?s ?p true.?t ?q false.FILTER(true||?x) }"),
        ("ASK { VALUES ?x { TRUE UNDEF False } }", "ASK { VALUES ?x { true UNDEF false } }"),
    ],
)
def test_booleans_in_any_case_are_what_the_engine_knows(text: str, small: str) -> None:
    ox.Store().query(small, base_iri=BASE)

    assert with_small_booleans(text) == small


@pytest.mark.parametrize(
    "text",
    [
        'ASK { ?TRUE <TRUE> \'TRUE\', "False", """\'TRUE""", \'x\'@TRUE, _:TRUE } # TRUE',
        "PREFIX TRUE: <False> ASK { TRUE:False TRUE: False:TRUE }",
        "ASK { FILTER(?a <TRUE&&?b> 1) }",
        "ASK { 'TRUE }",
        "ASK { ?truest ?falsetto true, false }",
    ],
)
def test_what_is_no_boolean_keeps_its_letters(text: str) -> None:
    assert with_small_booleans(text) == text


# Places for an expression or a list, and what may stand there in any order, sense or none.
PLACES = [
    "SELECT * {{ FILTER({0}) }}",
    "SELECT ({0} AS ?r) {{}} ORDER BY DESC({0})",
    "SELECT (COUNT(DISTINCT {0}) AS ?n) {{}} GROUP BY ({0} AS ?g) HAVING({0})",
    "SELECT * {{ ?s ?p true.({0}) ?p ?o . ?s a ({0}) , [ ?q ({0}) ] }}",
    "SELECT * {{ GRAPH ?g {{ (true ({0}) ?x) (<q>|({0})) ?o }} OPTIONAL {{ ({0}) ?p ?o }} }}",
    "SELECT * {{ VALUES (?a ?b) {{ ({0}) }} FILTER(?x IN ({0})) FILTER EXISTS {{ ({0}) ?p ?o }} }}",
    "SELECT * {{ <<({0})>> ?p ?o BIND(<<({0})>> AS ?z) FILTER(<f>({0})) }}",
]
PIECES = ["?x", "1", "'a'", "true", "<u>", "<?b&&?c>", "<5&&?b>", "(?x)", "(<u> ?x)", "<", ">", "&&", "!", "+", "IN"]
PIECES += [
    "NOT",
    "AS",
    "DISTINCT",
    ",",
    "BOUND(?x)",
    "COUNT(?x)",
    "<<(?a ?b ?c)>>",
    "@en",
    "^^<u>",
    "UNDEF",
    "_:b",
    " ",
]


def refused_iri(text: str) -> int | None:
    """Where the IRI begins for which `text` is refused; None if it is not, or for something else."""
    try:
        look_at(text)
    except (QuerySyntaxError, QueryRefused) as error:
        if isinstance(error, QuerySyntaxError) and error.column and "is an IRI here" in str(error):
            return error.column - 1
    return None


@given(st.sampled_from(PLACES), st.lists(st.sampled_from(PIECES), min_size=1, max_size=5), st.sampled_from(["", " "]))
@settings(max_examples=300, deadline=None)
def test_where_an_iri_is_refused_the_engine_takes_none_either(place: str, pieces: list[str], between: str) -> None:
    """So nothing is lost: at that place no query holds an IRI, but only what would not be one by the longest token."""
    text = place.format(between.join(pieces))
    start = refused_iri(text)
    if start is None:
        return

    with pytest.raises(SyntaxError):
        ox.Store().query(f"{text[:start]}<http://example.org/>{text[text.index('>', start) + 1 :]}", base_iri=BASE)
