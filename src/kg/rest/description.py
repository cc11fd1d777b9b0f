"""How a route is described (level 2): the example that answers with rows, its entry in `/api`, its OpenAPI operation.

Source: OpenAPI 3.1, sections 4.8.10 (operation), 4.8.12 (parameter), 4.8.24 (schema).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

from kg.formats import CSV, JSON, PROBLEM_JSON
from kg.rest.dates import PRECISIONS
from kg.rest.front_matter import ParameterType
from kg.rest.objects import Json, JsonObject
from kg.rest.options import AFTER, DEFAULT_LIMIT, FORMAT, LIMIT, MAX_LIMIT, SOURCES, offered
from kg.rest.stored_query import Parameter, StoredQuery

_TYPES: Final[Mapping[ParameterType, JsonObject]] = MappingProxyType(
    {
        ParameterType.ENTITY: {"type": "string"},
        ParameterType.IRI: {"type": "string", "format": "iri"},
        ParameterType.STRING: {"type": "string"},
        ParameterType.INTEGER: {"type": "integer"},
        ParameterType.DECIMAL: {"type": "number"},
        ParameterType.DATE: {"type": "string", "pattern": "^-?[0-9]{4,9}(-[0-9]{2}){0,2}$"},
        ParameterType.ENUM: {"type": "string"},
    }
)
_OPTIONS: Final[Mapping[str, tuple[str, JsonObject]]] = MappingProxyType(
    {
        FORMAT: (
            "The format of the answer; without it, Accept decides. CSV is the whole list, whatever its length.",
            {"type": "string", "enum": [JSON.name, CSV.name]},
        ),
        LIMIT: (
            "How many objects a page has at most.",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        ),
        AFTER: ("The id of the last object of the page before; `next` has it.", {"type": "string", "format": "iri"}),
        SOURCES: ("Adds to each object the passages that it rests on.", {"type": "boolean", "default": False}),
    }
)
_PROBLEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "400": "The request is malformed",
        "404": "There is no such entity, or nothing is known of it",
        "406": "No offered format is acceptable",
        "422": "A parameter has no acceptable value, or is not known; `parameter` names it",
        "503": "The server is busy or stopping; Retry-After says when to come back",
        "504": "The evaluation took too long",
        "507": "The answer is too large",
    }
)


def example_path(stored: StoredQuery) -> str:
    """The route with all its examples filled in, as a path below the public address; it answers with rows."""
    path = stored.route
    pairs = []
    for parameter in stored.parameters:
        example = parameter.declared.example
        if example is None:
            continue
        if parameter.is_in_path:
            path = path.replace(f"{{{parameter.name}}}", quote(example, safe=""))
        else:
            pairs.append((parameter.name, example))
    return f"{path}?{urlencode(pairs)}" if pairs else path


def catalogue_entry(stored: StoredQuery, public_url: str) -> JsonObject:
    """What `/api` says of a route."""
    return {
        "name": stored.name,
        "path": stored.route,
        "summary": stored.summary,
        "parameters": [_catalogue_parameter(parameter) for parameter in stored.parameters],
        "example": public_url + example_path(stored),
    }


def _catalogue_parameter(parameter: Parameter) -> JsonObject:
    declared = parameter.declared
    entry: JsonObject = {
        "name": parameter.name,
        "in": declared.place,
        "type": declared.type.value,
        "required": parameter.is_required,
        "default": declared.default,
        "example": declared.example,
        "description": declared.description,
    }
    return {**entry, "values": list(parameter.accepted)} if parameter.accepted else entry


def operation_parameters(stored: StoredQuery) -> list[Json]:
    """The parameters of the operation: the query's own, then the options of the route."""
    own: list[Json] = [_operation_parameter(parameter) for parameter in stored.parameters]
    options: list[Json] = [
        {"name": name, "in": "query", "required": False, "description": _OPTIONS[name][0], "schema": _OPTIONS[name][1]}
        for name in offered(stored)
    ]
    return [*own, *options]


def _operation_parameter(parameter: Parameter) -> JsonObject:
    declared = parameter.declared
    schema: JsonObject = dict(_TYPES[parameter.type])
    if parameter.accepted:
        schema["enum"] = list(parameter.accepted)
    if declared.default is not None:
        schema["default"] = _typed(parameter, declared.default)
    described: JsonObject = {
        "name": parameter.name,
        "in": declared.place,
        "required": parameter.is_required,
        "description": _describe(parameter),
        "schema": schema,
    }
    return described if declared.example is None else {**described, "example": _typed(parameter, declared.example)}


def _typed(parameter: Parameter, text: str) -> Json:
    """A default or example as its schema has it."""
    match parameter.type:
        case ParameterType.INTEGER:
            return int(text)
        case ParameterType.DECIMAL:
            return float(text)
        case _:
            return text


def _describe(parameter: Parameter) -> str:
    """The description of the front matter, or what its type says."""
    declared = parameter.declared
    if declared.description:
        return declared.description
    match parameter.type:
        case ParameterType.ENTITY:
            return f"The last part of an IRI that begins with {parameter.namespace}"
        case ParameterType.DATE:
            return f"A day, month or year; of the last two the {declared.bound or 'first'} day counts"
        case _:
            return ""


def responses(stored: StoredQuery) -> dict[str, JsonObject]:
    """The responses of the operation by status."""
    schema = _object_schema(stored) if stored.one else _list_schema(stored)
    answer: JsonObject = {
        "description": "The object" if stored.one else "A page of the list, or all of it as CSV",
        "content": {JSON.media_type: {"schema": schema}, CSV.media_type: {"schema": {"type": "string"}}},
    }
    return {"200": answer, **{status: _problem_response(text) for status, text in _PROBLEMS.items()}}


def _problem_response(description: str) -> JsonObject:
    return {"description": description, "content": {PROBLEM_JSON: {"schema": _schema("Problem")}}}


def schemas() -> dict[str, Json]:
    """The schemas that the operations refer to, by name; `Problem` stands with those of the other routes."""
    text: JsonObject = {"type": ["string", "null"]}
    return {
        "Reference": {
            **_closed({"id": {"type": "string"}, "url": text, "label": text}),
            "description": "Something with an IRI (`id`): where to read about it (`url`), and its name.",
        },
        "Date": {
            **_closed(
                {
                    "value": {"type": "string"},
                    "precision": {"type": "string", "enum": list(PRECISIONS)},
                    "earliest": text,
                    "latest": text,
                }
            ),
            "description": "A date as it was given, and the first and last day that it can mean.",
        },
        "Value": {
            "anyOf": [_schema("Reference"), _schema("Date"), {"type": ["string", "number", "boolean", "null"]}],
            "description": "What an RDF term becomes; null where nothing is known.",
        },
    }


def _list_schema(stored: StoredQuery) -> JsonObject:
    return _closed(
        {
            "items": _list_of(_object_schema(stored)),
            "total": {"type": "integer", "minimum": 0},
            "next": {"type": ["string", "null"], "format": "uri"},
        }
    )


def _object_schema(stored: StoredQuery) -> JsonObject:
    """An object of the route; `sources` is there only when it was asked for."""
    shape, value = stored.shape, _schema("Value")
    text: JsonObject = {"type": ["string", "null"]}
    properties: JsonObject = {"id": {"type": "string"}, "url": text, "label": text}
    for name in shape.fields:
        properties[name] = _list_of(value) if name in shape.many else value
    for name, members in shape.nested:
        properties[name] = _list_of(_closed(dict.fromkeys(members, value)))
    required: list[Json] = list(properties)
    if stored.has_sources:
        properties[SOURCES] = _list_of(value)
    return {**_closed(properties), "required": required}


def _schema(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _closed(properties: JsonObject) -> JsonObject:
    """An object with exactly these properties."""
    required: list[Json] = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
