"""`kg serve` (level 3): the store first, then the socket, then HTTP; and everything ended in the opposite order.

The template process is started before any socket opens, so that no executor can hold a connection of the front open: a
broken answer would never break. uvicorn binds by itself only after the lifespan's start, but then nobody knows the port
of `--port 0` when the links are made; so the order is written out here.
"""

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
import uvloop

from kg.errors import KgError, StoreUnavailable
from kg.files import find_dataset
from kg.rest.catalogue import load_catalogue
from kg.settings import Settings
from kg.store.base import Store
from kg.store.executors import ExecutorStore
from kg.web.app import address_of, create_app, store_of, with_public_url
from kg.web.connection import connection_class
from kg.web.log import say, set_up_log

FINE: Final = 0
FAILURE: Final = 3
BACKLOG: Final = 2048
OTHER_DESCRIPTORS: Final = 256  # executors have two each, and connections that are being refused one
STOPPING_S: Final = 3  # what an answer may still take when the server stops; then it is refused


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code: 0, or 3 with a message on standard error."""
    set_up_log(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except KgError as error:
        say(str(error))
        return FAILURE
    return FINE


async def _serve(settings: Settings) -> None:
    """Start the store, listen, serve, and stop the store; a signal ends it at any time.

    Raises:
        StoreUnavailable: the store cannot be started, or the address is taken.
        SourceError: the dataset is wrong.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    dataset = find_dataset(settings.dataset)
    store = store_of(settings, dataset, load_catalogue(dataset))
    if not await _start(store, stop):
        return
    try:
        _allow_descriptors(settings.max_connections)
        with _listen(settings) as listener:
            port = listener.getsockname()[1]
            settings = with_public_url(settings, port)
            server = _Server(_config(settings, store), address_of(settings.host, port), stop)
            await server.serve(sockets=[listener])
    finally:
        await store.stop()


async def _start(store: Store, stop: asyncio.Event) -> bool:
    """Start `store`; False if `stop` was set before it was ready, and nothing of it is left.

    Raises:
        StoreUnavailable: it cannot be started.
    """
    starting, stopping = asyncio.create_task(store.start()), asyncio.create_task(stop.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        await starting
        return True
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return False


def _config(settings: Settings, store: ExecutorStore) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings, store),
        http=connection_class(settings, lambda: store.version),
        loop="none",  # the runner has made it
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # public links come from the settings, never from a header
        timeout_graceful_shutdown=STOPPING_S,
        backlog=BACKLOG,
    )


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it serves and stops when `stop` is set."""

    def __init__(self, config: uvicorn.Config, address: str, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._address = address
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us: uvicorn raises them again at its end, before the store could be stopped."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say so."""
        await super().startup(sockets)
        say(f"serving at {self._address}/")

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now; asked ten times a second."""
        return await super().on_tick(counter) or self._stop.is_set()


def _allow_descriptors(max_connections: int) -> None:
    """Raise the soft limit of descriptors, as far as the system lets us, so that each connection can have one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max_connections + OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def _listen(settings: Settings) -> socket.socket:
    """A listening socket on the address of the settings.

    Raises:
        StoreUnavailable: it is taken, or none of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise StoreUnavailable(place, f"cannot listen: {error.strerror}; choose another --port or --host") from error
