"""The text of a query without its SERVICE clauses (level 2): what endpoints have answered stands there as VALUES.

A SERVICE is evaluated by itself and joined with what is around it, and so are VALUES; the solutions are the same. What
VALUES cannot hold are blank nodes: they come as IRIs that a function of ours makes blank nodes of.
Source: SPARQL 1.1 Federated Query, section 4.1; SPARQL 1.1 Query Language, section 10.2.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from secrets import token_hex
from typing import Final

import pyoxigraph as ox

from kg.errors import ServiceFailed
from kg.namespaces import BLANK_NODE_FUNCTION, BLANK_NODES
from kg.sparql.services import Prologue, ServiceClause

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Solution = tuple[Term | None, ...]

_VARIABLE: Final = re.compile(r"[?$]([\w\u00B7\u0300-\u036F\u203F\u2040]+)")
_NO_BREAK: Final = re.compile(r"[^\r\n]")
_FILTER: Final = re.compile(r"filter", re.IGNORECASE)


def query_for(clause: ServiceClause, text: str, prologue: Prologue) -> str:
    """What the endpoint of `clause` is asked: the clause's group, with the declarations of the query."""
    return f"{prologue.written()}SELECT * WHERE {text[clause.group : clause.end]}"


def question_of_variables(clause: ServiceClause, text: str, prologue: Prologue) -> str:
    """A query without solutions, whose variables are those of `clause`; each place in the group stays what it was."""
    before, after = text[prologue.end : clause.start], text[clause.start + len("SERVICE") : clause.group]
    group = "".join(_without_heads(clause, text))
    return f"{text[: prologue.end]}{_blank(before)}SELECT*{_blank(after)}{group} LIMIT 0"


def _without_heads(clause: ServiceClause, text: str) -> Iterator[str]:
    """The group of `clause`; of those inside of it only the groups, so that nothing is asked."""
    position = clause.group
    for inner in clause.inner:
        yield text[position : inner.start] + _blank(text[inner.start : inner.group])
        yield from _without_heads(inner, text)
        position = inner.end
    yield text[position : clause.end]


def _blank(text: str) -> str:
    """As many spaces, and the line breaks where they are."""
    return _NO_BREAK.sub(" ", text)


def question_of_targets(clause: ServiceClause, rewritten: str, prologue: Prologue) -> str:
    """A query for whom `SERVICE ?v` asks: the values of ?v by what stands before it in its group.

    `rewritten` is the text up to the clause, in which earlier clauses are VALUES by now.
    """
    return f"{prologue.written()}SELECT DISTINCT {clause.target} WHERE {rewritten} }}"


def filters_look_ahead(clause: ServiceClause, text: str) -> bool:
    """Whether a FILTER before `clause` in its group may depend on what is bound after it, so that it says nothing yet.

    Names in comments and strings count as well; then the answer may be True without need.
    """
    before = text[clause.around : clause.start]
    found = _FILTER.search(before)
    if found is None:
        return False
    later = set(_VARIABLE.findall(text, clause.start)) - {clause.target[1:]}
    return not later.isdisjoint(_VARIABLE.findall(before, found.start()))


def replacement(clause: ServiceClause, text: str, inlined: str) -> str:
    """`inlined` in the place of `clause`, with as many line breaks, so that what follows stays on its line."""
    return f" {inlined}{chr(10) * text.count(chr(10), clause.start, clause.end)} "


def inline(variables: Sequence[str], solutions: Iterable[Solution], endpoint: str, max_chars: int | None = None) -> str:
    """A group of VALUES with `solutions`, each a term or None for each of `variables`.

    Raises:
        ServiceFailed: the text would pass `max_chars`, or a term cannot be written.
    """
    writer = _Writer(endpoint)
    rows = StringIO()
    for solution in solutions:
        rows.write(f"({' '.join(writer.write(place, term) for place, term in enumerate(solution))})")
        if max_chars is not None and rows.tell() > max_chars:
            raise ServiceFailed(endpoint, "its answer is too long to go on with")
    names = [f"?{name}" for name in variables]
    columns = [f"{name}_{writer.mark}" if place in writer.blank else name for place, name in enumerate(names)]
    values = f"{{ VALUES ({' '.join(columns)}) {{ {rows.getvalue()} }} }}"
    if not writer.blank:
        return values
    projected = (
        f"(<{BLANK_NODE_FUNCTION}>({column}) AS {name})" if column != name else name
        for column, name in zip(columns, names, strict=True)
    )
    return f"{{ SELECT {' '.join(projected)} WHERE {values} }}"


class _Writer:
    """Writes the terms of one answer; `blank` are the places in a solution in which a blank node has been."""

    def __init__(self, endpoint: str) -> None:
        self.mark = token_hex(8)  # so that no blank node or variable of another answer, or of the query, is the same
        self.blank: set[int] = set()
        self._endpoint = endpoint

    def write(self, place: int, term: Term | None) -> str:
        """`term` as it may stand in VALUES."""
        if term is None:
            return "UNDEF"
        if isinstance(term, ox.BlankNode):
            self.blank.add(place)
            return f"<{BLANK_NODES}{self.mark}{term.value.encode().hex()}>"
        if isinstance(term, ox.Triple):
            return self._write_triple(term)
        return str(term)

    def _write_triple(self, triple: ox.Triple) -> str:
        parts = (triple.subject, triple.predicate, triple.object)
        if any(isinstance(part, ox.BlankNode) for part in parts):
            raise ServiceFailed(self._endpoint, "its answer has a blank node inside of a triple term, not taken here")
        written = (self._write_triple(part) if isinstance(part, ox.Triple) else str(part) for part in parts)
        return f"<<( {' '.join(written)} )>>"
