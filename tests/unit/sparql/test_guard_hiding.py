"""No SERVICE reaches the engine past the guard, however it is hidden (field notes, D 57).

The engine reads a query in its own way: keywords may run into what follows, a name may fall apart, and what looks like
an IRI may be a comparison. Each text here makes the engine connect; the listener is on the loopback interface.
"""

import socket
import threading
from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hidden_services import HIDDEN, with_address
from kg.errors import KgError, QueryRefused
from kg.sparql.guard import find_services, inspect


class Listener:
    """Counts connections and closes each at once, before the engine can go on."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.iri = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.connections = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        """Take no more connections."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def evaluate(text: str) -> None:
    """Run `text` on an empty store to its end; an error is as good as an answer."""
    try:
        result = ox.Store().query(text)
        if not isinstance(result, ox.QueryBoolean):
            list(result)
    except (SyntaxError, RuntimeError, OSError):
        return


@pytest.mark.parametrize("text", HIDDEN)
def test_a_hidden_service_that_the_engine_would_call_is_refused(text: str, listener: Listener) -> None:
    query = with_address(text, listener.iri)
    before = listener.connections

    evaluate(query)

    assert listener.connections > before, "the engine no longer reads this as SERVICE: take the line out"
    with pytest.raises(QueryRefused):
        inspect(query, max_nesting=200, max_operators=5000)


PIECES = [
    "'",
    '"',
    "'''",
    '"""',
    "#",
    "\n",
    "\r",
    " ",
    "<",
    ">",
    "?a<?b",
    "<a:b>",
    "a:",
    "a:b.c.",
    ".",
    ";",
    ",",
    "true",
    "1",
]
PIECES += [
    "(",
    ")",
    "{",
    "}",
    "FILTER(",
    "BIND(",
    " AS ?x)",
    "&&",
    "!",
    "\\",
    "\\uD800",
    "\\'",
    "SILENT",
    "s:x",
    ":",
    "@en",
]
PIECES += [
    "VALUES ?x {",
    "GRAPH ",
    "PREFIX a:<http://h:> ",
    "PREFIX s:<IRI> ",
    "_:b",
    "^^",
    "|",
    "[]",
    "\ufff0",
    "SERVICE",
    "CALL",
]


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """One of the texts above, with pieces put in or taken away at up to four places."""
    text = draw(st.sampled_from(HIDDEN))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.sampled_from([0, 0, 1, 2, 5]))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return text


@settings(max_examples=600, deadline=None)
@given(text=mutants())
def test_what_passes_the_guard_never_connects(text: str, listener: Listener) -> None:
    query = with_address(text, listener.iri)
    before = listener.connections
    try:
        inspect(query, max_nesting=200, max_operators=5000)
    except KgError:
        return

    evaluate(query)

    assert listener.connections == before


@settings(max_examples=600, deadline=None)
@given(text=mutants())
def test_a_query_without_the_clauses_that_are_found_never_connects(text: str, listener: Listener) -> None:
    """Where SERVICE is allowed, the clauses that the guard finds are all that there are."""
    query = with_address(text, listener.iri)
    before = listener.connections
    try:
        clauses = find_services(query, max_nesting=200, max_operators=5000)
    except KgError:
        return
    for clause in reversed(clauses):
        query = query[: clause.start] + "{}" + query[clause.end :]

    evaluate(query)

    assert listener.connections == before


@pytest.mark.parametrize("text", HIDDEN)
def test_a_hidden_clause_is_found_or_refused_where_service_is_allowed(text: str, listener: Listener) -> None:
    try:
        clauses = find_services(with_address(text, listener.iri), max_nesting=200, max_operators=5000)
    except QueryRefused:
        return

    assert len(clauses) == 1
