"""The outermost ASGI room (level 3): what holds for every request and every response, also for errors.

It matches the raw path, names the request, bounds target and body, answers HEAD as GET without a body, allows every
origin to read, says which version of the data answered, and turns each error into problem+json (RFC 9457).

A proxy that serves us under a path prefix strips it: requests arrive here without the prefix of KG_PUBLIC_URL, and
every public link carries it.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.errors import KgError, TargetTooLong
from kg.rest.stored_query import PREFIX
from kg.settings import Settings
from kg.web.bodies import Body, HeldBodies
from kg.web.compression import require_coding
from kg.web.exchange import Answer, BrokenAnswer, ClientLeft, Exchange
from kg.web.problems import RETRY_AFTER_S, Problem, problem_of, problem_of_status

# The key in the ASGI scope's extensions under which the connection says that it did not keep the whole target.
TARGET_CUT: Final = "kg.target_cut"

_WELL_FORMED_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_EXPOSED: Final = (
    "Allow, ETag, KG-Rows, KG-Version, Link, Location, Repr-Digest, Retry-After, Server-Timing, Unencoded-Digest, "
    "X-Request-Id"
)
_PREFLIGHT: Final = (
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"),
    # A star does not cover Authorization, and older clients do not know it (Fetch standard, section 3.3.4).
    ("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, If-None-Match, X-Request-Id, *"),
    ("Access-Control-Max-Age", "86400"),
)
_COMMON: Final[Mapping[bytes, bytes]] = MappingProxyType(
    {
        b"access-control-allow-origin": b"*",
        b"access-control-expose-headers": _EXPOSED.encode(),
        b"vary": b"Accept, Accept-Encoding",
        b"x-content-type-options": b"nosniff",
    }
)

log = structlog.get_logger()


class Room:
    """The outermost ASGI application, around `inner`; `version` names the data that answer now."""

    def __init__(self, inner: ASGIApp, settings: Settings, version: Callable[[], str]) -> None:
        self._inner = inner
        self._settings = settings
        self._version = version
        self._bodies = HeldBodies(settings.max_held_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scope go to `inner` as they are."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_id = _request_id(scope)
        reply = _Reply(send, common_headers(request_id, self._version()), without_body=scope["method"] == "HEAD")
        inside = _inner_scope(scope)
        body = Body(receive, scope, self._settings.max_body_bytes, self._bodies)
        exchange = Exchange(inside, body.receive, reply.send)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._serve(exchange, reply, request_id)
            finally:
                body.let_go()

    async def _serve(self, exchange: Exchange, reply: "_Reply", request_id: str) -> None:
        """Let `inner` answer; whatever it raises becomes a problem, or breaks an answer that has begun."""
        try:
            if _is_preflight(exchange):
                await exchange.answer(Answer(204, headers=_PREFLIGHT))
                return
            _check_target(exchange.scope, self._settings.max_target_bytes)
            require_coding(exchange.header("accept-encoding"))
            await self._inner(exchange.scope, exchange.receive, exchange.send)
        except ClientLeft:
            log.debug("client left", path=exchange.path)
        except asyncio.CancelledError as error:
            detail = "the server is stopping; the answer is not known"
            problem = problem_of_status(503, detail, (("Retry-After", str(RETRY_AFTER_S)),))
            await self._refuse(exchange, reply, problem, request_id, error)
            raise
        except Exception as error:  # noqa: BLE001 - the one broad handler, at the outer door (style.md, section 7)
            # Clients of REST know 422 for a parameter; the SPARQL Protocol wants 400.
            problem = problem_of(error, parameter_status=422 if exchange.path.startswith(f"{PREFIX}/") else 400)
            await self._refuse(exchange, reply, problem, request_id, error)

    async def _refuse(
        self, exchange: Exchange, reply: "_Reply", problem: Problem, request_id: str, error: BaseException
    ) -> None:
        """Answer with `problem`, or break the answer that has begun; the log has what is not the client's fault."""
        if reply.is_complete:
            if not reply.is_headers_only:
                log.error("failed after the answer", path=exchange.path, exc_info=error)
            return
        if problem.status >= 500 or reply.is_started:
            _log_failure(exchange.path, problem, error)
        if reply.is_started:
            raise BrokenAnswer(problem.detail) from error
        await exchange.answer(problem.answer(request_id))


def _log_failure(path: str, problem: Problem, error: BaseException) -> None:
    """Say once what is behind a status of 5xx or a broken answer; of what nobody expected with its traceback.

    What is the query's fault may quote it, and stays out of the log.
    """
    reason = str(error) if problem.status >= 500 else ""
    facts = {"path": path, "status": problem.status, "reason": reason or problem.title}
    if isinstance(error, KgError | asyncio.CancelledError):
        log.warning("request failed", **facts)
    else:
        log.error("request failed", **facts, exc_info=error)


class _Reply:
    """Adds the headers that every response has; for HEAD it ends the response before its body."""

    def __init__(self, send: Send, common: Mapping[bytes, bytes], *, without_body: bool) -> None:
        self._send = send
        self._common = common
        self.is_headers_only = without_body
        self._begun = time.perf_counter()
        self.is_started = False
        self.is_complete = False

    async def send(self, message: Message) -> None:
        """Pass an ASGI message on to the server.

        Raises:
            ClientLeft: the answer to a HEAD request is out, and its sender still produces a body.
        """
        if message["type"] == "http.response.start":
            self.is_started = True
            given = message.get("headers", [])
            names = {name.lower() for name, _ in given}
            added = [(name, value) for name, value in self._common.items() if name not in names]
            # W3C Server Timing, in milliseconds: from the head of the request until this status line.
            added.append((b"server-timing", b"total;dur=%.1f" % ((time.perf_counter() - self._begun) * 1000)))
            await self._send({**message, "headers": [*given, *added]})
            return
        more = message.get("more_body", False)
        if not self.is_headers_only:
            await self._send(message)
            self.is_complete = not more
            return
        if not self.is_complete:
            self.is_complete = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        if more:
            raise ClientLeft


def common_headers(request_id: str, version: str) -> dict[bytes, bytes]:
    """The headers of every response, unless it says something else itself."""
    return {**_COMMON, b"x-request-id": request_id.encode(), b"kg-version": version.encode()}


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _WELL_FORMED_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return uuid4().hex


def _inner_scope(scope: Scope) -> Scope:
    """The scope with the raw path as path, and GET for HEAD; the server's own stays as it is."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw is not None else quote(scope["path"])
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return {**scope, "path": path, "method": method}


def _is_preflight(exchange: Exchange) -> bool:
    """Whether a browser asks if it may ask (Fetch standard, section 3.3.2)."""
    return (
        exchange.method == "OPTIONS"
        and exchange.header("origin") is not None
        and exchange.header("access-control-request-method") is not None
    )


def _check_target(scope: Scope, max_bytes: int) -> None:
    query = scope["query_string"]
    length = len(scope["path"]) + len(query) + (1 if query else 0)
    if TARGET_CUT in scope.get("extensions", {}) or length > max_bytes:
        raise TargetTooLong(max_bytes)
