"""The room at /sparql (level 3): SPARQL 1.1 Protocol, query operations, and the service description.

Decode, guard, negotiate, run: each in its own module of `kg.sparql`; this one only joins them to HTTP.
"""

import asyncio
import csv
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import StringIO
from typing import Final

import pyoxigraph as ox

from kg.formats import HTML, OFFERED, RESULTS_CSV, RESULTS_JSON, Family, Format
from kg.namespaces import BASE, LIMITS, PREFIXES, SD, VOID
from kg.settings import Settings
from kg.sparql.booleans import with_small_booleans
from kg.sparql.decoding import decode_pairs
from kg.sparql.description import Graphs, describe_service
from kg.sparql.guard import inspect
from kg.sparql.negotiation import by_name, negotiate
from kg.sparql.protocol import METHODS, ProtocolQuery, read_format_name, read_query
from kg.store.base import QueryRequest, Store
from kg.web.answers import answer_request, collect
from kg.web.exchange import Answer, Exchange
from kg.web.pages import read_query_text

SHORT_BYTES: Final = 8 * 1024  # of a request, which are read within 4 ms; a hundred at once hold nobody up for long


class SparqlRoom:
    """Answers queries over HTTP, everybody's on the general lane."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._graphs_query = read_query_text("graphs")
        self._graphs: dict[str, Graphs] = {}  # of the version that was described last
        self._reader = ThreadPoolExecutor(1, "reader")  # the interpreter runs one thread at a time; more are no faster

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
        read = await self._read(exchange, body)
        if read is None:
            await self._describe(exchange)
        else:
            await self._answer(exchange, *read)

    async def _read(self, exchange: Exchange, body: bytes) -> tuple[ProtocolQuery, Family | None] | None:
        """The query of a request, with the family that its form asks for; None if there is no query.

        A long query is read beside the event loop, so that others are answered meanwhile: 1 MiB takes half a second.
        """
        asked = (exchange.method, exchange.query_string, exchange.header("content-type"), body, self._settings)
        if len(body) + len(exchange.query_string) <= SHORT_BYTES:
            return _read_and_inspect(*asked)
        return await asyncio.get_running_loop().run_in_executor(self._reader, _read_and_inspect, *asked)

    async def _answer(self, exchange: Exchange, query: ProtocolQuery, family: Family | None) -> None:
        limits = self._settings
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
        offered = (*OFFERED[Family.GRAPH], HTML)
        name = read_format_name(decode_pairs(exchange.query_string))
        chosen = by_name(name, offered) if name else negotiate(exchange.header("accept"), offered)
        base = self._settings.public_url
        if chosen is HTML:
            await exchange.answer(Answer(303, headers=(("Location", f"{base}/query"),)))
            return
        triples = describe_service(f"{base}/sparql", self._settings, await self._count_graphs(exchange))
        body = write_triples(triples, chosen)
        await exchange.answer(Answer(200, chosen.content_type, body, cacheable=True))

    async def _count_graphs(self, exchange: Exchange) -> Graphs:
        """The graphs of the current version with their triples, counted once for each version."""
        version = self._store.version
        if version not in self._graphs:
            request = QueryRequest(self._graphs_query, RESULTS_CSV, BASE, self._settings.max_timeout_s)
            table = (await collect(exchange, self._store, request)).decode()
            rows = csv.DictReader(StringIO(table, newline=""))
            counts = {row["graph"]: int(row["triples"]) for row in rows}
            default = counts.pop("", 0)
            self._graphs = {version: Graphs(default, counts)}
        return self._graphs[version]


def _read_and_inspect(
    method: str, query_string: bytes, content_type: str | None, body: bytes, settings: Settings
) -> tuple[ProtocolQuery, Family | None] | None:
    query = read_query(method, query_string, content_type, body, settings)
    if query is None:
        return None
    family = inspect(
        query.text,
        max_nesting=settings.max_nesting,
        max_operators=settings.max_operators,
        allows_service=bool(settings.service_allow),  # whom it asks is checked where it is asked
    )
    return replace(query, text=with_small_booleans(query.text)), family


def _format(family: Family | None, name: str | None, accept: str | None) -> Format:
    """The format of the answer: `format=` decides, else Accept, among those of the query's form.

    A text without a form is no query, and the engine's syntax error matters more than how an answer would look.
    """
    if family is None:
        return RESULTS_JSON
    return by_name(name, OFFERED[family]) if name else negotiate(accept, OFFERED[family])


def write_triples(triples: Iterable[ox.Triple], chosen: Format) -> bytes:
    """`triples` in a graph format, with the prefixes of the house and those of descriptions."""
    engine_format = ox.RdfFormat.from_media_type(chosen.media_type)
    if engine_format is None:
        raise ValueError(f"the engine does not write {chosen.media_type}")
    prefixes = {**PREFIXES, "sd": SD, "void": VOID, "limits": LIMITS}
    written = ox.serialize(triples, format=engine_format, prefixes=prefixes)
    return written or b""
