"""The front matter of a stored query (level 2): YAML in the `#+` lines at the head of a `.rq` file, read strictly.

Whatever is not understood is refused with file, line and column, so that a misspelt key is not silently ignored.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from kg.errors import ParseFailure

MARK: Final = "#+"
# camelCase, as it will stand in JSON; also a Python name.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z0-9]*$")]
_SEGMENT: Final = r"(?:[a-z0-9][a-z0-9-]*|\{[a-z][A-Za-z0-9]*\})"
RoutePath = Annotated[str, StringConstraints(pattern=rf"^(?:/{_SEGMENT})+$")]


def _plain(value: object) -> object:
    """A scalar as it would stand in an address: YAML reads `1815` and `1815-06-18` as a number and a day."""
    if isinstance(value, int | float | Decimal | date) and not isinstance(value, bool):
        return str(value)
    return value


Scalar = Annotated[str, BeforeValidator(_plain)]


class ParameterType(StrEnum):
    """What a parameter's value is, and so which RDF term it becomes."""

    ENTITY = "entity"
    IRI = "iri"
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    ENUM = "enum"


class Declaration(BaseModel):
    """A parameter as the front matter declares it.

    `space` is the space of IRIs an entity's name belongs to, `class` the class (of the ontology) it must be an instance
    of, `scheme` the concept scheme whose concepts an enum offers; with `any: true` the value `any` leaves it open.
    `required: true` is for a parameter of the query string without which the answer would make no sense.
    `bound: last` binds the last day of a month or year, `lang` makes a string a language-tagged one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: ParameterType
    place: Literal["path", "query"] = Field(alias="in")
    space: Literal["id", "st", "src", "voc"] | None = None
    class_name: str | None = Field(None, alias="class", pattern=r"^[A-Z][A-Za-z0-9]*$")
    scheme: str | None = Field(None, pattern=r"^[a-z][a-z0-9-]*$")
    any: bool = False
    required: bool = False
    bound: Literal["first", "last"] | None = None
    lang: str | None = Field(None, pattern=r"^[a-z]{2,8}(-[a-z0-9]{1,8})*$")
    default: Scalar | None = None
    example: Scalar | None = None
    description: str = ""


class FrontMatter(BaseModel):
    """All that the head of a stored query says.

    `key` is the variable whose IRI identifies an object of the answer. `many` names the variables whose values are
    lists, and `{name: [variables]}` a list of objects of their own. `sources` are the variables that hold the passages
    an object rests on. `one: true`: the answer is a single object, and without a row there is none (404).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str = Field(min_length=1)
    description: str = ""
    path: RoutePath
    parameters: dict[Name, Declaration] = Field(default_factory=dict)
    key: Name
    many: tuple[Name | dict[Name, tuple[Name, ...]], ...] = ()
    sources: tuple[Name, ...] = ()
    one: bool = False


def read_front_matter(path: Path, text: str) -> FrontMatter:
    """The front matter of `text`, the content of the file `path`.

    Raises:
        ParseFailure: there is none, it is not YAML, or it says what no front matter says; line and column count in
            the file.
    """
    head = _head(text)
    if not head:
        raise ParseFailure(path, 1, 1, f"a stored query begins with front matter in {MARK} lines; there is none")
    try:
        loaded = yaml.safe_load(head)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ParseFailure(path, line, column, f"the front matter is not YAML: {error.problem}") from error
    try:
        return FrontMatter.model_validate(loaded)
    except ValidationError as error:
        # Keys that repeat what is wrong inside a union are noise; the first finding is the outermost.
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        line, column = place_in(text, first["loc"])
        raise ParseFailure(path, line, column, f"front matter, {where or 'as a whole'}: {first['msg']}") from error


def _head(text: str) -> str:
    """The leading `#+` lines without their mark, each still of its own column and line."""
    lines = []
    for line in text.splitlines():
        if not line.startswith(MARK):
            break
        lines.append(" " * len(MARK) + line[len(MARK) :])
    return "\n".join(lines)


def place_in(text: str, location: Sequence[str | int]) -> tuple[int, int]:
    """Line and column, from 1, of the deepest part of `location` that the front matter of `text` has.

    `location` are the keys and indexes from the outermost; the front matter is YAML.
    """
    node = yaml.compose(_head(text), yaml.SafeLoader)
    mark = None
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            mark = node.start_mark
        else:
            break
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
