import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyoxigraph as ox

from kg.formats import RESULTS_JSON
from kg.store.base import QueryRequest
from kg.store.executor import MIB, Limits, _Executor
from kg.store.frames import (
    CHUNK_BYTES,
    End,
    Frame,
    Kind,
    decode_end,
    encode_request,
    read_frame_blocking,
)

ASK = QueryRequest("ASK {}", RESULTS_JSON, "https://example.org/", timeout_s=1.0)


@contextmanager
def conversation(limits: Limits, store: ox.Store) -> Iterator[tuple[socket.socket, BinaryIO, threading.Thread]]:
    """An executor's conversation in a thread of this process: its socket, what comes back, and the thread."""
    ours, theirs = socket.socketpair()
    statm = os.open("/proc/self/statm", os.O_RDONLY)
    executor = _Executor(theirs, statm, store, limits)
    thread = threading.Thread(target=executor.serve)
    thread.start()
    try:
        with ours, ours.makefile("rb") as answers:
            yield ours, answers, thread
            ours.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)
        assert executor.left_in_order
    finally:
        theirs.close()
        os.close(statm)


def frames_until_the_end(answers: BinaryIO) -> list[Frame]:
    frames: list[Frame] = []
    while not frames or frames[-1].kind not in (Kind.END, Kind.FAIL):
        frame = read_frame_blocking(answers)
        assert frame is not None
        frames.append(frame)
    return frames


def end_of(answers: BinaryIO) -> End:
    return decode_end(frames_until_the_end(answers)[-1].payload)


def test_an_answer_is_a_head_then_chunks_then_one_end() -> None:
    store = ox.Store()
    store.extend(ox.Quad(ox.NamedNode(f"urn:{n}"), ox.NamedNode("urn:p"), ox.Literal(n)) for n in range(2_000))
    with conversation(Limits(512, 64), store) as (connection, answers, _):
        connection.sendall(encode_request(QueryRequest("SELECT * { ?s ?p ?o }", RESULTS_JSON, "urn:x", 1.0)))

        frames = frames_until_the_end(answers)

    assert [frame.kind for frame in frames] == [Kind.HEAD, *[Kind.CHUNK] * (len(frames) - 2), Kind.END]
    assert RESULTS_JSON.media_type.encode() in frames[0].payload
    chunks = [frame.payload for frame in frames[1:-1]]
    assert len(chunks) > 2
    assert all(CHUNK_BYTES <= len(chunk) < 2 * CHUNK_BYTES for chunk in chunks[:-1])
    assert len(json.loads(b"".join(chunks))["results"]["bindings"]) == 2_000


def test_an_executor_leaves_after_an_answer_that_left_it_with_much_memory() -> None:
    with conversation(Limits(query_memory_mb=256, stack_mb=64), ox.Store()) as (connection, answers, thread):
        connection.sendall(encode_request(ASK))
        assert not end_of(answers).is_last

        kept = bytearray(1024 * MIB)  # untouched, so it costs addresses only; more than other tests may let go of
        connection.sendall(encode_request(ASK))

        assert end_of(answers).is_last
        thread.join(timeout=10)
        assert not thread.is_alive()
        assert len(kept) == 1024 * MIB


def test_an_executor_whose_front_has_hung_up_ends_in_order() -> None:
    with conversation(Limits(512, 64), ox.Store()) as (connection, _, thread):
        connection.shutdown(socket.SHUT_WR)

        thread.join(timeout=10)

        assert not thread.is_alive()
