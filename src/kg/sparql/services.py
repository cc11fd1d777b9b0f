"""The SERVICE clauses of a query (level 2): where each stands in the text, and whom it asks.

The guard cuts the tokens, and hands them to the reader here; the text itself is never searched.
Source: SPARQL 1.1 Federated Query, section 4; SPARQL 1.1 Query Language, sections 4.1 and 19.8 (production 59).
"""

import re
from dataclasses import dataclass, field
from typing import Final

import pyoxigraph as ox

from kg.errors import QueryRefused, QuerySyntaxError
from kg.sparql.tokens import PROLOGUE

_PROLOGUE: Final = re.compile(PROLOGUE, re.VERBOSE | re.IGNORECASE)
_DECLARATION: Final = re.compile(
    r"\#[^\r\n]*+ | \"[^\"]*+\" | '[^']*+' | (?P<what> BASE | PREFIX) (?: [ \t\r\n] | \#[^\r\n]*+ )*+ "
    r"(?: (?P<prefix> [^\s:<\#]*+) : (?: [ \t\r\n] | \#[^\r\n]*+ )*+ )?+ <(?P<iri>[^>]*+)>",
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class ServiceClause:
    """`SERVICE [SILENT] target { … }`: from `start` to `end` in the text, the group with its brackets from `group`.

    `target` is the token as it is written. `inner` are the clauses in the group. `around` is where the group begins in
    which the clause stands. `is_elsewhere` says that a graph was named before that: the group may not be evaluated on
    the default graph of the request.
    """

    start: int
    group: int
    end: int
    target: str
    is_silent: bool
    around: int
    is_elsewhere: bool
    inner: tuple["ServiceClause", ...] = ()

    @property
    def is_variable(self) -> bool:
        """Whether the query itself finds whom to ask."""
        return self.target[0] in "?$"


@dataclass(slots=True)
class _Begun:
    """A clause whose end has not been seen; `depth` counts the brackets around its group, -1 before that begins."""

    start: int
    around: int
    is_elsewhere: bool
    target: str = ""
    is_silent: bool = False
    group: int = -1
    depth: int = -1
    inner: list[ServiceClause] = field(default_factory=list)


class ServiceReader:
    """Follows the tokens of a query; `clauses` are those that stand in no other, in their order."""

    def __init__(self) -> None:
        self.clauses: list[ServiceClause] = []
        self._open: list[_Begun] = []
        self._groups: list[int] = []  # where each group begins that is open
        self._graph = -1  # where the first GRAPH or FROM stands

    def begin(self, start: int) -> None:
        """The word SERVICE stands at `start`."""
        around = self._groups[-1] if self._groups else start
        self._open.append(_Begun(start, around, 0 <= self._graph < around))

    def take(self, kind: str, found: str, start: int, depth: int) -> bool:
        """Take any other token, `depth` brackets being open after it; False if it has no place after a SERVICE."""
        if found == "{":
            self._groups.append(start)
        elif found == "}" and self._groups:
            self._groups.pop()
        elif self._graph < 0 and kind == "name" and found.lower() in ("graph", "from"):
            self._graph = start
        if not self._open:
            return True
        begun = self._open[-1]
        if begun.group < 0:
            return _take_head(begun, kind, found, start, depth)
        if found == "}" and depth < begun.depth:
            self._end(start + 1)
        return True

    def _end(self, end: int) -> None:
        """The innermost clause ends at `end`."""
        begun = self._open.pop()
        clauses = self._open[-1].inner if self._open else self.clauses
        clauses.append(
            ServiceClause(
                begun.start,
                begun.group,
                end,
                begun.target,
                begun.is_silent,
                begun.around,
                begun.is_elsewhere,
                tuple(begun.inner),
            )
        )


def _take_head(begun: _Begun, kind: str, found: str, start: int, depth: int) -> bool:
    """Take what stands between SERVICE and the end of `{`: SILENT, the target, the bracket."""
    if begun.target:
        begun.group, begun.depth = start, depth
        return found == "{"
    if found.lower() == "silent" and not begun.is_silent:
        begun.is_silent = True
        return True
    begun.target = found
    return kind in ("iri", "variable") or (kind == "name" and ":" in found)


@dataclass(frozen=True, slots=True)
class Prologue:
    """What a query declares at its beginning: its base IRI, and absolute IRIs by prefix. It ends at `end`."""

    base_iri: str
    prefixes: dict[str, str]
    end: int

    def resolve(self, token: str) -> str:
        """The absolute IRI that an IRI in brackets or a prefixed name stands for.

        Raises:
            QueryRefused: its prefix is not declared.
            QuerySyntaxError: it is no IRI.
        """
        if token.startswith("<"):
            return _resolve(token[1:-1], self.base_iri)
        prefix, _, local = token.partition(":")
        if prefix not in self.prefixes:
            raise QueryRefused(f"SERVICE {token}: the prefix {prefix}: is not declared; nothing was sent")
        return self.prefixes[prefix] + _ESCAPED.sub(r"\1", local)

    def written(self) -> str:
        """The declarations as SPARQL, for a query of their own."""
        lines = [f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in self.prefixes.items()]
        return "".join((f"BASE <{self.base_iri}>\n", *lines))


def read_prologue(text: str, base_iri: str) -> Prologue:
    """The prologue of a query that was asked at `base_iri`."""
    found = _PROLOGUE.match(text)
    end = found.end() if found else 0
    prefixes: dict[str, str] = {}
    for declaration in _DECLARATION.finditer(text, 0, end):
        if declaration["what"] is None:
            continue
        iri = _resolve(declaration["iri"], base_iri)
        if declaration["what"].lower() == "base":
            base_iri = iri
        else:
            prefixes[declaration["prefix"] or ""] = iri
    return Prologue(base_iri, prefixes, end)


def _resolve(reference: str, base_iri: str) -> str:
    """`reference`, an IRI as it stands between < and >, resolved as the engine does it (RFC 3986, section 5.2).

    Raises:
        QuerySyntaxError: it is no IRI, or is relative to a base that is none.
    """
    try:
        triple = next(ox.parse(f"<x:s> <x:p> <{reference}> .", ox.RdfFormat.TURTLE, base_iri=base_iri))
    except (SyntaxError, ValueError) as error:
        raise QuerySyntaxError(f"<{reference[:200]}> is no IRI that can be resolved against <{base_iri}>") from error
    iri: str = triple.object.value
    return iri
