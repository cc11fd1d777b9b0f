"""Whether all servers give the same answers: nothing is measured before they do."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pyoxigraph as ox

from benchmarks.asking import ask_well
from benchmarks.peers import Server
from benchmarks.questions import Question
from kg.namespaces import XSD

_STRING: Final = XSD + "string"

Row = tuple[tuple[str, ...], ...]


class Disagreement(Exception):
    """Two servers answer a question differently; the message says which, and how many rows each has."""


def agree(servers: Sequence[Server], questions: Iterable[Question]) -> dict[str, dict[str, int]]:
    """The length in bytes of each answer, by the name of the server and that of the question.

    Raises:
        Disagreement: two servers differ in a solution, a triple, or their number.
        AskingFailed: a server does not answer.
    """
    lengths: dict[str, dict[str, int]] = {server.kind.name: {} for server in servers}
    for question in questions:
        first: list[Row] | None = None
        for server in servers:
            body = ask_well(server.address, question).body
            rows = canonical_rows(question, body)
            first = rows if first is None else first
            if rows != first or not rows:
                raise Disagreement(
                    f"{question.name}: {server.kind.name} answers with {len(rows)} rows, which are not "
                    f"the {len(first)} of {servers[0].kind.name}: {sorted({*rows} ^ {*first})[:2]}"
                )
            lengths[server.kind.name][question.name] = len(body)
    return lengths


def canonical_rows(question: Question, body: bytes) -> list[Row]:
    """The solutions or triples of an answer, in an order that does not depend on the server.

    A plain literal and one of type string are the same (RDF 1.1 Concepts, section 3.3), and the case of a language
    does not count.
    """
    if "CONSTRUCT" in question.text:
        return sorted(((str(quad.triple),),) for quad in ox.parse(body, ox.RdfFormat.N_TRIPLES))
    solutions = json.loads(body)["results"]["bindings"]
    return sorted(tuple((name, *_term(term)) for name, term in sorted(solution.items())) for solution in solutions)


def _term(term: Mapping[str, Any]) -> tuple[str, ...]:
    kind = "literal" if term["type"] == "typed-literal" else term["type"]
    datatype = term.get("datatype", "")
    return (kind, term["value"], "" if datatype == _STRING else datatype, term.get("xml:lang", "").lower())
