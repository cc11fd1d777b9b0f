import asyncio
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import (
    KgError,
    NotAcceptable,
    NotFound,
    ParameterError,
    QueryEvaluationError,
    QueryOutOfMemory,
    QuerySyntaxError,
)
from kg.formats import HTML, OFFERED, RESULTS_JSON
from kg.store.base import DumpRequest, QueryRequest
from kg.store.frames import (
    End,
    Fail,
    Frame,
    FrameError,
    Kind,
    decode_end,
    decode_fail,
    decode_request,
    encode,
    encode_end,
    encode_fail,
    encode_request,
    read_frame,
    read_frame_blocking,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FORMATS = st.sampled_from([offered for family in OFFERED.values() for offered in family])
FRAMES = st.lists(st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=300)))
NAMES = st.none() | st.lists(TEXT).map(tuple)
SECONDS = st.floats(min_value=0, allow_infinity=False)
REQUESTS = st.builds(QueryRequest, TEXT, FORMATS, TEXT, SECONDS, NAMES, NAMES) | st.builds(
    DumpRequest, FORMATS, SECONDS, st.none() | TEXT
)


class Pieces(io.RawIOBase):
    """A stream that gives its bytes in pieces of the given lengths, as a socket may."""

    def __init__(self, content: bytes, lengths: list[int]) -> None:
        self._content = content
        self._lengths = iter(lengths)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        """Give the next piece."""
        piece = self._content[: min(len(buffer), next(self._lengths, len(buffer)))]
        self._content = self._content[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def pieces(content: bytes, lengths: list[int]) -> Iterator[bytes]:
    for length in lengths:
        yield content[:length]
        content = content[length:]
    yield content


async def read_all(content: bytes, lengths: list[int]) -> list[Frame]:
    reader = asyncio.StreamReader()

    async def send() -> None:
        for piece in pieces(content, lengths):
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()

    async with asyncio.TaskGroup() as group:
        group.create_task(send())
        frames = []
        while (frame := await read_frame(reader)) is not None:
            frames.append(frame)
    return frames


def read_all_blocking(content: bytes, lengths: list[int]) -> list[Frame]:
    file = io.BufferedReader(Pieces(content, lengths))
    return list(iter(lambda: read_frame_blocking(file), None))


@given(frames=FRAMES, lengths=st.lists(st.integers(min_value=1, max_value=100)))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(frames: list[Frame], lengths: list[int]) -> None:
    content = b"".join(encode(frame.kind, frame.payload) for frame in frames)

    assert asyncio.run(read_all(content, lengths)) == frames
    assert read_all_blocking(content, lengths) == frames


@given(frame=st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=50)), data=st.data())
def test_a_stream_that_ends_within_a_frame_is_an_error_and_not_an_end(frame: Frame, data: st.DataObject) -> None:
    content = encode(frame.kind, frame.payload)
    cut = content[: data.draw(st.integers(min_value=1, max_value=len(content) - 1))]

    with pytest.raises(FrameError):
        asyncio.run(read_frame_of(cut))
    with pytest.raises(FrameError):
        read_all_blocking(cut, [])


async def read_frame_of(content: bytes) -> Frame | None:
    reader = asyncio.StreamReader()
    reader.feed_data(content)
    reader.feed_eof()
    return await read_frame(reader)


def test_bytes_that_are_no_frame_are_an_error() -> None:
    with pytest.raises(FrameError, match="kind of frame 72"):
        read_all_blocking(b"HTTP/1.1 200 OK", [])


@given(request=REQUESTS)
def test_a_request_arrives_as_it_was_sent(request: QueryRequest | DumpRequest) -> None:
    frame = asyncio.run(read_frame_of(encode_request(request)))

    assert frame is not None
    assert frame.kind is Kind.REQUEST
    assert decode_request(frame.payload) == request


def test_a_format_that_no_query_is_answered_in_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(NotAcceptable) as caught:
        encode_request(QueryRequest("ASK {}", HTML, "https://example.org/", 1.0))

    assert RESULTS_JSON.media_type in caught.value.offered


@given(end=st.builds(End, SECONDS, st.none() | st.integers(min_value=0), st.booleans()))
def test_an_end_arrives_as_it_was_sent(end: End) -> None:
    frame = asyncio.run(read_frame_of(encode_end(end)))

    assert frame is not None
    assert frame.kind is Kind.END
    assert decode_end(frame.payload) == end


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        NotAcceptable("text/turtle", ("text/csv", "application/json")),
        NotFound("there is no graph <urn:x>"),
        ParameterError("default-graph-uri", "is not absolute"),
        QueryEvaluationError("no function “f”"),
        QueryOutOfMemory(512),
        QuerySyntaxError("line 2, column 3: unexpected", 2, 3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_with_its_class_its_message_and_its_facts(error: KgError, is_last: bool) -> None:
    frame = asyncio.run(read_frame_of(encode_fail(Fail(error, is_last))))

    assert frame is not None
    assert frame.kind is Kind.FAIL
    arrived = decode_fail(frame.payload)
    assert type(arrived.error) is type(error)
    assert str(arrived.error) == str(error)
    assert vars(arrived.error) == vars(error)
    assert arrived.is_last is is_last
