"""Rows become objects: grouped by key, in row order, and never with a value silently left out."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_datasets import load_one

from kg.errors import DatasetError
from kg.namespaces import EDTF, XSD
from kg.rest.dates import date_object
from kg.rest.objects import Json, JsonObject, literal_value, read_objects

QUERY = """#+ summary: Trees
#+ path: /trees
#+ key: tree
#+ many: [name, planting: [year, planter]]
#+ sources: [source]
SELECT ?tree ?treeLabel ?height ?park ?parkLabel ?name ?year ?planter ?planterLabel ?source WHERE {
  ?tree ?treeLabel ?height, ?park, ?parkLabel, ?name, ?year, ?planter, ?planterLabel, ?source FILTER($sources)
}
"""
Row = dict[str, dict[str, str]]


def iri(name: str) -> dict[str, str]:
    return {"type": "uri", "value": f"http://example.org/{name}"}


def text(value: str, language: str = "") -> dict[str, str]:
    return {"type": "literal", "value": value, **({"xml:lang": language} if language else {})}


def reference(name: str, label: str | None) -> JsonObject:
    return {"id": f"http://example.org/{name}", "url": f"/{name}", "label": label}


def objects(root: Path, rows: list[Row], *, with_sources: bool = False) -> list[JsonObject]:
    answer = json.dumps({"head": {"vars": []}, "results": {"bindings": rows}}).encode()
    found = read_objects(
        load_one(root, QUERY), answer, lambda name: name.removeprefix("http://example.org"), with_sources=with_sources
    )
    assert [item.key for item in found] == [item.content["id"] for item in found]
    return [item.content for item in found]


def test_an_object_has_every_field_known_or_not(tmp_path: Path) -> None:
    (tree,) = objects(tmp_path, [{"tree": iri("oak")}])

    assert tree == {**reference("oak", None), "height": None, "park": None, "name": [], "planting": []}


def test_rows_with_the_same_key_are_one_object_in_the_order_of_the_rows(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"tree": iri("oak"), "name": text("b")},
        {"tree": iri("ash"), "name": text("c")},
        {"tree": iri("oak"), "name": text("a")},
        {"tree": iri("oak"), "name": text("b")},
    ]

    assert [(tree["id"], tree["name"]) for tree in objects(tmp_path, rows)] == [
        ("http://example.org/oak", ["b", "a"]),
        ("http://example.org/ash", ["c"]),
    ]


def test_a_variable_with_a_label_is_a_reference(tmp_path: Path) -> None:
    (tree,) = objects(tmp_path, [{"tree": iri("oak"), "park": iri("kew"), "parkLabel": text("Kew Gardens", "en")}])

    assert tree["park"] == reference("kew", "Kew Gardens")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_of_several_labels_the_english_one_is_shown(tmp_path: Path, order: tuple[int, ...]) -> None:
    labels = [text("Eiche", "de"), text("oak tree", "en"), text("quercus"), text("oak", "en")]
    rows: list[Row] = [{"tree": iri("oak"), "treeLabel": labels[place]} for place in order]

    assert [tree["label"] for tree in objects(tmp_path, rows)] == ["oak"]


def test_without_an_english_label_one_without_language_is_shown_then_any(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"tree": iri("oak"), "treeLabel": text("Eiche", "de")},
        {"tree": iri("oak"), "treeLabel": text("quercus")},
        {"tree": iri("ash"), "treeLabel": text("frêne", "fr")},
        {"tree": iri("ash"), "treeLabel": text("Esche", "de")},
    ]

    assert [tree["label"] for tree in objects(tmp_path, rows)] == ["quercus", "Esche"]


def test_values_that_belong_together_stay_together(tmp_path: Path) -> None:
    year = {"type": "literal", "value": "1759", "datatype": XSD + "integer"}
    rows: list[Row] = [
        {"tree": iri("oak"), "height": text("tall")},
        {"tree": iri("oak"), "year": year, "planter": iri("ann"), "planterLabel": text("Ann")},
        {"tree": iri("oak"), "planter": iri("bob")},
        {"tree": iri("oak"), "year": year, "planter": iri("ann"), "planterLabel": text("Ann")},
    ]

    (tree,) = objects(tmp_path, rows)

    assert tree["planting"] == [
        {"year": 1759, "planter": reference("ann", "Ann")},
        {"year": None, "planter": reference("bob", None)},
    ]


def test_sources_are_added_only_when_asked_for(tmp_path: Path) -> None:
    rows: list[Row] = [{"tree": iri("oak"), "source": iri("p1")}, {"tree": iri("oak"), "source": iri("p2")}]

    (without,), (with_sources,) = objects(tmp_path, rows), objects(tmp_path, rows, with_sources=True)

    assert "sources" not in without
    assert with_sources["sources"] == [reference("p1", None), reference("p2", None)]


def test_two_values_for_a_field_with_room_for_one_are_an_error(tmp_path: Path) -> None:
    rows: list[Row] = [{"tree": iri("oak"), "height": text("tall")}, {"tree": iri("oak"), "height": text("short")}]

    with pytest.raises(DatasetError, match=r"trees\.rq: \?height has 2 values for <http://example.org/oak>"):
        objects(tmp_path, rows)


def test_two_objects_where_there_is_one_are_an_error(tmp_path: Path) -> None:
    stored = load_one(tmp_path, QUERY.replace("#+ key", "#+ one: true\n#+ key"))
    answer = json.dumps({"results": {"bindings": [{"tree": iri("oak")}, {"tree": iri("ash")}]}}).encode()

    with pytest.raises(DatasetError, match="2 objects"):
        read_objects(stored, answer, lambda name: name, with_sources=False)


@pytest.mark.parametrize("row", [{}, {"tree": text("oak")}])
def test_a_row_without_an_iri_for_a_key_is_an_error(tmp_path: Path, row: Row) -> None:
    with pytest.raises(DatasetError, match=r"\?tree, the key"):
        objects(tmp_path, [row])


@pytest.mark.parametrize(
    ("value", "datatype", "expected"),
    [
        ("620000", XSD + "integer", 620000),
        ("25.6", XSD + "decimal", 25.6),
        ("INF", XSD + "double", "INF"),
        ("many", XSD + "integer", "many"),
        ("true", XSD + "boolean", True),
        ("0", XSD + "boolean", False),
        ("https://example.org/", XSD + "anyURI", "https://example.org/"),
        ("plain", "", "plain"),
    ],
)
def test_literals_are_plain_json(value: str, datatype: str, expected: Json) -> None:
    found = literal_value(value, datatype)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "datatype", "precision", "earliest", "latest"),
    [
        ("1939-11-30", XSD + "date", "day", "1939-11-30", "1939-11-30"),
        ("1940-02", XSD + "gYearMonth", "month", "1940-02-01", "1940-02-29"),
        ("1939", XSD + "gYear", "year", "1939-01-01", "1939-12-31"),
        ("1938-22", EDTF, "season", "1938-06-01", "1938-08-31"),
        ("1939-09/1939-11", EDTF, "interval", "1939-09-01", "1939-11-30"),
        ("1939-09/..", EDTF, "interval", "1939-09-01", None),
        ("1925~", EDTF, "year", "1925-01-01", "1925-12-31"),
        ("193X", EDTF, "other", "1930-01-01", "1939-12-31"),
        ("soon", XSD + "date", "other", None, None),
    ],
)
def test_dates_have_a_precision_and_the_days_they_can_mean(
    value: str, datatype: str, precision: str, earliest: str | None, latest: str | None
) -> None:
    assert date_object(value, datatype) == {
        "value": value,
        "precision": precision,
        "earliest": earliest,
        "latest": latest,
    }


@given(value=st.dates())
def test_a_day_is_its_own_earliest_and_latest(value: object) -> None:
    day = str(value)

    assert date_object(day, XSD + "date") == {"value": day, "precision": "day", "earliest": day, "latest": day}
