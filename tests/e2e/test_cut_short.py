"""Every way to be cut short, in every format, before and after the first bytes: a status by cause, or a broken answer.

Formats of lines have no end that a parser could miss, so that the transport must tell; of the others no parser takes a
piece for the whole either.
"""

import gzip
import http.client
import json
import signal
import socket
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx
import psutil
import pyoxigraph as ox
import pytest

from kg.formats import OFFERED, Family, Format
from servers import Server, client_of, executors_of, starting, wait_until, write_large_dataset

MIB = 1024 * 1024
KG = "https://w3id.org/rapallo/ont#"
PRODUCT = "?a ?b ?c . ?d ?e ?f"  # 400 million solutions
NEVER = f"{PRODUCT} . ?g ?h ?i . FILTER(?c = ?f && ?f = ?i && ?c != ?i)"  # none of 8,000,000 million
# One row of 40,000 has what some formats cannot write, which shows only when it is its turn.
LATE = (
    "{{ {{ SELECT ?a ?n {{ ?a <" + KG + "number> ?n }} ORDER BY ?n }} BIND(IF(?n = {number}, {odd}, STR(?n)) AS ?f) }}"
)
ODD = {"xml": r"'\u0001'", "rdf": r"'\uFFFE'", "jsonld": "TRIPLE(?a, <urn:p>, ?n)"}

FORMATS = [
    *((Family.SOLUTIONS, each) for each in OFFERED[Family.SOLUTIONS]),
    *((Family.GRAPH, each) for each in OFFERED[Family.GRAPH]),
]
QUICK = {"json", "csv", "turtle"}  # the formats that the quick run tries; the long one tries all


@dataclass(frozen=True)
class Cause:
    """A way to be cut short: what is asked before and after the first bytes, and the status of the first."""

    name: str
    status: int
    before: str
    after: str
    kill: signal.Signals | None = None
    timeout: str = "20"


CAUSES = [
    Cause("deadline", 504, NEVER, PRODUCT, timeout="0.7"),
    Cause("memory", 507, f"{{ SELECT * {{ {PRODUCT} }} ORDER BY ?f ?c }}", f"{{ SELECT DISTINCT * {{ {PRODUCT} }} }}"),
    Cause("kill", 500, NEVER, PRODUCT, signal.SIGKILL),
    Cause("abort", 500, NEVER, PRODUCT, signal.SIGABRT),
    Cause("crash", 400, NEVER, PRODUCT, signal.SIGSEGV),
]


def query_for(family: Family, where: str) -> str:
    """A query whose answer is of `family`, with the solutions of `where`."""
    construct = f"CONSTRUCT {{ ?a <{KG}sees> ?f . ?f <{KG}of> ?d }}"
    return f"{'SELECT *' if family is Family.SOLUTIONS else construct} WHERE {{ {where} }}"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of 80,000 triples whose queries have 128 MiB."""
    with starting() as start:
        yield start(write_large_dataset(tmp_path_factory.mktemp("numbers"), 40_000), query_memory_mb=128)


def by_format() -> list[object]:
    """Family and format; what the quick run leaves out is marked."""
    return [
        pytest.param(family, each, id=each.name, marks=() if each.name in QUICK else pytest.mark.long)
        for family, each in FORMATS
    ]


def cases() -> list[object]:
    """Cause and format; what the quick run leaves out is marked."""
    return [
        pytest.param(
            cause,
            family,
            each,
            id=f"{cause.name}-{each.name}",
            marks=() if each.name == "json" or (each.name in QUICK and cause.name == "deadline") else pytest.mark.long,
        )
        for cause, (family, each) in product(CAUSES, FORMATS)
    ]


def kill_the_long_one(server: Server, number: signal.Signals) -> None:
    """Send a signal to the executor that is in overtime."""

    def found() -> list[psutil.Process]:
        return [one for one in executors_of(server) if one.nice() == 15]

    assert wait_until(lambda: bool(found()), timeout_s=10)
    for executor in found():
        executor.send_signal(number)


@pytest.mark.parametrize(("cause", "family", "asked"), cases())
def test_before_the_first_bytes_there_is_a_status_by_cause(
    numbers: Server, cause: Cause, family: Family, asked: Format
) -> None:
    parameters = {"query": query_for(family, cause.before), "format": asked.name, "timeout": cause.timeout}
    with client_of(numbers) as client:
        if cause.kill is None:
            response = client.get("/sparql", params=parameters)
        else:
            response = ask_and_kill(numbers, parameters, cause.kill)

    assert response.status_code == cause.status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == cause.status


def ask_and_kill(server: Server, parameters: dict[str, str], number: signal.Signals) -> httpx.Response:
    """The answer to a query whose executor is sent a signal."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(f"GET /sparql?{urlencode(parameters)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        kill_the_long_one(server, number)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return httpx.Response(response.status, headers=response.getheaders(), content=response.read())


@pytest.mark.parametrize(("cause", "family", "asked"), cases())
def test_after_the_first_bytes_the_answer_is_broken_and_no_parser_takes_it_for_whole(
    numbers: Server, cause: Cause, family: Family, asked: Format
) -> None:
    parameters = {"query": query_for(family, cause.after), "format": asked.name, "timeout": cause.timeout}
    received = bytearray()
    with (
        client_of(numbers) as client,
        client.stream("GET", "/sparql", params=parameters, headers={"Accept-Encoding": "identity"}) as response,
    ):
        assert response.status_code == 200
        chunks = response.iter_raw()
        received += next(chunks)
        if cause.kill is not None:
            kill_the_long_one(numbers, cause.kill)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            list(map(received.extend, chunks))

    assert len(received) > 100_000
    assert not is_whole(asked, bytes(received[-MIB:]) if len(received) > 40 * MIB else bytes(received))
    assert wait_until(lambda: len(executors_of(numbers)) == 3, timeout_s=10)


@pytest.mark.parametrize(
    ("family", "asked"), [pytest.param(*pair, id=pair[1].name) for pair in FORMATS if pair[1].name in ODD]
)
def test_what_a_format_cannot_write_is_an_error_early_and_late(numbers: Server, family: Family, asked: Format) -> None:
    """The others can write everything, so that there the engine has no error to make once it has begun."""
    statuses = {}
    with client_of(numbers) as client:
        for number in (3, 39_999):
            query = query_for(family, LATE.format(number=number, odd=ODD[asked.name]))
            address = {"query": query, "format": asked.name}
            with client.stream("GET", "/sparql", params=address, headers={"Accept-Encoding": "identity"}) as response:
                statuses[number] = response.status_code
                if response.status_code != 200:
                    continue
                with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                    response.read()

    assert statuses == {3: 400, 39_999: 200}


def is_whole(asked: Format, content: bytes) -> bool:
    """Whether a parser takes `content` for a whole answer; lines that end with a line break are whole to any parser."""
    if asked.name in ("csv", "tsv", "nt"):
        return False
    try:
        match asked.name:
            case "json":
                json.loads(content)
            case "xml" | "rdf":  # the engine's own parser of RDF/XML does not miss the end of the document
                ET.fromstring(content)  # noqa: S314 - our own server's answer
            case _:
                list(ox.parse(content, ox.RdfFormat.from_media_type(asked.media_type)))
    except (SyntaxError, ValueError, ET.ParseError):
        return False
    return True


@pytest.mark.parametrize(("family", "asked"), by_format())
def test_the_parsers_take_a_whole_answer(numbers: Server, family: Family, asked: Format) -> None:
    where = f"?a <{KG}number> ?f . ?a ?e ?d . FILTER(isIRI(?e))"
    with client_of(numbers) as client:
        query = query_for(family, where) + " LIMIT 50"
        response = client.get("/sparql", params={"query": query, "format": asked.name})

    assert response.status_code == 200
    assert is_whole(asked, response.content) or asked.name in ("csv", "tsv", "nt")


@pytest.mark.parametrize(("family", "asked"), by_format())
@pytest.mark.parametrize("where", [NEVER, PRODUCT], ids=["before", "after"])
def test_a_client_that_leaves_frees_its_executor_whatever_the_format(
    numbers: Server, family: Family, asked: Format, where: str
) -> None:
    before = {executor.pid for executor in executors_of(numbers)}
    parameters = urlencode({"query": query_for(family, where), "format": asked.name, "timeout": "20"})
    with socket.create_connection(("127.0.0.1", numbers.port), timeout=10) as connection:
        connection.sendall(f"GET /sparql?{parameters} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert wait_until(lambda: len(executors_of(numbers)) == 4, timeout_s=5)

    assert wait_until(lambda: len(executors_of(numbers)) == 3, timeout_s=2)
    assert {executor.pid for executor in executors_of(numbers)} != before


@pytest.mark.parametrize(("family", "asked"), by_format())
def test_a_client_of_http_1_0_which_knows_no_chunks_is_reset(numbers: Server, family: Family, asked: Format) -> None:
    """Such an answer ends by closing the connection; a broken one must not end like that."""
    parameters = urlencode({"query": query_for(family, PRODUCT), "format": asked.name, "timeout": "0.5"})
    with socket.create_connection(("127.0.0.1", numbers.port), timeout=10) as connection:
        connection.sendall(f"GET /sparql?{parameters} HTTP/1.0\r\n\r\n".encode())
        received = connection.recv(65536)
        with pytest.raises(ConnectionResetError):
            drain(connection)

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"transfer-encoding" not in received.partition(b"\r\n\r\n")[0].lower()


def drain(connection: socket.socket) -> None:
    """Read everything and keep nothing."""
    while connection.recv(65536):
        pass


def test_a_whole_answer_of_http_1_0_ends_by_closing(numbers: Server) -> None:
    query = f"SELECT * WHERE {{ ?a <{KG}number> ?c }} ORDER BY ?c"
    parameters = urlencode({"query": query, "format": "csv"})
    with socket.create_connection(("127.0.0.1", numbers.port), timeout=10) as connection:
        connection.sendall(f"GET /sparql?{parameters} HTTP/1.0\r\n\r\n".encode())
        head, _, content = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert content.count(b"\r\n") == 40_001
    assert content.endswith(b"n39999,39999\r\n")


@pytest.mark.parametrize("cause", [cause for cause in CAUSES if cause.kill is None], ids=lambda cause: cause.name)
def test_a_compressed_answer_that_is_cut_lacks_its_end_too(numbers: Server, cause: Cause) -> None:
    parameters = urlencode({"query": query_for(Family.SOLUTIONS, cause.after), "timeout": cause.timeout})
    connection = http.client.HTTPConnection("127.0.0.1", numbers.port, timeout=30)
    connection.request("GET", f"/sparql?{parameters}", headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    assert response.headers["content-encoding"] == "gzip"
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()

    content = caught.value.partial
    assert zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content)
    with pytest.raises(EOFError):
        gzip.decompress(content)
    connection.close()


def by_http_client(address: str) -> None:
    """Read an address by the standard library.

    Raises:
        http.client.IncompleteRead: it is broken.
    """
    host, _, target = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request("GET", "/" + target)
        connection.getresponse().read()
    finally:
        connection.close()


def by_curl(address: str) -> None:
    """Read an address by curl.

    Raises:
        CalledProcessError: curl says that it is broken; its exit code is 18.
    """
    subprocess.run(["curl", "--silent", "--show-error", "--output", "/dev/null", address], check=True, timeout=30)


@pytest.mark.parametrize(
    ("read", "failure"),
    [
        pytest.param(by_http_client, http.client.IncompleteRead, id="http.client"),
        pytest.param(by_curl, subprocess.CalledProcessError, id="curl", marks=pytest.mark.needs_curl),
    ],
)
@pytest.mark.parametrize("name", ["csv", "nt"])
def test_every_client_notices_where_the_format_does_not_tell(
    numbers: Server, read: Callable[[str], None], failure: type[Exception], name: str
) -> None:
    family = Family.SOLUTIONS if name == "csv" else Family.GRAPH
    parameters = urlencode({"query": query_for(family, PRODUCT), "format": name, "timeout": "0.5"})

    with pytest.raises(failure):
        read(f"{numbers.url}/sparql?{parameters}")


@pytest.mark.long
def test_a_download_of_the_dataset_that_loses_its_executor_is_broken(tmp_path: Path) -> None:
    with starting() as start:
        server = start(write_large_dataset(tmp_path, 100_000))
        with client_of(server) as client:
            whole = client.get("/dataset.nt", headers={"Accept-Encoding": "identity"}).content
        assert len(whole) > 10 * MIB
        with (
            client_of(server) as client,
            client.stream("GET", "/dataset.nt", headers={"Accept-Encoding": "identity"}) as response,
        ):
            chunks = response.iter_raw(1024)
            next(chunks)
            for executor in executors_of(server):
                executor.kill()
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                list(chunks)
