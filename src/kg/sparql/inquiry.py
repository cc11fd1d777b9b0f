"""What one query asks of other endpoints (level 2): checked, asked, and put into its text.

All that the text itself says is checked before the first connection; whom a variable names, as soon as it is known.
Source: SPARQL 1.1 Federated Query, sections 2 and 4.
"""

import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pyoxigraph as ox

from kg.errors import QueryRefused, QuerySyntaxError, ResultTooLarge, ServiceFailed, ServiceTimeout
from kg.formats import RESULTS_JSON
from kg.sparql.inlining import (
    filters_look_ahead,
    inline,
    query_for,
    question_of_targets,
    question_of_variables,
    replacement,
)
from kg.sparql.services import ServiceClause, read_prologue
from kg.store.allowlist import AllowList, Endpoint
from kg.store.base import QueryRequest
from kg.store.egress import Egress, RemoteAnswer

MAX_CALLS: Final = 10  # of one query: nobody makes a crowd of requests out of one
_MAX_VARIABLES: Final = 1000  # of an endpoint's answer: each solution takes room for all of them
_ROOM: Final = 64 * 1024  # characters that any answer may have in the text of the query, and
_GROWTH: Final = 4  # more for each byte: in results a term takes more room than in VALUES, what is unbound less
_NO_GRAPH: Final = ("urn:no-graph",)
_ADVICE: Final = "ask the endpoint yourself, and put its answer into a VALUES block; it was not asked"

Collect = Callable[[QueryRequest], Awaitable[bytes]]


class Inquiry:
    """The SERVICE clauses of one request, on their way to a text without them."""

    def __init__(
        self, request: QueryRequest, clauses: tuple[ServiceClause, ...], allowed: AllowList, max_bytes: int
    ) -> None:
        self._request = request
        self._clauses = clauses
        self._allowed = allowed
        self._bytes_left = max_bytes
        self._text = request.text
        self._prologue = read_prologue(request.text, request.base_iri)
        self._calls = 0

    async def inlined(self, collect: Collect, egress: Egress) -> str:
        """The text in which answers stand for the clauses; `collect` answers a request from the dataset.

        Raises:
            QueryRefused: somebody may not be asked, or in this way.
            QuerySyntaxError: the group of a clause cannot be read.
            ServiceTimeout, ServiceFailed: an endpoint has no answer, and its clause is not SILENT.
        """
        for clause in self._clauses:
            self._check(clause)
        names = [await self._variables(clause, collect) for clause in self._clauses]
        await self._check_rest(names, collect)
        done, position = "", 0
        moves: list[tuple[int, int]] = []  # where a clause ended, and by how much what follows has moved
        for clause, variables in zip(self._clauses, names, strict=True):
            done += self._text[position : clause.start]
            around = clause.around + sum(by for end, by in moves if end <= clause.around)
            endpoints = await self._endpoints(clause, done[around:], collect)
            groups = [await self._ask(clause, endpoint, variables, egress) for endpoint in endpoints]
            put = replacement(
                clause, self._text, f"{{ {' UNION '.join(groups) or self._no_solution(clause, variables)} }}"
            )
            done += put
            moves.append((clause.end, len(put) - (clause.end - clause.start)))
            position = clause.end
        return done + self._text[position:]

    def _check(self, clause: ServiceClause) -> None:
        """Let a clause pass as far as its text says enough, and the clauses inside of it.

        Raises:
            QueryRefused: the target is not allowed, or cannot be known.
        """
        if not clause.is_variable:
            self._endpoint(clause, self._prologue.resolve(clause.target))
            self._count_call(clause)
        elif clause.is_elsewhere:
            raise self._refusal(clause, "after FROM, or inside of GRAPH, the endpoint must be an IRI, not a variable")
        elif filters_look_ahead(clause, self._text):
            reason = "a FILTER before it has variables in common with what follows; put what binds the endpoint, with "
            raise self._refusal(clause, reason + "its FILTER, into a group { } of its own")
        for inner in clause.inner:
            if inner.is_variable:
                raise self._refusal(inner, "inside of another SERVICE the endpoint must be an IRI, not a variable")
            self._check(inner)

    async def _check_rest(self, names: list[list[str]], collect: Collect) -> None:
        """Have the query read, with groups without solutions for the clauses: who makes a mistake asks nobody.

        Raises:
            QuerySyntaxError: it cannot be read.
        """
        text, position = "", 0
        for clause, variables in zip(self._clauses, names, strict=True):
            put = replacement(clause, self._text, self._no_solution(clause, variables))
            text += self._text[position : clause.start] + put
            position = clause.end
        with contextlib.suppress(ResultTooLarge):  # it could be read
            await collect(self._on_nothing(text + self._text[position:]))

    def _on_nothing(self, text: str) -> QueryRequest:
        """`text` as a request on an empty dataset: the answer says something about the text only."""
        return replace(self._request, text=text, default_graphs=_NO_GRAPH, named_graphs=None)

    async def _endpoints(self, clause: ServiceClause, before: str, collect: Collect) -> Sequence[Endpoint]:
        """Whom `clause` asks; `before` is the group in which it stands up to it, rewritten.

        Raises:
            QueryRefused: one of them may not be asked; then none is.
        """
        if not clause.is_variable:
            return [self._endpoint(clause, self._prologue.resolve(clause.target))]
        question = question_of_targets(clause, before, self._prologue)
        try:
            content = await collect(replace(self._request, text=question, format=RESULTS_JSON))
        except QuerySyntaxError as error:
            raise QuerySyntaxError(f"what stands before SERVICE {clause.target} cannot be read by itself") from error
        solutions = json.loads(content)["results"]["bindings"]
        values = [solution.get(_variable(clause), {"type": "none"}) for solution in solutions]
        if any(value["type"] != "uri" for value in values):
            reason = "what stands before it in its group must bind the variable to an IRI, in each solution"
            raise self._refusal(clause, reason)
        endpoints = [self._endpoint(clause, value["value"]) for value in values]
        for _ in endpoints:
            self._count_call(clause)
        return endpoints

    def _endpoint(self, clause: ServiceClause, iri: str) -> Endpoint:
        endpoint = self._allowed.find(iri)
        if endpoint is None:
            raise self._refusal(clause, f"<{iri[:200]}> is none of the endpoints that may be asked here; {_ADVICE}")
        return endpoint

    def _count_call(self, clause: ServiceClause) -> None:
        self._calls += 1
        if self._calls > MAX_CALLS:
            raise self._refusal(clause, f"the query asks more than {MAX_CALLS} times; ask in several queries")

    def _refusal(self, clause: ServiceClause, reason: str) -> QueryRefused:
        line = self._text.count("\n", 0, clause.start) + 1
        column = clause.start - self._text.rfind("\n", 0, clause.start)
        return QueryRefused(f"line {line}, column {column}: SERVICE {clause.target[:200]} is refused: {reason}")

    async def _ask(self, clause: ServiceClause, endpoint: Endpoint, variables: list[str], egress: Egress) -> str:
        """The solutions of an endpoint as a group; one without terms if there is no answer, and SILENT."""
        columns = _columns(clause, variables)
        bound = {_variable(clause): ox.NamedNode(endpoint.iri)} if clause.is_variable else {}
        query = query_for(clause, self._text, self._prologue)

        def read(answer: RemoteAnswer) -> str:
            self._bytes_left -= len(answer.content)
            return _inline(answer, endpoint.iri, columns, bound)

        try:
            return await egress.ask(endpoint, query, self._bytes_left, read, is_silent=clause.is_silent)
        except (ServiceFailed, ServiceTimeout):
            if not clause.is_silent:
                raise
        return inline(columns, [tuple(bound.get(name) for name in columns)], endpoint.iri)

    def _no_solution(self, clause: ServiceClause, variables: list[str]) -> str:
        return inline(_columns(clause, variables), (), clause.target)

    async def _variables(self, clause: ServiceClause, collect: Collect) -> list[str]:
        """The variables of a clause, each once; that its group can be read is checked with it."""
        question = question_of_variables(clause, self._text, self._prologue)
        content = await collect(replace(self._on_nothing(question), format=RESULTS_JSON))
        answer: dict[str, Any] = json.loads(content)
        return list(answer["head"]["vars"])


def _variable(clause: ServiceClause) -> str:
    return clause.target[1:]


def _columns(clause: ServiceClause, variables: list[str]) -> list[str]:
    """The variables that have values after `clause`, each once."""
    return [*dict.fromkeys((*variables, *((_variable(clause),) if clause.is_variable else ())))]


def _inline(answer: RemoteAnswer, endpoint: str, columns: list[str], bound: dict[str, ox.NamedNode]) -> str:
    """The solutions of an answer as a group; those that contradict `bound` are none, other variables are left out.

    Raises:
        ServiceFailed: it is no solution sequence, in a format that is read here.
    """
    format_ = ox.QueryResultsFormat.from_media_type(answer.media_type)
    if format_ not in (ox.QueryResultsFormat.JSON, ox.QueryResultsFormat.XML):
        raise ServiceFailed(endpoint, f"its answer is {answer.media_type or 'of no type'}, not SPARQL results")
    try:
        results = ox.parse_query_results(answer.content, format_)
        if not isinstance(results, ox.QuerySolutions) or len(results.variables) > _MAX_VARIABLES:
            raise ServiceFailed(endpoint, "its answer is no solution sequence, or one of too many variables")
        given = {variable.value for variable in results.variables}
        read = ({name: found[name] if name in given else None for name in columns} for found in results)
        solutions = (
            tuple((solution | bound).values())
            for solution in read
            if all(solution[name] in (None, value) for name, value in bound.items())
        )
        return inline(columns, solutions, endpoint, _ROOM + _GROWTH * len(answer.content))
    except (SyntaxError, ValueError) as error:
        raise ServiceFailed(endpoint, "its answer cannot be read as the SPARQL results that it says it is") from error
