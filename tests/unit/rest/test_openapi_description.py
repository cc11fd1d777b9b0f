"""What the OpenAPI document promises of a route is what its answers are."""

import json
from pathlib import Path

from tree_datasets import load_one, with_parameter

from kg.rest.description import catalogue_entry, operation_parameters, responses
from kg.rest.objects import JsonObject, read_objects

QUERY = """#+ summary: Trees
#+ path: /trees
#+ key: tree
#+ many: [name, planting: [year, planter]]
#+ sources: [source]
SELECT ?tree ?height ?name ?year ?planter ?source WHERE {
  ?tree ?height ?name ; ?year ?planter ; ?source ?tree FILTER($sources)
}
"""


def test_an_object_has_the_fields_that_its_schema_requires(tmp_path: Path) -> None:
    stored = load_one(tmp_path, QUERY)
    row = {"tree": {"type": "uri", "value": "http://a/"}, "year": {"type": "literal", "value": "1"}}
    answer = json.dumps({"results": {"bindings": [row]}}).encode()

    (plain,) = read_objects(stored, answer, lambda iri: iri, with_sources=False)
    (sourced,) = read_objects(stored, answer, lambda iri: iri, with_sources=True)

    schema = json.loads(json.dumps(responses(stored)))["200"]["content"]["application/json"]["schema"]
    described = schema["properties"]["items"]["items"]
    assert schema["required"] == ["items", "total", "next"]
    assert list(plain.content) == described["required"]
    assert list(sourced.content) == list(described["properties"])
    planting: list[JsonObject] = json.loads(json.dumps(plain.content["planting"]))
    assert list(planting[0]) == described["properties"]["planting"]["items"]["required"]


def test_a_parameter_is_described_by_its_type(tmp_path: Path) -> None:
    stored = load_one(tmp_path, with_parameter("type: enum, in: query, scheme: leaves, default: evergreen, any: true"))

    own = json.loads(json.dumps(operation_parameters(stored)))[0]

    assert own["schema"] == {"type": "string", "enum": ["deciduous", "evergreen", "any"], "default": "evergreen"}
    assert own["required"] is False


def test_what_is_required_is_said_to_be_so(tmp_path: Path) -> None:
    stored = load_one(tmp_path, with_parameter("type: integer, in: query, required: true, example: 3"))

    own = json.loads(json.dumps(operation_parameters(stored)))[0]
    entry = json.loads(json.dumps(catalogue_entry(stored, "https://example.org/trees")))

    assert (own["required"], own["example"]) == (True, 3)
    assert entry["parameters"][0]["required"] is True
    assert entry["example"] == "https://example.org/trees/api/trees?x=3"
