"""Where the SERVICE clauses of a query stand, and whom they ask."""

import pytest

from kg.errors import QueryRefused, QuerySyntaxError
from kg.sparql.guard import find_services
from kg.sparql.services import Prologue, ServiceClause, read_prologue

BASE = "http://base.example/sparql"


def services(text: str) -> tuple[ServiceClause, ...]:
    return find_services(text, max_nesting=50, max_operators=1000)


def written(text: str) -> list[tuple[str, str, bool]]:
    """Target, group and whether it is silent, of each clause."""
    return [(clause.target, text[clause.group : clause.end], clause.is_silent) for clause in services(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT * { SERVICE <x:y> { ?s ?p ?o } }", [("<x:y>", "{ ?s ?p ?o }", False)]),
        ("ASK{?s?p?o.service silent<x:y>{}}", [("<x:y>", "{}", True)]),
        ("ASK { SERVICE x:y\\-z { { ?a ?b '}' } } }", [("x:y\\-z", "{ { ?a ?b '}' } }", False)]),
        ("ASK { SERVICE ?v { VALUES ?x { 1 } } }", [("?v", "{ VALUES ?x { 1 } }", False)]),
        ("ASK { SERVICE ?v {} SERVICE $w {} }", [("?v", "{}", False), ("$w", "{}", False)]),
        ("ASK { SERVICE #c {\n<x:y> #}\n{ #}\n} }", [("<x:y>", "{ #}\n}", False)]),
        ("ASK { # SERVICE <x:y> {}\n }", []),
        ("ASK { ?s ?p 'SERVICE <x:y> {}' }", []),
        ("ASK { <x:SERVICE> ?SERVICE x:service }", []),
    ],
)
def test_each_clause_is_found_and_nothing_else(text: str, found: list[tuple[str, str, bool]]) -> None:
    assert written(text) == found


def test_clauses_inside_of_a_clause_belong_to_it() -> None:
    (outer,) = services("ASK { SERVICE <x:a> { SERVICE <x:b> { SERVICE ?c {} } SERVICE <x:d> {} } }")

    assert [inner.target for inner in outer.inner] == ["<x:b>", "<x:d>"]
    assert [inner.target for inner in outer.inner[0].inner] == ["?c"]


@pytest.mark.parametrize(
    "text",
    [
        "ASK { SERVICE { } }",
        "ASK { SERVICE SILENT { } }",
        "ASK { SERVICE SILENT SILENT <x:y> { } }",
        "ASK { SERVICE <x:y> <x:z> { } }",
        "ASK { SERVICE 'x' { } }",
        "ASK { SERVICE <x:y> [] }",
        "ASK { SERVICE SERVICE <x:y> { } }",
        "ASK { SERVICESILENT <x:y> { } }",
        "ASK { ?s ?p trueSERVICE <x:y> { } }",
        "ASK { LATERAL { SERVICE <x:y> { } } }",
        "LOAD <x:y>",
    ],
)
def test_a_clause_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(QueryRefused):
        services(text)


@pytest.mark.parametrize(
    "text", ["ASK { SERVICE <x:y> {}", "ASK { SERVICE <x:y> {} } }", "ASK { SERVICE <x:y> {} \\ }"]
)
def test_there_are_no_clauses_in_what_is_no_sparql(text: str) -> None:
    assert services(text) == ()


@pytest.mark.parametrize(
    ("text", "token", "iri"),
    [
        ("ASK {}", "<http://a.example/>", "http://a.example/"),
        ("ASK {}", "</b>", "http://base.example/b"),
        ("ASK {}", "<http://\\u0061.example/>", "http://a.example/"),
        ("PREFIX p: <http://\\u0061.example/> ASK {}", "p:b", "http://a.example/b"),
        ("BASE <http://c.example/d/> ASK {}", "<e>", "http://c.example/d/e"),
        ("BASE <http://c.example/> BASE <d/> PREFIX p: <e#> ASK {}", "p:f", "http://c.example/d/e#f"),
        ("PREFIX p: <http://a.example/> PREFIX p: <http://b.example/> ASK {}", "p:", "http://b.example/"),
        ("PREFIX : #PREFIX : <x:>\n<http://a.example/> ASK {}", ":b\\~c", "http://a.example/b~c"),
        ('VERSION "PREFIX p: <x:y>" PREFIX p: <http://a.example/> ASK {}', "p:b", "http://a.example/b"),
        ('PREFIX p: <http://a.example/> VERSION "PREFIX p: <x:y>" ASK {}', "p:b", "http://a.example/b"),
        ("PREFIX p: <http://a.example/> ASK { BIND('PREFIX p: <x:y>' AS ?x) }", "p:b", "http://a.example/b"),
    ],
)
def test_a_target_is_resolved_by_what_the_query_declares(text: str, token: str, iri: str) -> None:
    assert read_prologue(text, BASE).resolve(token) == iri


def test_a_prefix_that_is_not_declared_is_refused() -> None:
    with pytest.raises(QueryRefused):
        read_prologue("PREFIX p: <http://a.example/> ASK {}", BASE).resolve("q:x")


@pytest.mark.parametrize("token", ["<http://a b/>", "<http://a.example/%>"])
def test_what_is_no_iri_is_a_syntax_error(token: str) -> None:
    with pytest.raises(QuerySyntaxError):
        read_prologue("ASK {}", BASE).resolve(token)


def test_the_declarations_are_written_for_a_query_of_their_own() -> None:
    prologue = Prologue("http://a.example/", {"": "x:", "p": "y:"}, 0)

    assert prologue.written() == "BASE <http://a.example/>\nPREFIX : <x:>\nPREFIX p: <y:>\n"
