"""The room at /sparql (level 3): SPARQL 1.1 Protocol, query operations, and the service description.

Decode, guard, negotiate, run: each in its own module of `kg.sparql`; this one only joins them to HTTP.
"""

from collections.abc import Iterable

import pyoxigraph as ox

from kg.formats import HTML, OFFERED, RESULTS_JSON, Family, Format
from kg.namespaces import PREFIXES, SHAPES_GRAPH
from kg.settings import Settings
from kg.sparql.description import describe_service
from kg.sparql.guard import inspect
from kg.sparql.negotiation import by_name, negotiate
from kg.sparql.protocol import ProtocolQuery, read_query
from kg.store.base import QueryRequest, Store
from kg.web.answers import answer_request
from kg.web.exchange import Answer, Exchange

METHODS = ("GET", "HEAD", "POST", "OPTIONS")


class SparqlRoom:
    """Answers queries over HTTP, everybody's on the general lane."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request of the protocol.

        Raises:
            KgError: it is refused, or the store cannot answer it.
        """
        exchange.require_method("GET", "POST", "OPTIONS")
        if exchange.method == "OPTIONS":
            await exchange.answer(Answer(204, headers=(("Allow", ", ".join(METHODS)),)))
            return
        body = await exchange.read_body() if exchange.method == "POST" else b""
        content_type = exchange.header("content-type")
        query = read_query(exchange.method, exchange.query_string, content_type, body, self._settings)
        if query is None:
            await self._describe(exchange)
        else:
            await self._answer(exchange, query)

    async def _answer(self, exchange: Exchange, query: ProtocolQuery) -> None:
        limits = self._settings
        family = inspect(query.text, max_nesting=limits.max_nesting, max_operators=limits.max_operators)
        request = QueryRequest(
            text=query.text,
            format=_format(family, query.format_name, exchange.header("accept")),
            base_iri=f"{limits.public_url}/sparql",
            timeout_s=query.timeout_s,
            default_graphs=query.default_graphs,
            named_graphs=query.named_graphs,
        )
        await answer_request(exchange, self._store, request, limits.buffer_bytes)

    async def _describe(self, exchange: Exchange) -> None:
        """The service description; a browser is shown the page with a form instead (design.md, section 6)."""
        chosen = negotiate(exchange.header("accept"), (*OFFERED[Family.GRAPH], HTML))
        base = self._settings.public_url
        if chosen is HTML:
            await exchange.answer(Answer(303, headers=(("Location", f"{base}/query"),)))
            return
        triples = describe_service(f"{base}/sparql", self._settings, (SHAPES_GRAPH,))
        body = write_triples(triples, chosen)
        await exchange.answer(Answer(200, chosen.content_type, body, cacheable=True))


def _format(family: Family | None, name: str | None, accept: str | None) -> Format:
    """The format of the answer: `format=` decides, else Accept, among those of the query's form.

    A text without a form is no query, and the engine's syntax error matters more than how an answer would look.
    """
    if family is None:
        return RESULTS_JSON
    return by_name(name, OFFERED[family]) if name else negotiate(accept, OFFERED[family])


def write_triples(triples: Iterable[ox.Triple], chosen: Format) -> bytes:
    """`triples` in a graph format; the names of `kg.namespaces` are the prefixes."""
    engine_format = ox.RdfFormat.from_media_type(chosen.media_type)
    if engine_format is None:
        raise ValueError(f"the engine does not write {chosen.media_type}")
    written = ox.serialize(triples, format=engine_format, prefixes=dict(PREFIXES))
    return written or b""
