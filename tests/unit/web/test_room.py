"""The outermost room around applications that misbehave, in process."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from kg.settings import Settings
from kg.web.exchange import Answer, BrokenAnswer, Exchange
from kg.web.room import Room


def ask(inner: ASGIApp, method: str = "GET", body: Iterable[bytes] = (), max_body_bytes: int = 100) -> httpx.Response:
    """The response of a room around `inner` to one request, whose body comes in pieces."""
    room = Room(inner, Settings(max_body_bytes=max_body_bytes), lambda: "0123456789abcdef")

    async def asking() -> httpx.Response:
        transport = httpx.ASGITransport(room, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://room") as client:
            return await client.request(method, "/a%2Fb?c=%2B", content=pieces())

    async def pieces() -> AsyncIterator[bytes]:
        for piece in body:
            yield piece

    return asyncio.run(asking())


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("the secret of the failure")


async def begin_and_fail(scope: Scope, receive: Receive, send: Send) -> None:
    exchange = Exchange(scope, receive, send)
    await exchange.start(200, (("Content-Type", "text/plain"),))
    await exchange.send_body(b"begun", more=True)
    raise RuntimeError("too late for a status")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    exchange = Exchange(scope, receive, send)
    text = f"{exchange.method} {exchange.path} {exchange.query_string!r} {len(await exchange.read_body())}"
    await exchange.answer(Answer(200, "text/plain", text.encode(), cacheable=True))


def test_what_nobody_expected_is_a_problem_with_an_id_and_a_line_in_the_log() -> None:
    with structlog.testing.capture_logs() as log:
        response = ask(fail)

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "secret" not in response.text
    (line,) = log
    assert line["log_level"] == "error"
    assert isinstance(line["exc_info"], RuntimeError)


def test_a_failure_after_the_status_goes_through_to_the_server_which_cuts_the_connection() -> None:
    with structlog.testing.capture_logs(), pytest.raises(BrokenAnswer):
        ask(begin_and_fail)


def test_the_path_is_raw_and_head_reads_get() -> None:
    assert ask(echo).text == "GET /a%2Fb b'c=%2B' 0"
    by_head = ask(echo, "HEAD")
    assert by_head.content == b""
    assert by_head.headers["etag"] == ask(echo).headers["etag"]


@pytest.mark.parametrize("body", [[b"x" * 11], [b"x"] * 11])
def test_a_body_that_passes_the_limit_is_refused(body: list[bytes]) -> None:
    assert ask(echo, "POST", body, max_body_bytes=10).status_code == 413


def test_a_body_of_the_longest_length_is_read() -> None:
    assert ask(echo, "POST", [b"x"] * 10, max_body_bytes=10).text.endswith(" 10")
