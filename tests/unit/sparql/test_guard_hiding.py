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

from kg.errors import KgError, QueryRefused
from kg.sparql.guard import inspect


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


# CALL stands for a whole SERVICE clause, IRI for the listener's address.
HIDDEN = [
    # plain, and at every place of a pattern
    "SELECT * { CALL }",
    "SELECT * { sErViCe <IRI> {} }",
    "ASK{CALL}",
    "CONSTRUCT{<a:><b:>1}WHERE{CALL}",
    "DESCRIBE<a:b>{CALL}",
    "ASKFROM<a:b>{CALL}",
    'VERSION "1.2" SELECT * {CALL}',
    "SELECT * {{SELECT*{CALL}}}",
    "SELECT * {{}UNION{CALL}}",
    "SELECT * {OPTIONAL{CALL}}",
    "SELECT * {LATERAL{CALL}}",
    "SELECT * {VALUES ?x{1} MINUS{VALUES ?x{2} CALL}}",
    "ASK {VALUES ?x{1} FILTER EXISTS{CALL}}",
    "SELECT * {VALUES ?x{1 2}} ORDER BY(EXISTS{CALL})",
    # beside comments and spaces
    "SELECT * { # x\rCALL }",
    "SELECT * { # x\nSERVICE#\n<IRI>#\n{} }",
    # run into the token before, or after
    "SELECT * { SERVICESILENT<IRI> {} }",
    "SELECT * {?s ?p trueCALL}",
    "SELECT * {?s ?p 1CALL}",
    "SELECT * {?s ?p 1.e5CALL}",
    "SELECT * {?s ?p 1.CALL}",
    "SELECT * {?s ?p 'a'CALL}",
    "SELECT * {?s ?p 'a'@en.CALL}",
    "SELECT * {?s ?p 'a'@en--ltr.CALL}",
    "SELECT * {?s ?p ?o;CALL}",
    "SELECT * {?s?p?o.CALL}",
    "SELECT * {?s ?p '\0'.CALL}",
    # in what looks like the prefix of a name
    "PREFIX :<IRI> SELECT * { SERVICE:{}}",
    "PREFIX :<IRI> SELECT * { SERVICESILENT:x{}}",
    "PREFIX s:<IRI> SELECT * { services:x{}}",
    "PREFIX services:<a:> PREFIX s:<IRI> SELECT * { services:x #c\n {}}",
    "PREFIX s:<IRI> SELECT * FROM <a:b> { GRAPH<x:y>{} services:x{}}",
    "PREFIX :<IRI> SELECT * { ?s ?p true.SERVICE:x {}}",
    "PREFIX :<IRI> SELECT * { ?s ?p true.SERVICE :x {}}",
    # behind the second dot of a name
    "PREFIX a:<a:> SELECT * { ?s ?p a:b.c.CALL}",
    # in the local part of a name whose prefix cannot take it
    "PREFIX a:<http://h:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://h:8> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://[::1]> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://h:> SELECT * { ?s a:true.CALL}",
    "PREFIX a:<http://h> PREFIX :<IRI> SELECT * { ?s ?p a:SERVICE:x {}}",
    "BASE <http://h:> PREFIX a:<> SELECT * { ?s ?p a:CALL}",
    "BASE <http://h:#> PREFIX a:<> SELECT * { ?s ?p a:CALL}",
    "BASE <http://h:?q> BASE <#> BASE <http://h:> PREFIX a:<#> PREFIX b:<> SELECT * { ?s ?p b:CALL}",
    "BASE <http://x/> PREFIX a:<//h:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://x/#> PREFIX :<IRI> SELECT * { ?s ?p a:SERVICE:x\\# {}}",
    "PREFIX a:<http:\\u002F\\u002Fh:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http:\\u+02F\\u+02Fh:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<a:> PREFIX \ufff0:<IRI> SELECT * { ?s ?p a:SERVICE\ufff0:x {}}",
    # behind a comparison that looks like an IRI
    "SELECT * { BIND(?a<?b&&'>'!=?c AS ?x) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(?a<?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(?a<?b#>'''\n) CALL #'''\n}",
    "SELECT * { FILTER(?a<?b)SERVICE#>\n<IRI>{} }",
    "SELECT * { FILTER(?a<='>'&&?b) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(?a<<b:'c>||''='') CALL #'\n}",
    "SELECT * { FILTER(EXISTS{}<?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER((?a)<?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(<<(?s ?p ?o)>><?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT (?a<?b&&'>'!=?c AS ?x) { CALL BIND('' AS ?y)}",
    # in a long string that is two short ones
    'SELECT * { VALUES ?x { """x" } CALL }',
    'SELECT * { VALUES ?x { """x" } CALL #\\uD800"""\n}',
    "SELECT * { VALUES ?x { '''x' } CALL #\\z'''\n}",
    "SELECT * { VALUES ?x { '''x' } CALL #\\U00110000'''\n}",
]


def with_address(text: str, iri: str) -> str:
    return text.replace("CALL", "SERVICE SILENT <IRI> {}").replace("IRI", iri)


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
