"""Bodies: one is bounded, all that are held are, and beginnings are free."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message

from kg.errors import BodyTooLarge, MalformedRequest, ServerFull
from kg.web.bodies import FREE_BYTES, Body, HeldBodies


def body_of(parts: Iterable[bytes], bodies: HeldBodies, length: bytes | None = None, max_bytes: int = 1 << 20) -> Body:
    """A body that arrives in `parts`."""
    messages = iter([{"type": "http.request", "body": part, "more_body": True} for part in parts])

    async def receive() -> Message:
        return next(messages)

    headers = [] if length is None else [(b"content-length", length)]
    return Body(receive, {"type": "http", "headers": headers}, max_bytes, bodies)


def test_the_beginning_of_a_body_is_free_and_the_rest_is_counted_until_it_is_let_go() -> None:
    async def scenario() -> None:
        bodies = HeldBodies(100)
        body = body_of([b"x" * FREE_BYTES, b"y" * 60, b"z" * 40], bodies)

        counts = []
        for _ in range(3):
            await body.receive()
            counts.append(bodies.held_bytes)
        body.let_go()

        assert counts == [0, 60, 100]
        assert bodies.held_bytes == 0

    asyncio.run(scenario())


def test_when_too_much_is_held_a_further_body_is_refused_and_what_it_holds_stays_counted_until_then() -> None:
    async def scenario() -> None:
        bodies = HeldBodies(100)
        first = body_of([b"x" * (FREE_BYTES + 80)], bodies)
        second = body_of([b"x" * (FREE_BYTES + 20), b"x"], bodies)
        await first.receive()
        await second.receive()

        with pytest.raises(ServerFull) as caught:
            await second.receive()

        assert caught.value.retry_after_s >= 1
        assert bodies.held_bytes == 100
        second.let_go()
        assert bodies.held_bytes == 80

    asyncio.run(scenario())


@pytest.mark.parametrize("length", [b"9", None])
def test_a_body_that_is_or_will_be_too_long_is_refused(length: bytes | None) -> None:
    async def scenario() -> None:
        with pytest.raises(BodyTooLarge):
            await body_of([b"123456789"], HeldBodies(100), length, max_bytes=8).receive()

    asyncio.run(scenario())


def test_a_length_that_is_no_number_is_refused() -> None:
    async def scenario() -> None:
        with pytest.raises(MalformedRequest):
            await body_of([b""], HeldBodies(100), b"+9").receive()

    asyncio.run(scenario())
