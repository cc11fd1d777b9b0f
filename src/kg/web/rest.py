"""The REST routes (level 3): each stored query of the catalogue over HTTP, and `/api`, the list of them.

Everything about values, binding, objects and descriptions is in `kg.rest`; this module only joins it to HTTP.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kg.errors import NotFound, ParameterError
from kg.formats import CSV, JSON, RESULTS_JSON, Format
from kg.rest.binding import Term, bind
from kg.rest.description import catalogue_entry, operation_parameters, responses
from kg.rest.existence import is_true, questions
from kg.rest.front_matter import ParameterType
from kg.rest.objects import Json, read_objects
from kg.rest.options import AFTER, Options, page_of, read_options
from kg.rest.parameters import Pairs, read_values
from kg.rest.stored_query import PREFIX, StoredQuery
from kg.settings import Settings
from kg.sparql.decoding import decode_pairs, decode_segment
from kg.sparql.negotiation import by_name, negotiate
from kg.store.base import Lane, Outcome, QueryRequest, Store
from kg.web.answers import MAX_PAGE_BYTES, BoundedSink, answer_request, while_client_stays
from kg.web.exchange import Answer, Exchange, Headers
from kg.web.links import Links, name_of_path

OFFERED: Final = (JSON, CSV)

Handler = Callable[[Exchange], Awaitable[None]]


def add_routes(app: FastAPI, catalogue: Sequence[StoredQuery], store: Store, settings: Settings) -> None:
    """Add `/api` and one route for each stored query to `app`, with their descriptions in its OpenAPI document."""
    _add_route(app, "/openapi.json", _openapi(app), {"include_in_schema": False})
    _add_route(app, PREFIX, _index(catalogue, settings), {
        "operation_id": "listRoutes", "summary": "The routes of this interface, each with an example",
        "responses": {200: {"description": "The routes", "content": {JSON.media_type: {"schema": {"type": "object"}}}}},
    })  # fmt: skip
    for stored in catalogue:
        room = StoredQueryRoom(stored, store, settings)
        _add_route(app, stored.route, room, {
            "operation_id": stored.name, "summary": stored.summary, "description": stored.description,
            "responses": {int(status): response for status, response in responses(stored).items()},
            "openapi_extra": {"parameters": operation_parameters(stored)},
        })  # fmt: skip


class StoredQueryRoom:
    """Answers the route of one stored query, on the reserved lane."""

    def __init__(self, stored: StoredQuery, store: Store, settings: Settings) -> None:
        self._stored = stored
        self._store = store
        self._settings = settings
        self._links = Links(settings.public_url)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request.

        Raises:
            ParameterError: a value is not acceptable, or a parameter is not known here.
            NotFound: the path names what the dataset does not know, or nothing is known for a route of one object.
            KgError: what the store raises.
        """
        pairs = decode_pairs(exchange.query_string)
        options = read_options(self._stored, pairs)
        values = read_values(self._stored, self._in_path(exchange), pairs)
        name = options.format_name
        chosen = negotiate(exchange.header("accept"), OFFERED) if name is None else by_name(name, OFFERED)
        text = bind(self._stored, values, with_sources=options.with_sources)
        if chosen is CSV:
            await self._answer_csv(exchange, text, values)
        else:
            await self._answer_json(exchange, text, values, options, pairs)

    def _in_path(self, exchange: Exchange) -> dict[str, str]:
        """The decoded parameters of the path; a name is read as in the addresses of documents, so that both agree."""
        raw: dict[str, str] = exchange.scope["path_params"]
        return {
            parameter.name: name_of_path(raw[parameter.name])
            if parameter.type is ParameterType.ENTITY
            else decode_segment(raw[parameter.name].encode("latin-1"))
            for parameter in self._stored.parameters
            if parameter.is_in_path
        }

    async def _answer_csv(self, exchange: Exchange, text: str, values: Mapping[str, Term]) -> None:
        """The whole solution sequence as the engine writes it; a list is never cut."""
        await self._require_known(exchange, values)
        if self._stored.one:
            answer, _ = await self._collect(exchange, text)
            if not json.loads(answer)["results"]["bindings"]:
                raise self._nothing()
        request = self._request(text, CSV)
        await answer_request(exchange, self._store, request, self._settings.buffer_bytes, Lane.RESERVED)

    async def _answer_json(
        self, exchange: Exchange, text: str, values: Mapping[str, Term], options: Options, pairs: Pairs
    ) -> None:
        """One object, or a page of the list with a link to the next."""
        answer, outcome = await self._collect(exchange, text)
        objects = read_objects(self._stored, answer, self._links.href, with_sources=options.with_sources)
        if not objects:
            await self._require_known(exchange, values)
        if self._stored.one:
            if not objects:
                raise self._nothing()
            await _answer(exchange, objects[0].content, (("KG-Version", outcome.version),))
            return
        page = page_of(objects, options)
        next_url = None if page.next_after is None else self._next_url(exchange, pairs, page.next_after)
        link: Headers = () if next_url is None else (("Link", f'<{next_url}>; rel="next"'),)
        content: Json = {"items": [item.content for item in page.items], "total": page.total, "next": next_url}
        await _answer(exchange, content, (("KG-Version", outcome.version), *link))

    async def _require_known(self, exchange: Exchange, values: Mapping[str, Term]) -> None:
        """Let a request pass that names only what the dataset knows: a misspelt name gets no empty list.

        Raises:
            NotFound: the path names something else.
            ParameterError: the query string does.
        """
        for parameter, question in questions(self._stored, values):
            answer, _ = await self._collect(exchange, question)
            if not is_true(answer):
                reason = f"the dataset has no {parameter.declared.class_name or 'entity'} {values[parameter.name]}"
                raise NotFound(reason) if parameter.is_in_path else ParameterError(parameter.name, reason)

    def _nothing(self) -> NotFound:
        return NotFound(f"{self._stored.route}: nothing is known of what this path names")

    def _next_url(self, exchange: Exchange, pairs: Pairs, after: str) -> str:
        kept = [(name, value) for name, value in pairs if name != AFTER]
        return f"{self._settings.public_url}{exchange.path}?{urlencode([*kept, (AFTER, after)])}"

    async def _collect(self, exchange: Exchange, text: str) -> tuple[bytes, Outcome]:
        """The whole answer in SPARQL JSON.

        Raises:
            ResultTooLarge: it is longer than what objects are made of here; CSV has no such limit.
        """
        sink = BoundedSink(MAX_PAGE_BYTES)
        run = self._store.run(self._request(text, RESULTS_JSON), sink, Lane.RESERVED)
        outcome = await while_client_stays(exchange.receive, run)
        return bytes(sink.held), outcome

    def _request(self, text: str, chosen: Format) -> QueryRequest:
        return QueryRequest(text, chosen, f"{self._settings.public_url}/", self._settings.timeout_s)


def _index(catalogue: Sequence[StoredQuery], settings: Settings) -> Handler:
    """The handler of `/api`."""
    content: Json = {"routes": [catalogue_entry(stored, settings.public_url) for stored in catalogue]}

    async def answer_index(exchange: Exchange) -> None:
        await _answer(exchange, content, ())

    return answer_index


def _openapi(app: FastAPI) -> Handler:
    """The handler of `/openapi.json`: the framework's document, with entity tag and coding as all that we send."""

    async def answer_document(exchange: Exchange) -> None:
        await _answer(exchange, app.openapi(), ())

    return answer_document


async def _answer(exchange: Exchange, content: Json, headers: Headers) -> None:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    await exchange.answer(Answer(200, JSON.content_type, body, headers, cacheable=True))


def _add_route(app: FastAPI, path: str, handler: Handler, described: dict[str, Any]) -> None:
    """Let `handler` answer GET at `path`; the outermost room makes HEAD of it."""

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - the framework wants one; the answer is the room
        return _RoomResponse(handler)

    app.add_api_route(path, endpoint, methods=["GET"], response_class=Response, response_model=None, **described)


class _RoomResponse(Response):
    """A response that a room of ours sends itself, so that it may stream and break off."""

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._handler(Exchange(scope, receive, send))
