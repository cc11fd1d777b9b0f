"""Content codings are negotiated as RFC 9110 says, and gzip's bytes depend on the content alone."""

import asyncio
import gzip
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import NotAcceptable
from kg.web.compression import (
    BLOCK_BYTES,
    MIN_BYTES,
    Coding,
    StreamCoder,
    choose_coding,
    encode_whole,
    is_textual,
    require_coding,
)

JSON = "application/sparql-results+json"


@pytest.mark.parametrize(
    ("accept_encoding", "chosen"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip"),
        ("br, deflate", "identity"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000", "identity"),
        ("gzip;q=0.001", "gzip"),
        ("*", "gzip"),
        ("*;q=0.5, gzip;q=0", "identity"),
        ("*;q=0, identity", "identity"),
        ("*;q=0, gzip", "gzip"),
        ("identity", "identity"),
        ("identity, gzip", "gzip"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=1", "gzip"),
        ("identity;q=0, gzip;q=0.2", "gzip"),
        (" gzip ; q = 0.7 , identity ; q=0.1", "gzip"),
        ("gzip;q=.5", "gzip"),
        (",,gzip,,", "gzip"),
        # what cannot be read is passed over: uncoded content is right for everybody
        ("gzip;q=2", "identity"),
        ("gzip;q=-1", "identity"),
        ("gzip;level=9", "identity"),
        ("gzip;q=nonsense, *;q=0.1", "gzip"),
        ("g zip", "identity"),
        ("ж", "identity"),
        ("gzip;q=0, gzip;q=1", "gzip"),
    ],
)
def test_the_coding_that_the_client_likes_best_is_chosen(accept_encoding: str | None, chosen: str) -> None:
    assert choose_coding(accept_encoding, JSON, None) == chosen


@pytest.mark.parametrize(
    ("accept_encoding", "length", "chosen"),
    [
        ("gzip", MIN_BYTES, "gzip"),
        ("gzip", MIN_BYTES - 1, "identity"),
        ("gzip", 0, "identity"),
        ("gzip, identity;q=0", 1, "gzip"),
        ("gzip, *;q=0", 1, "gzip"),
        ("gzip, identity;q=0", 0, "identity"),
    ],
)
def test_short_content_is_coded_only_where_it_must_be(accept_encoding: str, length: int, chosen: str) -> None:
    assert choose_coding(accept_encoding, JSON, length) == chosen


@pytest.mark.parametrize(
    ("content_type", "textual"),
    [
        ("text/csv; charset=utf-8", True),
        ("TEXT/HTML", True),
        ("application/sparql-results+xml", True),
        ("application/problem+json", True),
        ("application/n-triples", True),
        ("application/json", True),
        ("image/svg+xml", True),
        ("image/png", False),
        ("font/woff2", False),
        ("", False),
    ],
)
def test_text_is_coded_and_what_is_compressed_already_is_not(content_type: str, textual: bool) -> None:
    assert is_textual(content_type) == textual
    assert (choose_coding("gzip", content_type, None) == "gzip") == textual


@pytest.mark.parametrize("accept_encoding", ["identity;q=0", "*;q=0", "gzip;q=0, identity;q=0", "br, identity;q=0"])
def test_a_client_that_takes_nothing_is_refused(accept_encoding: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        require_coding(accept_encoding)

    assert caught.value.offered == ("identity", "gzip")


@given(st.one_of(st.none(), st.text(max_size=200), st.text("gzipident*;q=01.,x- \t", max_size=80)))
def test_every_header_is_refused_or_gets_a_coding(accept_encoding: str | None) -> None:
    try:
        require_coding(accept_encoding)
    except NotAcceptable:
        assert accept_encoding
        assert "q" in accept_encoding.lower()
        return

    assert choose_coding(accept_encoding, JSON, None) in Coding


def coded(pieces: Sequence[bytes], *, whole: bool = True) -> bytes:
    async def encode() -> bytes:
        coder = StreamCoder(Coding.GZIP)
        body = b"".join([await coder.encode(piece) for piece in pieces])
        return body + coder.finish() if whole else body

    return asyncio.run(encode())


@given(st.binary(max_size=2000), st.integers(1, 300), st.data())
def test_the_bytes_depend_on_the_content_and_not_on_its_pieces(seed: bytes, times: int, data: st.DataObject) -> None:
    content = seed * times
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    pieces = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]

    assert gzip.decompress(coded(pieces)) == content
    assert coded(pieces) == coded([content]) == asyncio.run(encode_whole(content, Coding.GZIP))


def test_every_block_can_be_read_as_soon_as_it_is_sent() -> None:
    content = bytes(range(256)) * (3 * BLOCK_BYTES // 256)

    begun = coded([content, b"rest"], whole=False)

    assert zlib.decompressobj(31).decompress(begun) == content


@pytest.mark.parametrize("missing", [1, 4, 8, 9])
def test_a_body_without_its_end_is_no_gzip(missing: int) -> None:
    with pytest.raises(EOFError):
        gzip.decompress(coded([b"x" * 200_000])[:-missing])


def test_uncoded_content_passes_as_it_is() -> None:
    assert asyncio.run(encode_whole(b"abc" * 1000, Coding.IDENTITY)) == b"abc" * 1000
