"""What a stored query is once it is read (level 2): values that binding, answers and descriptions start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg.namespaces import BASE
from kg.rest.front_matter import Declaration, ParameterType

LABEL: Final = "Label"  # the variable ?x with this at its end holds the label of ?x
ANY: Final = "any"  # the value of an enum that leaves it open
PREFIX: Final = "/api"  # where the routes begin


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter; `concepts` are the names that an enum offers, in the order of their names."""

    name: str
    declared: Declaration
    concepts: tuple[str, ...] = ()

    @property
    def type(self) -> ParameterType:
        """What its value is."""
        return self.declared.type

    @property
    def is_in_path(self) -> bool:
        """Whether it is a segment of the path, and not in the query string."""
        return self.declared.place == "path"

    @property
    def is_required(self) -> bool:
        """Whether a request without it is refused."""
        return self.is_in_path or self.declared.required

    @property
    def is_optional(self) -> bool:
        """Whether it may be left without any value; it then stands for UNDEF, which only VALUES takes."""
        return not self.is_required and (self.declared.default is None or self.declared.any)

    @property
    def namespace(self) -> str:
        """The beginning of the IRIs that the names of an entity stand for."""
        return f"{BASE}{self.declared.space or 'id'}/"

    @property
    def accepted(self) -> tuple[str, ...]:
        """All values of an enum; empty for other types."""
        return (*self.concepts, ANY) if self.declared.any else self.concepts


@dataclass(frozen=True, slots=True)
class Shape:
    """How rows become objects.

    `fields` are the variables beside key, labels and sources, in the order of the projection; those in `many` have
    lists. `nested` are lists of objects: their name, and the variables that are the fields of each. `labelled` are the
    variables that have a variable for their label.
    """

    key: str
    fields: tuple[str, ...]
    many: frozenset[str]
    nested: tuple[tuple[str, tuple[str, ...]], ...]
    sources: tuple[str, ...]
    labelled: frozenset[str]


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A stored query: `name` is that of its file, `path` the route under /api, `text` the whole file."""

    name: str
    file: Path
    summary: str
    description: str
    path: str
    parameters: tuple[Parameter, ...]
    shape: Shape
    one: bool
    text: str

    @property
    def route(self) -> str:
        """The path of the route as it is served, with its parameters in braces."""
        return PREFIX + self.path

    @property
    def has_sources(self) -> bool:
        """Whether `sources=true` has something to add."""
        return bool(self.shape.sources)
