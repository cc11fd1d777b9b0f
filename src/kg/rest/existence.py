"""Whether what an address names is in the dataset (level 2): an empty list is an answer only for something known."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kg.namespaces import KG
from kg.rest.binding import Term, bind_text
from kg.rest.front_matter import ParameterType
from kg.rest.stored_query import Parameter, StoredQuery

_FOLDER: Final = Path(__file__).parent


def questions(stored: StoredQuery, values: Mapping[str, Term]) -> Iterator[tuple[Parameter, str]]:
    """For each entity an ASK query: true if the dataset knows it, of the declared class if there is one."""
    for parameter in stored.parameters:
        if parameter.type is not ParameterType.ENTITY or parameter.name not in values:
            continue
        entity = str(values[parameter.name])
        if parameter.declared.class_name:
            class_ = str(ox.NamedNode(KG + parameter.declared.class_name))
            yield parameter, bind_text(_text("exists_in_class"), {"entity": entity, "class": class_})
        else:
            yield parameter, bind_text(_text("exists"), {"entity": entity})


def is_true(answer: bytes) -> bool:
    """The boolean of an answer in SPARQL JSON (section 3.1)."""
    return json.loads(answer)["boolean"] is True


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.rq").read_text(encoding="utf-8")
