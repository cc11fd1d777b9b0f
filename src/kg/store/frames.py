"""Frames on an executor's socket (level 1): how a request goes there and how its answer comes back.

A frame is a byte for its kind, four for the length of the payload (little endian), and the payload. One `request` is
answered by `head`, any number of `chunk`, and exactly one `end` or `fail`. Without an `end` an answer is not complete,
whatever has come before.
"""

import asyncio
import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO, Final

from kg.errors import (
    KgError,
    NotAcceptable,
    NotFound,
    ParameterError,
    QueryEvaluationError,
    QueryOutOfMemory,
    QuerySyntaxError,
)
from kg.formats import OFFERED, Format
from kg.store.base import DumpRequest, QueryRequest, Request

_HEADER: Final = struct.Struct("<BI")
CHUNK_BYTES: Final = 64 * 1024  # few wake-ups for a long answer, little memory for many answers

_FORMATS: Final = {offered.iri: offered for family in OFFERED.values() for offered in family}

# The errors that a `fail` carries, each with the facts that make it again, in the order of its parameters.
_FACTS: Final[dict[type[KgError], tuple[str, ...]]] = {
    NotAcceptable: ("asked", "offered"),
    NotFound: (),
    ParameterError: ("name", "reason"),
    QueryEvaluationError: (),
    QueryOutOfMemory: ("limit_mb",),
    QuerySyntaxError: ("reason", "line", "column"),
}
_FAILURES: Final = {kind.__name__: kind for kind in _FACTS}


class FrameError(Exception):
    """The bytes on the socket are not frames, or end within one."""


class Kind(IntEnum):
    """What a frame is."""

    REQUEST = 1
    HEAD = 2
    CHUNK = 3
    END = 4
    FAIL = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was read; what the payload means depends on the kind."""

    kind: Kind
    payload: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The answer is complete. `is_last` says that the executor leaves and takes no further request."""

    elapsed_s: float
    rows: int | None = None
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Fail:
    """There is no answer, or what came of it is none; `is_last` as for `End`."""

    error: KgError
    is_last: bool = False


def encode(kind: Kind, payload: bytes) -> bytes:
    """The bytes of a frame."""
    return _HEADER.pack(kind, len(payload)) + payload


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None at the end of the stream.

    Raises:
        FrameError: there is none, or it is cut.
        ConnectionError: the other side is gone, and bytes that it had not read with it.
    """
    try:
        header = await reader.readexactly(_HEADER.size)
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise _cut(error.partial) from error
    kind, length = _decode_header(header)
    try:
        return Frame(kind, await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        raise _cut(error.partial) from error


def read_frame_blocking(file: BinaryIO) -> Frame | None:
    """As `read_frame`, from the buffered file of a blocking socket."""
    header = file.read(_HEADER.size)
    if not header:
        return None
    if len(header) < _HEADER.size:
        raise _cut(header)
    kind, length = _decode_header(header)
    payload = file.read(length)
    if len(payload) < length:
        raise _cut(payload)
    return Frame(kind, payload)


def _cut(part: bytes) -> FrameError:
    return FrameError(f"the stream ends within a frame, after {len(part)} bytes of its header or payload")


def _decode_header(header: bytes) -> tuple[Kind, int]:
    kind, length = _HEADER.unpack(header)
    try:
        return Kind(kind), length
    except ValueError as error:
        raise FrameError(f"there is no kind of frame {kind}") from error


def encode_request(request: Request) -> bytes:
    """The frame of `request`; its time limit stays with the sender, who ends the executor.

    Raises:
        NotAcceptable: the format is not one of an answer to a query.
    """
    if request.format.iri not in _FORMATS:
        raise NotAcceptable(request.format.media_type, tuple(offered.media_type for offered in _FORMATS.values()))
    facts: dict[str, object] = {"format": request.format.iri, "timeout_s": request.timeout_s}
    if isinstance(request, QueryRequest):
        facts |= {"text": request.text, "base_iri": request.base_iri}
        facts |= {"default_graphs": request.default_graphs, "named_graphs": request.named_graphs}
    else:
        facts |= {"graph_name": request.graph_name}
    return encode(Kind.REQUEST, json.dumps(facts).encode())


def decode_request(payload: bytes) -> Request:
    """The request of a frame."""
    facts = json.loads(payload)
    answer_format: Format = _FORMATS[facts["format"]]
    if "text" not in facts:
        return DumpRequest(answer_format, facts["timeout_s"], facts["graph_name"])
    default_graphs, named_graphs = (
        None if names is None else tuple(names) for names in (facts["default_graphs"], facts["named_graphs"])
    )
    return QueryRequest(
        facts["text"], answer_format, facts["base_iri"], facts["timeout_s"], default_graphs, named_graphs
    )


def encode_head(answer_format: Format) -> bytes:
    """The frame that opens an answer."""
    return encode(Kind.HEAD, json.dumps({"media_type": answer_format.media_type}).encode())


def encode_end(end: End) -> bytes:
    """The frame that makes an answer complete."""
    facts = {"elapsed_s": end.elapsed_s, "rows": end.rows, "is_last": end.is_last}
    return encode(Kind.END, json.dumps(facts).encode())


def decode_end(payload: bytes) -> End:
    """What the end of an answer says."""
    facts = json.loads(payload)
    return End(facts["elapsed_s"], facts["rows"], facts["is_last"])


def encode_fail(fail: Fail) -> bytes:
    """The frame that ends an answer by an error.

    Raises:
        KeyError: the error is none of those that an evaluation raises.
    """
    error = fail.error
    names = _FACTS[type(error)]
    facts = [getattr(error, name) for name in names] if names else [str(error)]
    content = {"kind": type(error).__name__, "facts": facts, "is_last": fail.is_last}
    return encode(Kind.FAIL, json.dumps(content).encode())


def decode_fail(payload: bytes) -> Fail:
    """What a `fail` says."""
    content = json.loads(payload)
    facts = (tuple(fact) if isinstance(fact, list) else fact for fact in content["facts"])
    return Fail(_FAILURES[content["kind"]](*facts), content["is_last"])
