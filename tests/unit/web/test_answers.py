"""A stream that stops before its end is whole to no parser, wherever the store's bytes were cut."""

import asyncio
import gzip
import zlib
from collections.abc import Sequence

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from kg.formats import N_QUADS, N_TRIPLES, TRIG, TURTLE, Format
from kg.store.base import Outcome
from kg.web.answers import BufferedSink
from kg.web.exchange import Exchange

TERMS: list[ox.NamedNode | ox.Literal] = [
    ox.NamedNode("urn:o"),
    ox.Literal("text."),
    ox.Literal(" .\n"),
    ox.Literal(2.5),
    ox.Literal("...", language="en"),
]
STATEMENTS = [
    ox.Triple(ox.NamedNode(f"urn:s{number % 3}"), ox.NamedNode("urn:p"), term) for number, term in enumerate(TERMS)
]
BY_LINES = [TURTLE, N_TRIPLES, TRIG, N_QUADS]


def written(chosen: Format) -> bytes:
    engine_format = ox.RdfFormat.from_media_type(chosen.media_type)
    assert engine_format is not None
    return ox.serialize(STATEMENTS, format=engine_format, prefixes={"u": "urn:"}) or b""


def sent(content: bytes, cuts: Sequence[int], *, coding: str = "identity", ends: bool = True) -> bytes:
    """The body that a client gets of a stream whose bytes come in pieces."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def stream() -> None:
        scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", coding.encode())]}
        sink = BufferedSink(Exchange(scope, receive, send), "text/turtle", 1)
        for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
            if content[start:end]:
                await sink.write(content[start:end])
        if ends:
            await sink.finish(Outcome("version", 0.0))

    asyncio.run(stream())
    bodies = [message for message in messages if message["type"] == "http.response.body"]
    assert all(body["more_body"] for body in bodies[: len(bodies) - ends])
    return b"".join(body["body"] for body in bodies)


@pytest.mark.parametrize("chosen", BY_LINES, ids=lambda chosen: chosen.name)
def test_wherever_a_stream_stops_no_parser_finds_it_whole(chosen: Format) -> None:
    content = written(chosen)
    engine_format = ox.RdfFormat.from_media_type(chosen.media_type)

    for length in range(2, len(content) + 1):
        stopped = sent(content[:length], [], ends=False)
        assert content.startswith(stopped)
        assert len(stopped) >= length - 10
        with pytest.raises(SyntaxError):
            list(ox.parse(stopped, engine_format))


@given(
    st.lists(st.integers(1, len(written(TURTLE)) - 1), max_size=6).map(sorted), st.sampled_from(["identity", "gzip"])
)
def test_a_stream_that_ends_has_every_byte(cuts: list[int], coding: str) -> None:
    body = sent(written(TURTLE), cuts, coding=coding)

    assert (gzip.decompress(body) if coding == "gzip" else body) == written(TURTLE)


def test_dots_without_end_are_not_held_back_without_end() -> None:
    stopped = sent(b'<urn:a> <urn:b> "' + b"." * 1_000_000, list(range(50_000, 1_000_000, 50_000)), ends=False)

    assert len(stopped) > 900_000


def test_a_compressed_stream_that_stops_is_no_gzip() -> None:
    content = b"<urn:a> <urn:b> <urn:c> .\n" * 10_000

    stopped = sent(content, [100_000], coding="gzip", ends=False)

    decoder = zlib.decompressobj(31)
    assert len(decoder.decompress(stopped)) > 100_000
    assert not decoder.eof
