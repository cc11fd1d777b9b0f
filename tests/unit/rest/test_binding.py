"""A bound query contains terms only: no value becomes syntax (field notes, D 61)."""

import io
import json
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_datasets import load_one, with_parameter

from kg.errors import ParameterError
from kg.formats import RESULTS_JSON
from kg.namespaces import BASE, ID, XSD
from kg.rest.binding import Term, bind, bind_text
from kg.rest.parameters import read_values
from kg.rest.stored_query import StoredQuery
from kg.sparql.tokens import TOKEN
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate

NASTY = [
    '"',
    "'",
    "\\",
    "\n",
    "\r",
    ">",
    "<",
    "}",
    "{",
    "?x",
    "$x",
    "#",
    '"""',
    "\\u0022",
    "^^",
    "@en",
    ".",
    ";",
    "\0",
    " ",
]
values = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), max_size=8).map("".join)
READ_BACK = """#+ summary: What a value is
#+ path: /values
#+ parameters:
#+   x: {TYPE, in: query}
#+ key: x1
# $x in a comment, 'as it stands'
SELECT ?x1 ("$x" AS ?inString) (<http://example.org/$x> AS ?inIri) WHERE { VALUES ?x1 { $x } }
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StoredQuery]:
    """A query for each type that gives its parameter's value back."""

    def load(type_: str) -> StoredQuery:
        folder: Path = tmp_path_factory.mktemp("dataset")
        return load_one(folder, READ_BACK.replace("TYPE", type_).replace(" (<http://example.org/$x> AS ?inIri)", ""))

    declared = ("string", "string, lang: en", "iri", "entity", "decimal", "integer", "date")
    return {type_: load(f"type: {type_}") for type_ in declared}


def answer(text: str) -> list[dict[str, dict[str, str]]]:
    output = io.BytesIO()
    evaluate(ox.Store(), QueryRequest(text, RESULTS_JSON, BASE, 1), output)
    rows: list[dict[str, dict[str, str]]] = json.loads(output.getvalue())["results"]["bindings"]
    return rows


def kinds(text: str) -> list[str | None]:
    """The kinds of all tokens; a bound term is one string or IRI, with its datatype or language."""
    return [match.lastgroup for match in TOKEN.finditer(text) if match.lastgroup != "space"]


@given(value=values)
def test_any_string_is_read_back_as_it_was_given(stored: dict[str, StoredQuery], value: str) -> None:
    text = bind(stored["string"], read_values(stored["string"], {}, [("x", value)]))

    (row,) = answer(text)

    assert row["x1"] == {"type": "literal", "value": value}
    assert row["inString"]["value"] == "$x"


@given(value=values)
def test_a_string_with_a_language_is_read_back_with_it(stored: dict[str, StoredQuery], value: str) -> None:
    query = stored["string, lang: en"]

    (row,) = answer(bind(query, read_values(query, {}, [("x", value)])))

    assert row["x1"] == {"type": "literal", "value": value, "xml:lang": "en"}


@given(value=values)
def test_no_part_of_a_value_becomes_a_token(stored: dict[str, StoredQuery], value: str) -> None:
    query = stored["string"]

    harmless, bound = (bind(query, {"x": ox.Literal(text)}) for text in ("a", value))

    assert kinds(harmless) == kinds(bound)
    assert harmless.count("\n") == bound.count("\n")


@given(value=values.map(lambda text: "http://example.org/" + text) | values)
def test_an_iri_is_read_back_or_refused(stored: dict[str, StoredQuery], value: str) -> None:
    try:
        terms = read_values(stored["iri"], {}, [("x", value)])
    except ParameterError:
        return

    (row,) = answer(bind(stored["iri"], terms))

    assert row["x1"] == {"type": "uri", "value": value}


@given(value=values)
def test_an_entity_is_one_segment_below_its_space_or_refused(stored: dict[str, StoredQuery], value: str) -> None:
    try:
        terms = read_values(stored["entity"], {}, [("x", value)])
    except ParameterError:
        return

    (row,) = answer(bind(stored["entity"], terms))

    assert row["x1"] == {"type": "uri", "value": ID + value}
    assert not set('/?#<>"{}|^`\\ \n') & set(value)


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_an_integer_is_read_back_as_a_number(stored: dict[str, StoredQuery], value: int) -> None:
    query = stored["integer"]

    (row,) = answer(bind(query, read_values(query, {}, [("x", str(value))])))

    assert row["x1"] == {"type": "literal", "value": str(value), "datatype": XSD + "integer"}


@given(value=st.decimals(-(10**17), 10**17, places=6).map(lambda number: f"{number:f}"))
def test_a_decimal_is_read_back_as_an_equal_number(stored: dict[str, StoredQuery], value: str) -> None:
    query = stored["decimal"]

    (row,) = answer(bind(query, read_values(query, {}, [("x", value)])))

    assert float(row["x1"]["value"]) == float(value)
    assert row["x1"]["datatype"] == XSD + "decimal"


@given(value=st.dates())
def test_a_day_is_read_back_as_that_day(stored: dict[str, StoredQuery], value: object) -> None:
    query = stored["date"]

    (row,) = answer(bind(query, read_values(query, {}, [("x", str(value))])))

    assert row["x1"] == {"type": "literal", "value": str(value), "datatype": XSD + "date"}


def test_a_parameter_without_a_value_is_undefined(stored: dict[str, StoredQuery]) -> None:
    (row,) = answer(bind(stored["string"], {}))

    assert set(row) == {"inString"}


@pytest.mark.parametrize(
    "kept",
    [
        "'$x'",
        '"""a\n$x"" """',
        "'''$x'''",
        r"'\'$x'",
        "<http://example.org/$x>",
        "# $x",
        r"ex:a\$x",
        r"ex:a\#$x".replace("$x", r"\$x"),
        "?x",
        "$xy",
        "$y",
    ],
)
def test_only_the_very_token_is_replaced(kept: str) -> None:
    assert bind_text(f"{kept}\n$x.", {"x": "<http://example.org/>"}) == f"{kept}\n<http://example.org/>."


def test_passages_are_asked_for_by_a_boolean(tmp_path: Path) -> None:
    text = with_parameter("type: string, in: query").replace("VALUES", "FILTER($sources) VALUES")
    query = load_one(tmp_path, text.replace("#+ key", "#+ sources: [value]\n#+ key"))
    terms: dict[str, Term] = {"x": ox.Literal("a")}

    assert "FILTER(false)" in bind(query, terms)
    assert "FILTER(true)" in bind(query, terms, with_sources=True)
