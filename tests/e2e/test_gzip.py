"""Gzip over HTTP: header, tag, length and body agree; what is cut is never taken for whole (field notes, D 24)."""

import gzip
import http.client
import socket
import time
import zlib
from base64 import b64encode
from hashlib import sha256

import httpx
import psutil
import pytest

from servers import Server, client_of, exchange_bytes, executors_of, wait_until

QUERY = "/sparql?query="
SELECT = QUERY + "SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D"
CONSTRUCT = QUERY + "CONSTRUCT%20WHERE%20%7B%3Fs%20%3Fp%20%3Fo%7D"
WITHOUT_END = QUERY + "SELECT%20*%20%7B%3Fa%20%3Fb%20%3Fc%20.%20%3Fd%20%3Fe%20%3Ff%7D"
TEXTUAL = [
    *(f"{SELECT}&format={name}" for name in ("json", "xml", "csv", "tsv")),
    *(f"{CONSTRUCT}&format={name}" for name in ("turtle", "nt", "jsonld", "rdf", "trig", "nq")),
    "/sparql",
    "/graph-store?default",
    "/dataset.ttl",
    "/dataset.nt",
    "/ont",
    "/doc/id/pharos.html",
    "/query",
    "/openapi.json",
    "/api",
]


def fetch(server: Server, target: str, accept_encoding: str | None, **headers: str) -> tuple[int, httpx.Headers, bytes]:
    """Status, headers and the bytes of the body as they were sent, undecoded."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if accept_encoding is not None:
            connection.putheader("Accept-Encoding", accept_encoding)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, httpx.Headers(response.getheaders()), response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("target", TEXTUAL)
def test_every_kind_of_text_is_compressed_for_whom_takes_it(server: Server, target: str) -> None:
    _, plain_headers, plain = fetch(server, target, None)
    status, headers, coded = fetch(server, target, "gzip")

    assert status == 200
    assert "content-encoding" not in plain_headers
    assert len(plain) >= 1024, "the test needs an answer that is worth it"
    assert headers["content-encoding"] == "gzip"
    assert headers["content-type"] == plain_headers["content-type"]
    assert len(coded) < len(plain)
    assert gzip.decompress(coded) == plain
    if "content-length" in headers:
        assert int(headers["content-length"]) == len(coded)
    for found in (headers, plain_headers):
        assert {"accept", "accept-encoding"} == {name.strip().lower() for name in found["vary"].split(",")}


@pytest.mark.parametrize("target", ["/health/live", QUERY + "ASK%7B%7D", "/id/pharos"])
def test_short_answers_are_sent_as_they_are(server: Server, target: str) -> None:
    _, headers, _ = fetch(server, target, "gzip")

    assert "content-encoding" not in headers


def test_short_answers_are_coded_for_whom_takes_nothing_else(server: Server) -> None:
    status, headers, body = fetch(server, "/health/live", "gzip, identity;q=0")

    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(body) == b'{"status": "live"}'


@pytest.mark.parametrize("accept_encoding", ["identity;q=0", "*;q=0", "br, identity;q=0"])
def test_who_takes_no_coding_of_ours_is_told_which_there_are(server: Server, accept_encoding: str) -> None:
    status, headers, body = fetch(server, SELECT, accept_encoding)

    assert (status, headers["content-type"]) == (406, "application/problem+json")
    assert b'"offered": ["identity", "gzip"]' in body


def test_a_long_problem_is_compressed(server: Server) -> None:
    target = "/graph-store?graph=urn:" + "x" * 2000

    status, headers, body = fetch(server, target, "gzip")

    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert headers["content-encoding"] == "gzip"
    assert b'"status": 404' in gzip.decompress(body)


@pytest.mark.parametrize("target", [SELECT, CONSTRUCT, "/sparql", "/dataset.nt", "/ont", "/doc/id/pharos.html", "/api"])
def test_each_coding_has_its_own_entity_tag_which_is_sent_once(server: Server, target: str) -> None:
    tags = {coding: fetch(server, target, coding)[1]["etag"] for coding in ("identity", "gzip")}

    assert tags["identity"] != tags["gzip"]
    for coding, tag in tags.items():
        status, headers, body = fetch(server, target, coding, If_None_Match=tag)
        assert (status, headers["etag"], body) == (304, tag, b"")
        assert "content-encoding" not in headers
        assert headers["vary"] == "Accept, Accept-Encoding"
    assert fetch(server, target, "identity", If_None_Match=tags["gzip"])[0] == 200
    assert fetch(server, target, "gzip", If_None_Match=tags["identity"])[0] == 200


@pytest.mark.parametrize("target", [SELECT, "/dataset.nt", "/sparql", "/ont", "/api"])
def test_head_has_the_headers_of_the_compressed_answer(server: Server, target: str) -> None:
    with client_of(server) as client:
        by_get, by_head = (client.request(method, target) for method in ("GET", "HEAD"))

    assert by_get.headers["content-encoding"] == by_head.headers["content-encoding"] == "gzip"
    for name in ("content-length", "content-type", "etag", "vary", "kg-rows"):
        assert by_get.headers.get(name) == by_head.headers.get(name)
    assert by_head.content == b""


def test_the_digest_of_a_download_is_that_of_the_bytes_as_sent_and_another_that_of_the_content(server: Server) -> None:
    _, headers, coded = fetch(server, "/dataset.ttl", "gzip")

    assert headers["repr-digest"] == digest_of(coded)
    assert headers["unencoded-digest"] == digest_of(gzip.decompress(coded))
    assert headers["unencoded-digest"] == fetch(server, "/dataset.ttl", None)[1]["repr-digest"]


def digest_of(content: bytes) -> str:
    return f"sha-256=:{b64encode(sha256(content).digest()).decode()}:"


def test_a_long_answer_is_compressed_while_it_streams(large: Server) -> None:
    _, plain_headers, plain = fetch(large, SELECT, None)
    _, headers, coded = fetch(large, SELECT, "gzip")

    assert plain_headers["transfer-encoding"] == headers["transfer-encoding"] == "chunked"
    assert "etag" not in headers
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(coded) == plain
    assert len(plain) > 2 * 1024 * 1024


def test_compression_costs_less_than_the_answer_itself(large: Server) -> None:
    """Twice the time is the limit of the field notes; the fastest of five, taken in turns, is compared."""
    taken: dict[str | None, list[float]] = {None: [], "gzip": []}
    for name in ("json", "xml", "csv", "tsv"):
        for _ in range(5):
            for coding, times in taken.items():
                begun = time.perf_counter()
                fetch(large, f"{SELECT}&format={name}", coding)
                times.append(time.perf_counter() - begun)
        plain, coded = (min(taken[coding]) for coding in (None, "gzip"))
        assert coded < 2 * plain + 0.02, name
        for times in taken.values():
            times.clear()


def received_until_the_end(server: Server, target: str) -> bytes:
    """What arrives for a request with gzip until the connection is cut."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        received = bytearray()
        try:
            while chunk := connection.recv(1024 * 1024):
                received += chunk
        except ConnectionResetError:
            pass  # a peer that is reset has noticed as well
    return bytes(received)


def test_a_compressed_answer_that_is_cut_is_whole_for_nobody(large: Server) -> None:
    received = received_until_the_end(large, f"{WITHOUT_END}&timeout=0.5")

    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    assert not body.endswith(b"0\r\n\r\n")
    decoder = zlib.decompressobj(31)
    assert len(decoder.decompress(dechunked(body))) > 1024 * 1024
    assert not decoder.eof


def dechunked(body: bytes) -> bytes:
    """The content of a chunked body as far as it came."""
    content = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        content += body[:length]
        body = body[length + 2 :]
    return bytes(content)


def test_a_client_library_takes_a_cut_compressed_answer_for_an_error(large: Server) -> None:
    with client_of(large) as client, client.stream("GET", f"{WITHOUT_END}&timeout=0.5") as response:
        assert response.headers["content-encoding"] == "gzip"
        with pytest.raises((httpx.RemoteProtocolError, httpx.DecodingError)):
            for _ in response.iter_bytes():
                pass


def test_a_slow_reader_of_a_compressed_answer_is_waited_for_in_bounded_memory(large: Server) -> None:
    front = psutil.Process(large.pid)
    fetch(large, SELECT, "gzip")
    before = front.memory_info().rss
    with socket.create_connection(("127.0.0.1", large.port), timeout=10) as connection:
        target = f"{WITHOUT_END}&timeout=20"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        connection.recv(1024)
        assert wait_until(lambda: rests(large), timeout_s=10)
        grown = front.memory_info().rss - before

    assert grown < 16 * 1024 * 1024
    assert wait_until(lambda: rests(large), timeout_s=2)


def rests(server: Server) -> bool:
    """Whether no executor uses the processor, over 0.2 s."""
    executors = executors_of(server)
    try:
        before = [sum(executor.cpu_times()[:2]) for executor in executors]
        time.sleep(0.2)
        return [sum(executor.cpu_times()[:2]) for executor in executors] == before
    except psutil.NoSuchProcess:
        return False


def test_head_of_a_compressed_answer_has_no_body_on_the_wire(server: Server) -> None:
    request = f"HEAD {SELECT} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"

    raw = exchange_bytes(server, request.encode())

    assert b"content-encoding: gzip" in raw
    assert raw.endswith(b"\r\n\r\n")
    assert raw.count(b"\r\n\r\n") == 1
