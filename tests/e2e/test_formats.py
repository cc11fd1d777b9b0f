"""Any header Accept, however odd, gets a format of the query's form or 406, over HTTP (field notes, D 17 to 22, 25)."""

import csv
from io import StringIO

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.formats import OFFERED, Family

QUERIES = {
    Family.SOLUTIONS: "SELECT ?x { VALUES ?x { 1 } }",
    Family.BOOLEAN: "ASK {}",
    Family.GRAPH: "CONSTRUCT { <urn:a> <urn:b> 1 } WHERE {}",
}
TYPES = {family: {format_.media_type for format_ in formats} for family, formats in OFFERED.items()}
RANGES = st.one_of(
    st.sampled_from(sorted({known for types in TYPES.values() for known in types})),
    st.sampled_from(
        ["*/*", "text/*", "application/*", "application/json", "text/html", "text/boolean", "*", "image/png"]
    ),
    st.text("abz/*+-;=,\"' \t.q01", max_size=20),
)
SUFFIXES = st.sampled_from(
    ["", ";q=1", ";q=0", ";q=0.5", "; q=.3", ";q=x", ";q=", ";v=1;q=0.2", ';p="a,b"', ";q=0.1;q=0.9", ";"]
)
HEADERS = st.lists(
    st.lists(st.builds(str.__add__, RANGES, SUFFIXES), max_size=5).map(", ".join), min_size=1, max_size=3
)
# The client is shared by all examples; it keeps nothing between them.
over_http = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ask(client: httpx.Client, family: Family, accept: list[str], **parameters: str) -> httpx.Response:
    """The answer to a query of `family` with each of `accept` as a header line of its own."""
    request = client.build_request("GET", "/sparql", params={"query": QUERIES[family], **parameters})
    kept = [(name, value) for name, value in request.headers.raw if name.lower() != b"accept"]
    request.headers = httpx.Headers([*kept, *((b"Accept", line.encode()) for line in accept)])
    return client.send(request)


@over_http
@given(family=st.sampled_from(list(Family)), accept=HEADERS)
def test_every_header_gets_a_format_of_the_form_or_406(client: httpx.Client, family: Family, accept: list[str]) -> None:
    response = ask(client, family, [line.strip() for line in accept])

    if response.status_code == 406:
        assert response.headers["content-type"] == "application/problem+json"
        assert set(response.json()["offered"]) == TYPES[family]
    else:
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] in TYPES[family]


@over_http
@given(family=st.sampled_from(list(Family)), data=st.data())
def test_a_wildcard_at_the_lowest_quality_changes_no_answer(
    client: httpx.Client, family: Family, data: st.DataObject
) -> None:
    wanted = data.draw(st.lists(st.sampled_from(sorted(TYPES[family])), min_size=1, unique=True))

    without, with_wildcard = ask(client, family, [", ".join(wanted)]), ask(client, family, [*wanted, "*/*;q=0.001"])

    assert without.headers["content-type"] == with_wildcard.headers["content-type"]
    assert without.content == with_wildcard.content


@pytest.mark.parametrize("family", list(Family))
def test_types_of_other_forms_do_not_disturb(client: httpx.Client, family: Family) -> None:
    everything = ", ".join(sorted(known for types in TYPES.values() for known in types))

    response = ask(client, family, [f"text/html, {everything}"])

    assert response.headers["content-type"].partition(";")[0] == OFFERED[family][0].media_type


@pytest.mark.parametrize(
    ("family", "parameters", "media_type"),
    [
        (Family.SOLUTIONS, {"output": "json"}, "application/sparql-results+json"),
        (Family.SOLUTIONS, {"output": "xml"}, "application/sparql-results+xml"),
        (Family.SOLUTIONS, {"format": "text/csv"}, "text/csv"),
        (Family.SOLUTIONS, {"format": "application/sparql-results+xml"}, "application/sparql-results+xml"),
        (Family.SOLUTIONS, {"format": "CSV"}, "text/csv"),
        (Family.SOLUTIONS, {"format": "", "output": "tsv"}, "text/tab-separated-values"),
        (Family.BOOLEAN, {"output": "json"}, "application/sparql-results+json"),
        (Family.BOOLEAN, {"format": "csv"}, "text/csv"),
        (Family.GRAPH, {"output": "json"}, "application/ld+json"),
        (Family.GRAPH, {"format": "ttl"}, "text/turtle"),
        (Family.GRAPH, {"format": "text/turtle"}, "text/turtle"),
        (Family.GRAPH, {"format": "nt", "output": "ttl"}, "application/n-triples"),
    ],
)
def test_a_named_format_wins_over_the_header(
    client: httpx.Client, family: Family, parameters: dict[str, str], media_type: str
) -> None:
    response = ask(client, family, ["text/html"], **parameters)

    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type


@pytest.mark.parametrize("name", ["turtle", "text/turtle", "svg", "text/*", "csv,json"])
def test_a_name_of_no_format_of_the_form_is_not_acceptable(client: httpx.Client, name: str) -> None:
    assert ask(client, Family.SOLUTIONS, ["*/*"], format=name).status_code == 406


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("application/sparql-results+json", b'{"head":{},"boolean":true}'),
        ("text/csv", b"true"),
        ("text/tab-separated-values", b"true"),
    ],
)
def test_a_boolean_in_each_type(client: httpx.Client, media_type: str, content: bytes) -> None:
    response = ask(client, Family.BOOLEAN, [media_type])

    assert response.headers["content-type"].partition(";")[0] == media_type
    assert response.content == content


def test_a_boolean_in_xml(client: httpx.Client) -> None:
    response = ask(client, Family.BOOLEAN, ["application/sparql-results+xml"])

    assert b"<boolean>true</boolean>" in response.content


def test_a_boolean_as_text_is_not_offered_and_the_refusal_says_what_is(client: httpx.Client) -> None:
    response = ask(client, Family.BOOLEAN, ["text/boolean"])

    assert response.status_code == 406
    assert set(response.json()["offered"]) == TYPES[Family.BOOLEAN]
    assert ask(client, Family.BOOLEAN, ["text/boolean, */*;q=0.1"]).json() == {"head": {}, "boolean": True}


VALUES = ["plain", "a,b", 'say "x"', "two\nlines", "a\r\nb", "tab\there", "", " padded ", "größer", "'", "\\"]


def all_values(client: httpx.Client, name: str) -> bytes:
    """A row for each value, with an unbound variable beside it."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    literals = " ".join(f'("{"".join(escapes.get(c, c) for c in value)}" UNDEF)' for value in VALUES)
    query = f"SELECT ?text ?none WHERE {{ VALUES (?text ?none) {{ {literals} }} }}"
    response = client.get("/sparql", params={"query": query, "format": name})
    assert response.status_code == 200
    return response.content


def test_csv_is_quoted_by_its_recommendation(client: httpx.Client) -> None:
    """SPARQL 1.1 CSV and TSV, section 3: header without ?, CRLF, quotes doubled, unbound empty."""
    content = all_values(client, "csv")

    assert content.startswith(b"text,none\r\n")
    assert b'"say ""x""",\r\n' in content
    assert b'"a,b",\r\n' in content
    rows = list(csv.reader(StringIO(content.decode(), newline="")))
    assert rows[1:] == [[value, ""] for value in VALUES]


def test_tsv_is_written_by_its_recommendation(client: httpx.Client) -> None:
    """SPARQL 1.1 CSV and TSV, section 4: header with ?, terms as in Turtle, tabs and line breaks escaped."""
    lines = all_values(client, "tsv").decode().split("\n")

    assert lines[0] == "?text\t?none"
    assert lines[-1] == ""
    assert len(lines) == len(VALUES) + 2
    assert all(line.count("\t") == 1 and line.endswith("\t") for line in lines[1:-1])
    assert '"tab\\there"\t' in lines
    assert '"two\\nlines"\t' in lines
    assert '"say \\"x\\""\t' in lines
