import io
import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import (
    NotAcceptable,
    NotFound,
    ParameterError,
    QueryEvaluationError,
    QuerySyntaxError,
)
from kg.files import Dataset
from kg.formats import OFFERED, RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, TURTLE, Family, Format
from kg.namespaces import BASE, SHAPES_GRAPH
from kg.store.base import DumpRequest, QueryRequest, Request
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

SAMPLE = Dataset(Path(__file__).parents[2] / "sample")
KG = "PREFIX kg: <https://w3id.org/rapallo/ont#> "


@pytest.fixture(scope="module")
def store() -> ox.Store:
    return load_dataset(SAMPLE).store


def query(text: str, answer_format: Format = RESULTS_CSV) -> QueryRequest:
    return QueryRequest(text, answer_format, BASE, timeout_s=1.0)


def answer(store: ox.Store, request: Request) -> str:
    output = io.BytesIO()
    evaluate(store, request, output)
    return output.getvalue().decode()


def test_solutions_are_written_in_the_format_that_was_asked_for(store: ox.Store) -> None:
    text = KG + "SELECT ?height WHERE { <id/pharos> kg:heightInMetres ?height }"

    assert answer(store, query(text)) == "height\r\n103.5\r\n"
    assert json.loads(answer(store, query(text, RESULTS_JSON)))["results"]["bindings"] == [
        {
            "height": {
                "type": "literal",
                "value": "103.5",
                "datatype": "http://www.w3.org/2001/XMLSchema#decimal",
            }
        }
    ]


@pytest.mark.parametrize("odd", [r"\u0001", r"\u000B", r"\uFFFE"])
@pytest.mark.parametrize("before", [0, 8180, 8190, 8200])
def test_an_answer_that_xml_cannot_write_is_an_error_and_no_unreadable_document(
    store: ox.Store, odd: str, before: int
) -> None:
    """The engine writes 8 KiB at a time, and a character may stand across the end of a piece."""
    text = f"SELECT ('{'x' * before}{odd}' AS ?x) WHERE {{}}"

    with pytest.raises(QueryEvaluationError, match="XML cannot write"):
        answer(store, query(text, RESULTS_XML))
    assert json.loads(answer(store, query(text, RESULTS_JSON)))["results"]["bindings"]


def test_a_graph_in_turtle_uses_the_prefixes_of_the_house_and_its_triples_are_counted(store: ox.Store) -> None:
    output = io.BytesIO()

    count = evaluate(store, query("DESCRIBE <id/sostratus>", TURTLE), output)

    assert "id:sostratus a kg:Person" in output.getvalue().decode()
    assert count == 2


@pytest.mark.parametrize("answer_format", OFFERED[Family.GRAPH], ids=lambda f: f.name)
def test_a_dump_of_the_default_graph_holds_its_triples_and_no_others(store: ox.Store, answer_format: Format) -> None:
    content = answer(store, DumpRequest(answer_format, timeout_s=1.0))

    parsed = {quad.triple for quad in ox.parse(content, ox.RdfFormat.from_media_type(answer_format.media_type))}
    assert parsed == {quad.triple for quad in store.quads_for_pattern(None, None, None, ox.DefaultGraph())}


def test_a_dump_of_a_named_graph_holds_that_graph(store: ox.Store) -> None:
    content = answer(store, DumpRequest(TURTLE, 1.0, SHAPES_GRAPH))

    assert "LighthouseShape" in content
    assert "id:pharos" not in content


@pytest.mark.parametrize("graph_name", ["https://example.org/none", "not an IRI"])
def test_a_dump_of_a_graph_that_does_not_exist_is_not_found_and_not_empty(store: ox.Store, graph_name: str) -> None:
    with pytest.raises((NotFound, ParameterError)) as caught:
        answer(store, DumpRequest(TURTLE, 1.0, graph_name))

    assert isinstance(caught.value, ParameterError if " " in graph_name else NotFound)


COUNT = "SELECT (COUNT(*) AS ?n) FROM <urn:nothing> FROM NAMED <urn:nothing> WHERE "
DEFAULT, NAMED = COUNT + "{ ?s ?p ?o }", COUNT + "{ GRAPH ?g { ?s ?p ?o } }"


@pytest.mark.parametrize(
    ("default_graphs", "named_graphs", "in_default", "in_named"),
    [
        (None, None, 0, 0),
        ((SHAPES_GRAPH,), None, 7, 0),
        (None, (SHAPES_GRAPH,), 0, 7),
        ((SHAPES_GRAPH,), (SHAPES_GRAPH,), 7, 7),
        ((SHAPES_GRAPH, "urn:no-such-graph"), (), 7, 0),
    ],
)
def test_the_dataset_of_the_protocol_replaces_that_of_the_query(
    store: ox.Store,
    default_graphs: tuple[str, ...] | None,
    named_graphs: tuple[str, ...] | None,
    in_default: int,
    in_named: int,
) -> None:
    counts = [
        answer(store, QueryRequest(text, RESULTS_CSV, BASE, 1.0, default_graphs, named_graphs))
        for text in (DEFAULT, NAMED)
    ]

    assert counts == [f"n\r\n{in_default}\r\n", f"n\r\n{in_named}\r\n"]


def test_several_graphs_of_the_protocol_are_one_default_graph_and_named_ones_stay_apart() -> None:
    one, other, third = (ox.NamedNode(f"urn:{name}") for name in ("one", "other", "third"))
    store = ox.Store()
    store.extend(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), g, g) for g in (one, other, third))
    graphs = (one.value, other.value)

    merged = answer(store, QueryRequest("SELECT * { ?s ?p ?o } ORDER BY ?o", RESULTS_TSV, BASE, 1.0, graphs))
    apart = answer(store, QueryRequest("SELECT * { GRAPH ?g { ?s ?p ?o } }", RESULTS_TSV, BASE, 1.0, None, graphs))

    assert merged == "?o\t?p\t?s\n<urn:one>\t<urn:p>\t<urn:s>\n<urn:other>\t<urn:p>\t<urn:s>\n"
    assert sorted(line.split("\t")[0] for line in apart.splitlines()[1:]) == ["<urn:one>", "<urn:other>"]


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("SELECT *\nWHERE {\n  ?s ?p ?o\n", 4, 1, "at the end of the query"),
        ("SELECT * WHERE { ?s a kg:Lighthouse }", 1, 36, "prefix kg: is not declared"),
        ("PREFIX kg: <urn:x>\nSELECT * WHERE { ?s a kg:Lighthouse ; }}", 2, 41, "at the end of the query"),
        ("SELECT ?s (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", 1, 46, "variable that is unbound"),
        ("SELECT * WHERE { ?s b:x ?o }", 1, 26, "prefix b: is not declared"),
        ("INSERT DATA { <a> <b> <c> }", 1, 10, "cannot be read here"),
        ("", 1, 1, "no query"),
    ],
)
def test_a_syntax_error_has_line_column_and_a_reason(
    store: ox.Store, text: str, line: int, column: int, reason: str
) -> None:
    with pytest.raises(QuerySyntaxError, match=reason) as caught:
        answer(store, query(text))

    assert (caught.value.line, caught.value.column) == (line, column)


def test_an_update_in_place_of_a_query_changes_nothing(store: ox.Store) -> None:
    before = len(store)

    with pytest.raises(QuerySyntaxError):
        answer(store, query("DELETE WHERE { ?s ?p ?o }"))

    assert len(store) == before


def test_what_the_engine_cannot_evaluate_is_the_query_s_fault(store: ox.Store) -> None:
    with pytest.raises(QueryEvaluationError, match=r"https://example\.org/f"):
        answer(store, query("SELECT (<https://example.org/f>(1) AS ?x) WHERE {}"))


@pytest.mark.parametrize(
    ("text", "answer_format"),
    [("SELECT * WHERE {}", TURTLE), ("ASK {}", TURTLE), ("DESCRIBE <urn:x>", RESULTS_JSON)],
)
def test_a_format_of_another_form_is_not_acceptable(store: ox.Store, text: str, answer_format: Format) -> None:
    with pytest.raises(NotAcceptable):
        answer(store, query(text, answer_format))


def test_a_relative_graph_name_is_refused_by_the_name_of_its_parameter(store: ox.Store) -> None:
    with pytest.raises(ParameterError) as caught:
        answer(store, QueryRequest("ASK {}", RESULTS_CSV, BASE, 1.0, None, ("relative",)))

    assert caught.value.name == "named-graph-uri"


def test_an_error_of_the_output_ends_the_evaluation_and_is_not_the_query_s_fault(store: ox.Store) -> None:
    class GoneError(OSError):
        """The reader has left."""

    class Output:
        """An output that nobody reads."""

        def write(self, data: bytes, /) -> None:
            """Refuse."""
            raise GoneError(len(data))

    with pytest.raises(GoneError):
        evaluate(store, query("SELECT * WHERE { ?s ?p ?o . ?a ?b ?c }"), Output())
