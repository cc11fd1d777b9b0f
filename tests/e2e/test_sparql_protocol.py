"""SPARQL 1.1 Protocol over HTTP: the ways to ask, the dataset, decoding, and the format of the answer."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

import httpx
import pyoxigraph as ox
import pytest

from servers import Server

LABELS = "SELECT ?s ?label WHERE { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label } ORDER BY ?s ?label"
SHAPES = "https://w3id.org/rapallo/shapes"
COUNT = "SELECT (COUNT(*) AS ?count) WHERE { ?s ?p ?o }"
COUNT_NAMED = "SELECT (COUNT(*) AS ?count) WHERE { GRAPH ?g { ?s ?p ?o } }"


def by_get(client: httpx.Client, query: str) -> httpx.Response:
    return client.get("/sparql", params={"query": query})


def by_form(client: httpx.Client, query: str) -> httpx.Response:
    return client.post("/sparql", data={"query": query})


def by_body(client: httpx.Client, query: str) -> httpx.Response:
    return client.post("/sparql", content=query.encode(), headers={"Content-Type": "application/sparql-query"})


def by_form_in_utf_8(client: httpx.Client, query: str) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return client.post("/sparql", content=urlencode({"query": query}), headers=headers)


def by_body_in_utf_8(client: httpx.Client, query: str) -> httpx.Response:
    headers = {"Content-Type": "application/sparql-query; charset=utf-8"}
    return client.post("/sparql/", content=query.encode(), headers=headers)


WAYS = [by_get, by_form, by_body, by_form_in_utf_8, by_body_in_utf_8]
Way = Callable[[httpx.Client, str], httpx.Response]


def value_of(response: httpx.Response) -> str:
    """The one value of the one solution of a SELECT."""
    assert response.status_code == 200, response.text
    (binding,) = response.json()["results"]["bindings"]
    ((_, term),) = binding.items()
    return str(term["value"])


@pytest.mark.parametrize("ask", WAYS)
def test_every_way_to_ask_gets_the_same_answer(client: httpx.Client, ask: Way) -> None:
    response = ask(client, LABELS)

    assert response.status_code == 200
    assert response.content == by_get(client, LABELS).content
    assert len(response.json()["results"]["bindings"]) > 10


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/sparql-query"])
def test_another_charset_than_utf_8_is_not_taken(client: httpx.Client, content_type: str) -> None:
    response = client.post("/sparql", content=b"query=", headers={"Content-Type": f"{content_type}; charset=utf-16"})

    assert response.status_code == 415


@pytest.mark.parametrize("content", [b"query=ASK%7B%7D", b"ASK {}"])
def test_a_body_without_a_content_type_is_refused(client: httpx.Client, content: bytes) -> None:
    assert client.post("/sparql", content=content).status_code == 415


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("text", ["français", "Gröning", "Смоленск", "a+b", "a%2Bb", "100%", "a b", "&=#?/"])
def test_text_is_decoded_exactly_once(client: httpx.Client, ask: Way, text: str) -> None:
    assert value_of(ask(client, f'SELECT ("{text}" AS ?text) WHERE {{}}')) == text


@pytest.mark.parametrize(("space", "expected"), [("+", "a b"), ("%20", "a b"), ("%2B", "a+b"), ("%252B", "a%2Bb")])
def test_a_space_is_a_plus_or_an_escape(client: httpx.Client, space: str, expected: str) -> None:
    encoded = quote('SELECT ("a_b" AS ?text) WHERE {}', safe="").replace("_", space)

    assert value_of(client.get(f"/sparql?query={encoded}")) == expected
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert value_of(client.post("/sparql", content=f"query={encoded}", headers=form)) == expected


def test_bytes_that_are_not_utf_8_are_refused_everywhere(client: httpx.Client) -> None:
    form, direct = {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "application/sparql-query"}
    bad = b'SELECT ("\xe7" AS ?text) WHERE {}'

    responses = [
        client.get("/sparql?query=%E7"),
        client.post("/sparql", content=b"query=" + quote(bad).encode(), headers=form),
        client.post("/sparql", content=bad, headers=direct),
        client.get("/id/%E7"),
        client.get("/api/named/%E7"),
        client.get("/resource?iri=%E7"),
    ]

    assert [response.status_code for response in responses] == [400] * 6


def test_the_dataset_of_the_protocol_replaces_that_of_the_query(client: httpx.Client) -> None:
    def count(query: str, **graphs: str) -> int:
        names = [(name.replace("_", "-") + "-graph-uri", iri) for name, iri in graphs.items()]
        return int(value_of(client.get("/sparql", params=[("query", query), *names])))

    own, of_shapes = count(COUNT), count(COUNT, default=SHAPES)
    assert own > of_shapes > 0
    assert count(COUNT.replace("WHERE", f"FROM <{SHAPES}> WHERE")) == of_shapes
    assert count(COUNT, default="urn:no-such-graph") == 0
    assert count(COUNT.replace("WHERE", f"FROM <{SHAPES}> WHERE"), default="urn:no-such-graph") == 0
    assert count(COUNT, named=SHAPES) == 0
    assert count(COUNT_NAMED, named=SHAPES) == of_shapes
    assert count(COUNT_NAMED, default=SHAPES) == 0
    assert count(COUNT_NAMED, default="urn:no-such-graph", named=SHAPES) == of_shapes


CATALOGUE = "https://w3id.org/rapallo/catalogue"
# One query counts what it sees: in its default graph, and in its named graphs with their names.
SEEN = """SELECT (COUNT(?s) AS ?default) (COUNT(?t) AS ?named)
  (GROUP_CONCAT(DISTINCT COALESCE(STR(?g), "")) AS ?names) {clauses}
WHERE {{ {{ ?s ?p ?o }} UNION {{ GRAPH ?g {{ ?t ?q ?u }} }} }}"""
CLAUSES = [
    "",
    f"FROM <{CATALOGUE}>",
    f"FROM NAMED <{CATALOGUE}>",
    f"FROM <{CATALOGUE}> FROM NAMED <{CATALOGUE}>",
    "FROM <urn:none> FROM NAMED <urn:none>",
]


@pytest.mark.parametrize("clauses", CLAUSES)
@pytest.mark.parametrize(
    ("parameters", "in_default", "in_named"),
    [
        ([("default-graph-uri", SHAPES)], {SHAPES}, set()),
        ([("named-graph-uri", SHAPES)], set(), {SHAPES}),
        ([("default-graph-uri", SHAPES), ("named-graph-uri", CATALOGUE)], {SHAPES}, {CATALOGUE}),
        ([("default-graph-uri", SHAPES), ("default-graph-uri", CATALOGUE)], {SHAPES, CATALOGUE}, set()),
        ([("named-graph-uri", SHAPES), ("named-graph-uri", CATALOGUE)], set(), {SHAPES, CATALOGUE}),
        # compared as they are written
        ([("default-graph-uri", SHAPES + "/"), ("named-graph-uri", SHAPES + "#")], set(), set()),
        ([("default-graph-uri", SHAPES.replace("https", "HTTPS"))], set(), set()),
        ([("named-graph-uri", SHAPES.replace("shapes", "%73hapes"))], set(), set()),
    ],
)
def test_as_soon_as_a_parameter_names_a_graph_nothing_of_from_is_left(
    client: httpx.Client, clauses: str, parameters: list[tuple[str, str]], in_default: set[str], in_named: set[str]
) -> None:
    """The four combinations of the field notes, D 8 and 9, by each way to ask."""
    sizes = {name: len(client.get("/graph-store", params={"graph": name, "format": "nt"}).text.splitlines())
             for name in (SHAPES, CATALOGUE)}  # fmt: skip
    query = SEEN.format(clauses=clauses)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    direct = {"Content-Type": "application/sparql-query"}

    responses = [
        client.get("/sparql", params=[("query", query), *parameters]),
        client.post("/sparql", content=urlencode([("query", query), *parameters]), headers=form),
        client.post("/sparql", params=urlencode(parameters), content=urlencode({"query": query}), headers=form),
        client.post("/sparql", params=urlencode(parameters), content=query, headers=direct),
    ]

    for response in responses:
        assert response.status_code == 200, response.text
        (row,) = response.json()["results"]["bindings"]
        assert int(row["default"]["value"]) == sum(sizes[name] for name in in_default)
        assert int(row["named"]["value"]) == sum(sizes[name] for name in in_named)
        assert set(row["names"]["value"].split()) == in_named


def test_relative_iris_have_the_endpoint_as_their_base(server: Server, client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "CONSTRUCT { <s> <p> 1 } WHERE {}", "format": "nt"})

    assert response.text.startswith(f"<{server.url}/s> <{server.url}/p> ")


SELECT, ASK, CONSTRUCT = LABELS, "ASK { ?s ?p ?o }", "CONSTRUCT WHERE { ?s ?p ?o }"
DESCRIBE = "DESCRIBE <https://w3id.org/rapallo/id/pharos>"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
MIXED = "text/turtle;q=0.9,application/rdf+xml;q=0.9,application/sparql-results+json;q=0.6,text/csv;q=0.5"


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        (SELECT, None, "application/sparql-results+json"),
        (SELECT, "*/*", "application/sparql-results+json"),
        (SELECT, "application/json", "application/sparql-results+json"),
        (SELECT, "application/json, */*;q=0.1", "application/sparql-results+json"),
        (SELECT, "application/sparql-results+xml", "application/sparql-results+xml"),
        (SELECT, "text/csv", "text/csv; charset=utf-8"),
        (SELECT, "text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        (SELECT, MIXED, "application/sparql-results+json"),
        (SELECT, BROWSER, "application/sparql-results+xml"),
        (ASK, None, "application/sparql-results+json"),
        (ASK, MIXED, "application/sparql-results+json"),
        (ASK, "application/sparql-results+xml", "application/sparql-results+xml"),
        (CONSTRUCT, None, "text/turtle; charset=utf-8"),
        (CONSTRUCT, MIXED, "text/turtle; charset=utf-8"),
        (CONSTRUCT, "application/n-triples", "application/n-triples"),
        (CONSTRUCT, "application/ld+json", "application/ld+json"),
        (CONSTRUCT, "application/rdf+xml", "application/rdf+xml"),
        (DESCRIBE, None, "text/turtle; charset=utf-8"),
        (DESCRIBE, "application/rdf+xml", "application/rdf+xml"),
    ],
)
def test_the_form_of_the_query_comes_before_accept(
    client: httpx.Client, query: str, accept: str | None, expected: str
) -> None:
    request = client.build_request("GET", "/sparql", params={"query": query})
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept

    response = client.send(request)

    assert response.status_code == 200
    assert response.headers["content-type"] == expected
    assert response.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_format_wins_over_accept_and_all_formats_of_solutions_hold_the_same_rows(
    client: httpx.Client, name: str
) -> None:
    response = client.get("/sparql", params={"query": LABELS, "format": name}, headers={"Accept": "application/pdf"})

    assert response.status_code == 200
    assert rows_of(name, response.text) == rows_of("json", by_get(client, LABELS).text)


def rows_of(name: str, text: str) -> list[tuple[str, str]]:
    """The solutions of `LABELS` as pairs of subject and label, in their order."""
    if name == "json":
        return [(row["s"]["value"], row["label"]["value"]) for row in json.loads(text)["results"]["bindings"]]
    if name == "xml":
        results = ET.fromstring(text).iter("{http://www.w3.org/2005/sparql-results#}result")  # noqa: S314 - our own
        return [(row[0][0].text or "", row[1][0].text or "") for row in results]
    if name == "csv":
        return [(row["s"], row["label"]) for row in csv.DictReader(StringIO(text))]
    assert text.startswith("?s\t?label\n")
    rows = text.splitlines()[1:]
    turtle = "\n".join(f"{subject} <urn:labelled> {label} ." for subject, label in (row.split("\t") for row in rows))
    return [(quad.subject.value, quad.object.value) for quad in ox.parse(turtle, ox.RdfFormat.TURTLE)]


@pytest.mark.parametrize("name", ["turtle", "nt", "jsonld", "rdf", "trig", "nq"])
def test_all_formats_of_a_graph_hold_the_same_triples(client: httpx.Client, name: str) -> None:
    query = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(!isBlank(?s) && !isBlank(?o)) }"
    response = client.get("/sparql", params={"query": query, "format": name})

    engine_format = ox.RdfFormat.from_media_type(response.headers["content-type"])
    assert engine_format is not None
    triples = {quad.triple for quad in ox.parse(response.content, engine_format)}
    plain = client.get("/sparql", params={"query": query, "format": "nt"})
    assert triples == {quad.triple for quad in ox.parse(plain.content, ox.RdfFormat.N_TRIPLES)}
    assert len(triples) > 50


def test_a_get_without_a_query_is_answered_with_the_description_of_this_endpoint(
    server: Server, client: httpx.Client
) -> None:
    for accept in ("text/turtle", "application/rdf+xml", "application/n-triples"):
        response = client.get("/sparql", headers={"Accept": accept})

        engine_format = ox.RdfFormat.from_media_type(response.headers["content-type"])
        assert engine_format is not None
        triples = [quad.triple for quad in ox.parse(response.content, engine_format)]
        endpoints = [triple.object for triple in triples if triple.predicate.value.endswith("#endpoint")]
        assert endpoints == [ox.NamedNode(f"{server.url}/sparql")]


def test_a_browser_without_a_query_is_shown_the_form(client: httpx.Client) -> None:
    response = client.get("/sparql", headers={"Accept": BROWSER})

    assert response.status_code == 303
    page = client.get(response.headers["location"])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<form method="get" action="/sparql">' in page.text


def test_options_says_what_the_endpoint_takes(client: httpx.Client) -> None:
    response = client.options("/sparql")

    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
