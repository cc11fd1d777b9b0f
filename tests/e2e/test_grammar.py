"""Where the engine reads another language than the recommendation, the service keeps to the recommendation."""

import httpx
import pytest


def test_booleans_are_read_in_any_case(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "SELECT (TRUE AS ?t) (?t && False AS ?f) {}", "format": "csv"})

    assert response.text.split() == ["t,f", "true,false"]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("SELECT * { ?s ?p ?o FILTER(?o<5&&?s>3) }", 30),
        ("SELECT (COUNT(COUNT(*)) AS ?c) {}", 20),
        ("SELECT * { BIND(<<( 'a' <urn:p> <urn:o> )>> AS ?x) }", 21),
    ],
)
def test_what_the_grammar_forbids_is_a_syntax_error_with_its_place(
    client: httpx.Client, text: str, column: int
) -> None:
    response = client.get("/sparql", params={"query": text})

    problem = response.json()
    assert (response.status_code, problem["status"]) == (400, 400)
    assert (problem["line"], problem["column"]) == (1, column)
    assert problem["type"] == client.get("/sparql", params={"query": "SELECT"}).json()["type"]
