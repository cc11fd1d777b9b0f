"""The rules that a stored query keeps (level 2), each checked when the catalogue is loaded.

A query that would fail, or do something else than its front matter says, is refused with file and line.
"""

import io
import json
import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import pyoxigraph as ox

from kg.errors import ParameterError, ParseFailure, QueryError, QuerySyntaxError
from kg.formats import RESULTS_JSON
from kg.namespaces import BASE
from kg.rest.binding import WITH_SOURCES, Term, bind_parameters, doubtful_iris, variables
from kg.rest.front_matter import Declaration, FrontMatter, ParameterType, place_in
from kg.rest.options import RESERVED
from kg.rest.parameters import term_of
from kg.rest.stored_query import LABEL, Parameter, Shape
from kg.sparql.guard import without_services
from kg.store.base import QueryRequest
from kg.store.evaluation import evaluate

_OWN_FIELDS: Final = ("id", "url", "label", "sources")  # what every object has by itself
_ANY_TIMEOUT_S: Final = 1.0  # a request names one; nothing is limited on an empty store


@dataclass(frozen=True, slots=True)
class Terms:
    """What of the ontology a front matter may name: classes, and the concepts of each scheme; local names, sorted."""

    classes: frozenset[str]
    concepts: Mapping[str, tuple[str, ...]]


class Checker:
    """The rules of one file."""

    def __init__(self, path: Path, text: str, front: FrontMatter) -> None:
        self._path = path
        self._text = text
        self._front = front

    def check_names(self) -> None:
        """The file's name is a Python name, and no parameter has the name of an option or a keyword."""
        if not self._path.stem.isidentifier() or keyword.iskeyword(self._path.stem):
            self._refuse(f"{self._path.stem} is not a Python name; the file's name is the name of the operation")
        for name in self._front.parameters:
            if keyword.iskeyword(name) or name in RESERVED:
                self._refuse(f"a parameter cannot be called {name}; that name is taken", "parameters", name)

    def check_path(self) -> None:
        """The parameters in the path are those that are declared to be there."""
        segments = [segment[1:-1] for segment in self._front.path.split("/") if segment.startswith("{")]
        declared = sorted(name for name, given in self._front.parameters.items() if given.place == "path")
        if sorted(segments) != declared:
            self._refuse(f"the path has {segments}, declared to be in the path are {declared}", "path")

    def parameter(self, name: str, declared: Declaration, terms: Terms) -> Parameter:
        """The parameter, after the rules that hold between its keys."""
        needs = {"class": ParameterType.ENTITY, "space": ParameterType.ENTITY, "scheme": ParameterType.ENUM,
                 "any": ParameterType.ENUM, "bound": ParameterType.DATE, "lang": ParameterType.STRING}  # fmt: skip
        keys = {"class" if key == "class_name" else key for key in declared.model_fields_set}
        for key, type_ in needs.items():
            if key in keys and declared.type is not type_:
                self._refuse(f"{key} is for the type {type_} only, not for {declared.type}", "parameters", name)
        if declared.class_name and declared.class_name not in terms.classes:
            self._refuse(f"the ontology has no class {declared.class_name}", "parameters", name)
        concepts = terms.concepts.get(declared.scheme or "", ())
        if declared.type is ParameterType.ENUM and not concepts:
            self._refuse(
                "an enum names its scheme; the ontology has no concepts in one of this name", "parameters", name
            )
        if declared.place == "path":
            self._check_in_path(name, declared)
        elif declared.required and (declared.default is not None or declared.any or declared.example is None):
            self._refuse("what is required has an example, no default and no any", "parameters", name)
        parameter = Parameter(name, declared, concepts)
        for key, text in (("default", declared.default), ("example", declared.example)):
            self._check_value(parameter, key, text)
        return parameter

    def _check_in_path(self, name: str, declared: Declaration) -> None:
        if declared.type is ParameterType.IRI:
            self._refuse("an iri goes into the query string; a path takes the name of an entity", "parameters", name)
        if declared.default is not None or declared.any:
            self._refuse("what is in the path is always given; it has no default and no any", "parameters", name)
        if declared.example is None:
            self._refuse("what is in the path needs an example", "parameters", name)

    def _check_value(self, parameter: Parameter, key: str, text: str | None) -> None:
        if text is None or (parameter.declared.any and text in parameter.accepted):
            return
        try:
            term_of(parameter, text)
        except ParameterError as error:
            self._refuse(f"{key}: {error.reason}", "parameters", parameter.name)

    def check_variables(self) -> None:
        """Parameters occur, as `$name` only; every other variable is written with a question mark."""
        parameters = set(self._front.parameters) | ({WITH_SOURCES} if self._front.sources else set())
        found = list(variables(self._text))
        for token, line in found:
            name = token[1:]
            if token[0] == "?" and name in parameters:
                self._fail(line, f"{token} is the parameter ${name} to the engine; write ${name}, or another variable")
            if token[0] == "$" and name not in parameters:
                self._fail(line, f"{token} is not declared as a parameter; variables are written ?{name}")
        for token, line in doubtful_iris(self._text):
            self._fail(line, f"{token} is an IRI to some and comparisons to others; write a space after <")
        for name in sorted(parameters - {token[1:] for token, _ in found}):
            where = (name,) if name == WITH_SOURCES else ("parameters", name)
            self._refuse(f"${name} does not occur in the query", *where)

    def projection(self, parameters: Sequence[Parameter]) -> tuple[str, ...]:
        """The projected variables, found by evaluating the query on an empty store: once in full, once with little."""
        full = {p.name: term for p in parameters if (term := self._term(p)) is not None}
        little = {p.name: term for p in parameters if not p.is_optional and (term := self._term(p)) is not None}
        self._evaluate(parameters, little)
        return self._evaluate(parameters, full)

    def _term(self, parameter: Parameter) -> Term | None:
        declared = parameter.declared
        text = next((t for t in (declared.example, declared.default, *parameter.concepts) if t is not None), None)
        if text is None or (declared.any and text not in parameter.concepts):
            return None
        return term_of(parameter, text)

    def _evaluate(self, parameters: Sequence[Parameter], values: Mapping[str, Term]) -> tuple[str, ...]:
        output = io.BytesIO()
        text = bind_parameters(self._text, parameters, values)
        try:
            # The engine would ask the endpoints at once.
            request = QueryRequest(without_services(text), RESULTS_JSON, BASE, _ANY_TIMEOUT_S)
            evaluate(ox.Store(), request, output)
        except QuerySyntaxError as error:
            missing = [parameter.name for parameter in parameters if parameter.name not in values]
            note = f" (with UNDEF for {', '.join(missing)}, which only VALUES takes)" if missing else ""
            raise ParseFailure(self._path, error.line, error.column, error.reason + note) from error
        except QueryError as error:
            self._refuse(f"the query cannot be evaluated, or is no SELECT: {error}")
        answer = json.loads(output.getvalue())
        if "vars" not in answer["head"]:
            self._refuse("a stored query is a SELECT")
        return tuple(answer["head"]["vars"])

    def shape(self, projected: Sequence[str]) -> Shape:
        """How the rows become objects, after every variable that the front matter names was found."""
        front = self._front
        many = frozenset(entry for entry in front.many if isinstance(entry, str))
        nested = tuple(
            (name, members) for entry in front.many if isinstance(entry, dict) for name, members in entry.items()
        )
        members = [member for _, names in nested for member in names]
        self._check_named("key", [front.key], projected)
        self._check_named("many", [*many, *members], projected)
        self._check_named("sources", front.sources, projected)
        labelled = frozenset(name for name in projected if name + LABEL in projected)
        apart = {front.key, *members, *front.sources, *(name + LABEL for name in labelled)}
        fields = tuple(name for name in projected if name not in apart)
        self._check_named("many", many, fields)
        self._check_fields([*fields, *(name for name, _ in nested)], members)
        return Shape(front.key, fields, many, nested, front.sources, labelled)

    def _check_named(self, where: str, names: Iterable[str], projected: Sequence[str]) -> None:
        for name in names:
            if name not in projected:
                self._refuse(f"the query does not project ?{name} for this", where)

    def _check_fields(self, fields: Sequence[str], members: Iterable[str]) -> None:
        for name in (*fields, *members):
            if not name.isalnum() or not name[0].islower():
                self._refuse(f"?{name} becomes a field, and fields are camelCase")
        for name in fields:
            if name in _OWN_FIELDS or fields.count(name) > 1:
                self._refuse(f"the field {name} is there already; call the variable something else")

    def _refuse(self, reason: str, *location: str) -> NoReturn:
        """Refuse the front matter, at the place of `location`: the keys from the outermost."""
        line, column = place_in(self._text, location)
        raise ParseFailure(self._path, line, column, f"{location[-1]}: {reason}" if location else reason)

    def _fail(self, line: int, reason: str) -> NoReturn:
        raise ParseFailure(self._path, line, 1, reason)
