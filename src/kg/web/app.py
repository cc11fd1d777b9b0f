"""The whole web application (level 3): our rooms by raw path, FastAPI for the rest, the outermost room around both."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kg.errors import MethodNotAllowed, NotFound, StoreUnavailable
from kg.files import Dataset, find_dataset
from kg.namespaces import SPACES
from kg.rest.catalogue import load_catalogue
from kg.rest.description import schemas
from kg.rest.examples import example_quads
from kg.rest.stored_query import StoredQuery
from kg.settings import Settings
from kg.sparql.federation import FederatedStore
from kg.store.base import Store
from kg.store.executors import ExecutorStore
from kg.web.conformance import Conformance
from kg.web.documents import Documents
from kg.web.downloads import PATHS, Downloads
from kg.web.exchange import READING, Exchange
from kg.web.graph_store import GraphStoreRoom
from kg.web.health import Health
from kg.web.pages import Door, FrontRooms, Pages
from kg.web.rest import add_routes
from kg.web.room import Room
from kg.web.sparql import SparqlRoom

Handler = Callable[[Exchange], Awaitable[None]]

_OWN_PATHS: Final = Path(__file__).parent / "openapi.yaml"


def create_app(settings: Settings, store: Store | None = None) -> ASGIApp:
    """The ASGI application that serves the dataset of `settings`.

    A `store` that is given is started and stopped by its owner; without one the application has its own, from the
    lifespan's start to its end. Without a public address the links begin with the address that is listened on.

    Raises:
        SourceError: the dataset or one of its stored queries is wrong.
    """
    settings = with_public_url(settings, settings.port)
    dataset = find_dataset(settings.dataset)
    catalogue = load_catalogue(dataset)
    served = FederatedStore(store if store is not None else store_of(settings, dataset, catalogue), settings)
    inner = _Doors(_rooms(settings, catalogue, served), _rest(settings, catalogue, served))
    return _Lifespan(Room(inner, settings, lambda: served.version), None if store is not None else served)


def store_of(settings: Settings, dataset: Dataset, catalogue: Sequence[StoredQuery]) -> ExecutorStore:
    """The store of `dataset`, not yet started, with the stored queries as examples in a graph of their own."""
    endpoint = f"{settings.public_url}/sparql" if settings.public_url else None
    return ExecutorStore(settings, dataset, example_quads(catalogue, endpoint))


def with_public_url(settings: Settings, port: int) -> Settings:
    """`settings` in which `public_url` is never empty: as configured, else where we listen."""
    if settings.public_url:
        return settings
    return settings.model_copy(update={"public_url": address_of(settings.host, port)})


def address_of(host: str, port: int) -> str:
    """The http address, without a slash at its end, of a server that listens on `host` and `port`.

    An address that stands for all addresses of the machine is none that a link could have; the loopback's is.
    """
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _rooms(
    settings: Settings, catalogue: Sequence[StoredQuery], store: Store
) -> tuple[Mapping[str, Handler], Mapping[str, Handler]]:
    """The handlers of whole paths, and those of everything below a path."""
    pages = Pages(settings)
    lists = tuple(
        Door(pages.prefix + stored.route, stored.summary)
        for stored in catalogue
        if not any(parameter.is_in_path or parameter.is_required for parameter in stored.parameters)
    )
    front = FrontRooms(settings, store, pages, lists)
    documents = Documents(settings, store, pages, find_dataset(settings.dataset))
    health = Health(store)
    sparql = SparqlRoom(settings, store)
    graph_store = GraphStoreRoom(settings, store)
    downloads = Downloads(settings, store)
    exact: dict[str, Handler] = {
        "/": front.home,
        "/query": front.query,
        "/sparql": sparql,
        "/sparql/": sparql,  # both forms answer; a redirect would lose the body of a POST
        "/graph-store": graph_store.indirect,
        "/ont": documents.ontology,
        "/shapes": documents.shapes,
        "/resource": documents.resource,
        "/conformance": Conformance(pages),
        "/health/live": health.live,
        "/health/ready": health.ready,
        **dict.fromkeys(PATHS, downloads),
    }
    below: dict[str, Handler] = {f"/{space}/": documents.redirect for space in SPACES}
    below |= {"/doc/": documents.document, "/graph-store/": graph_store.direct}
    return exact, below


class _Doors:
    """Finds the room for a raw path; what is nobody's goes to FastAPI."""

    def __init__(self, rooms: tuple[Mapping[str, Handler], Mapping[str, Handler]], rest: ASGIApp) -> None:
        self._exact, self._below = rooms
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"])
        handler = self._exact.get(path)
        if handler is None and path.count("/") > 1:
            handler = self._below.get(path[: path.index("/", 1) + 1])
        if handler is None:
            await self._rest(scope, receive, send)
        else:
            await handler(Exchange(scope, receive, send))


class _Lifespan:
    """Starts and stops a store of ours with the server, by the lifespan protocol of ASGI."""

    def __init__(self, inner: ASGIApp, owned: Store | None) -> None:
        self._inner = inner
        self._owned = owned

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._inner(scope, receive, send)
            return
        await receive()
        try:
            if self._owned is not None:
                await self._owned.start()
        except StoreUnavailable as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._owned is not None:
            await self._owned.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _rest(settings: Settings, catalogue: Sequence[StoredQuery], store: Store) -> FastAPI:
    """The FastAPI application: REST routes and the OpenAPI document.

    Its own documentation pages load scripts from elsewhere and are off; a wrong slash is not found, since a redirect
    loses scheme and body behind a proxy.
    """
    app = FastAPI(
        title="Rapallo",
        summary="A sourced knowledge graph over SPARQL, REST and as linked data.",
        version=version("rapallo"),
        servers=[{"url": settings.public_url}],
        openapi_url=None,  # answered by a room of ours (rest.py)
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _on_http_exception, Exception: _leave_to_the_room},
    )
    add_routes(app, catalogue, store, settings)
    _add_own_paths(app)
    return app


def _add_own_paths(app: FastAPI) -> None:
    """Put the path items of our own rooms, written by hand, before the generated ones; and the schemas of both."""
    own: Mapping[str, Any] = yaml.safe_load(_OWN_PATHS.read_text(encoding="utf-8"))
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            document["paths"] = {**own["paths"], **document.get("paths", {})}
            document["components"] = {**own["components"], "schemas": {**own["components"]["schemas"], **schemas()}}
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend the document


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """The framework's own refusals, no route or none for the method, as errors of ours.

    Raises:
        NotFound, MethodNotAllowed: always.
    """
    if isinstance(error, HTTPException) and error.status_code == 404:
        raise NotFound(f"there is nothing at {request.scope['path']}")
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = error.headers["Allow"].split(", ") if error.headers else []
        raise MethodNotAllowed(request.method, tuple(dict.fromkeys((*allowed, *READING))))
    raise error


async def _leave_to_the_room(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the framework's form
    """Let an error through: the outermost room answers and logs all of them, so that each is seen once.

    Raises:
        Exception: `error`.
    """
    raise error
