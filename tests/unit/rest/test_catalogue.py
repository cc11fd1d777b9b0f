"""A stored query is read strictly: what is wrong is refused with file and line, before anything is served."""

import re
from pathlib import Path

import pytest
from tree_datasets import load_one, with_parameter, write_dataset

from kg.errors import DatasetError, ParseFailure
from kg.files import Dataset
from kg.rest.catalogue import load_catalogue
from kg.rest.description import example_path

SAMPLE = Dataset(Path(__file__).parents[2] / "sample")
GOOD = """#+ summary: Trees
#+ path: /trees
#+ key: tree
SELECT ?tree ?treeLabel ?height WHERE { ?tree a ?treeLabel ; <http://example.org/height> ?height }
"""


def refusal(root: Path, text: str) -> ParseFailure:
    with pytest.raises(ParseFailure) as caught:
        load_one(root, text)
    assert caught.value.path == root / "queries" / "trees.rq"
    return caught.value


def test_a_query_is_named_after_its_file_and_routed_below_api(tmp_path: Path) -> None:
    stored = load_one(tmp_path, GOOD)

    assert (stored.name, stored.route, stored.one) == ("trees", "/api/trees", False)


def test_projected_variables_become_fields_and_their_labels_do_not(tmp_path: Path) -> None:
    shape = load_one(tmp_path, GOOD).shape

    assert (shape.key, shape.fields, sorted(shape.labelled)) == ("tree", ("height",), ["tree"])


def test_a_literal_segment_is_tried_before_a_parameter(tmp_path: Path) -> None:
    by_name = with_parameter("type: entity, in: path, example: oak")

    catalogue = load_catalogue(write_dataset(tmp_path, a=by_name, b=GOOD.replace("/trees", "/trees/tallest")))

    assert [stored.path for stored in catalogue] == ["/trees/tallest", "/trees/{x}"]


def test_two_files_cannot_have_the_same_route(tmp_path: Path) -> None:
    one = with_parameter("type: entity, in: path, example: oak")
    other = one.replace("{x}", "{y}").replace("x: {", "y: {").replace("$x", "$y")

    with pytest.raises(DatasetError, match=r"b\.rq: has the route /trees/\{y\} of a\.rq"):
        load_catalogue(write_dataset(tmp_path, a=one, b=other))


def test_an_example_is_an_address_with_all_examples_filled_in(tmp_path: Path) -> None:
    stored = load_one(
        tmp_path,
        """#+ summary: Trees
#+ path: /trees/{tree}/leaves
#+ parameters:
#+   tree: {type: string, in: path, example: "a/ö b"}
#+   least: {type: integer, in: query, default: 1, example: 3}
#+   leaf: {type: enum, scheme: leaves, in: query}
#+ key: leaf1
SELECT ?leaf1 WHERE { VALUES ?name { $tree } VALUES ?leaf2 { $leaf } ?leaf1 ?name ?n FILTER(?n >= $least) }
""",
    )

    assert example_path(stored) == "/api/trees/a%2F%C3%B6%20b/leaves?least=3"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("SELECT * WHERE {}", 1, "front matter"),
        (GOOD.replace("#+ key: tree\n", ""), 1, "key"),
        (GOOD.replace("#+ key", "#+ unknown: 1\n#+ key"), 3, "unknown"),
        (GOOD.replace("/trees", "trees"), 2, "path"),
        (GOOD.replace("key: tree", "key: [tree"), 3, "not YAML"),
        (GOOD.replace("key: tree", "key: bush"), 3, "bush"),
        (GOOD.replace("#+ key: tree", "#+ many: [leaf]\n#+ key: tree"), 3, "leaf"),
        (GOOD.replace("?height", "?Height"), 1, "Height"),
        (GOOD.replace("?height", "?label"), 1, "label"),
        (GOOD.replace("?height }", "$height }"), 4, r"\$height is not declared"),
        (GOOD.replace("SELECT ?tree", "SELECT ?tree ?"), 4, ""),
        (GOOD.replace("?treeLabel ;", "?treeLabel ;;; kg:x 1 ;"), 4, "kg"),
        (GOOD.replace("SELECT ?tree ?treeLabel ?height", "ASK"), 1, "SELECT"),
        (GOOD.replace("SELECT ?tree ?treeLabel ?height", "CONSTRUCT WHERE { ?tree ?a ?b } #"), 1, "SELECT"),
        (GOOD.replace("#+ key: tree", "#+ sources: [height]\n#+ key: tree"), 3, r"\$sources does not occur"),
        (with_parameter("type: tree, in: query"), 4, "type"),
        (with_parameter("type: string"), 4, "in"),
        (with_parameter("type: string, in: path"), 4, "example"),
        (with_parameter("type: string, in: query", body=""), 4, r"\$x does not occur"),
        (with_parameter("type: string, in: query", body="FILTER(?tree = $x)"), 7, "UNDEF"),
        (with_parameter("type: string, in: query", body="VALUES ?x { $x }"), 6, r"\?x is the parameter"),
        (with_parameter("type: string, in: query, default: a", body="FILTER(?tree<$x&&?value>1)"), 6, "IRI"),
        (with_parameter("type: string, in: query, class: Tree"), 4, "entity"),
        (with_parameter("type: entity, in: query, class: Bush"), 4, "no class Bush"),
        (with_parameter("type: enum, in: query, scheme: roots"), 4, "scheme"),
        (with_parameter("type: enum, in: query"), 4, "scheme"),
        (with_parameter("type: integer, in: query, default: many"), 4, "whole number"),
        (with_parameter("type: date, in: query, example: 1939-13"), 4, "calendar"),
        (with_parameter("type: iri, in: path, example: 'http://a/'"), 4, "query string"),
        (with_parameter("type: entity, in: path, example: a, default: b"), 4, "default"),
        (with_parameter("type: string, in: query, required: true, example: a, default: b"), 4, "default"),
        (with_parameter("type: string, in: query, required: true"), 4, "example"),
        (with_parameter("type: string, in: query").replace("   x:", "   limit:").replace("$x", "$limit"), 4, "limit"),
        (with_parameter("type: string, in: query").replace("   x:", "   class:").replace("$x", "$class"), 4, "class"),
        (with_parameter("type: string, in: query").replace("/trees", "/trees/{x}"), 2, "path"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    error = refusal(tmp_path, text)

    assert (error.line, bool(re.search(reason, error.reason))) == (line, True), error.reason


def test_a_file_that_is_not_a_python_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParseFailure, match="not a Python name"):
        load_catalogue(write_dataset(tmp_path, **{"all-trees": GOOD}))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    (tmp_path / "queries" / "trees.rq").write_bytes(GOOD.encode() + b"# \xff")

    with pytest.raises(DatasetError, match="UTF-8"):
        load_catalogue(dataset)


def test_the_sample_dataset_has_a_catalogue() -> None:
    routes = {stored.route for stored in load_catalogue(SAMPLE)}

    assert {"/api/lighthouses", "/api/lighthouses/{name}", "/api/places/{place}/lighthouses"} <= routes
