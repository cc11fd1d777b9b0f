"""SPARQL 1.1 Protocol tests: the requests of the manifest, byte for byte, to a running server."""

from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlsplit

import pyoxigraph as ox
from comparison import Verdict
from manifests import MF, UT, Node, Term, W3CTest
from result_files import read_dataset, read_json, read_xml

from kg.formats import N_TRIPLES, RDF_XML, RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, TURTLE

_HT: Final = "http://www.w3.org/2011/http#"
_CNT: Final = "http://www.w3.org/2011/content#"
_FORMATS: Final = {
    "boolean": (RESULTS_XML, RESULTS_JSON),
    "tabular": (RESULTS_XML, RESULTS_JSON, RESULTS_CSV, RESULTS_TSV),
    "RDF": (RDF_XML, TURTLE, N_TRIPLES),
}


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered; `media_type` is without parameters."""

    status: int
    media_type: str
    body: bytes


class Unexpected(Exception):
    """A response is not what the test expects; the message says how."""


def run_protocol(test: W3CTest, address: str) -> Verdict:
    """Send the requests of `test` to the server at `address`, whose endpoint is /sparql/ as in the manifest.

    Raises:
        Unexpected: a response is another one.
    """
    manifest = test.manifest
    for request in manifest.items(manifest.value(test.action, _HT + "requests")):
        expected = manifest.node(request, _HT + "resp")
        _check(test, expected, _send(test, request, address))
    return Verdict.SAME


def graphs_of(test: W3CTest) -> list[ox.Quad]:
    """The named graphs that must be there before the test."""
    return read_dataset(test.manifest, test.node, UT)


def _send(test: W3CTest, request: Term, address: str) -> Response:
    """Send one request: with no header that the test does not name, but for those without which there is no HTTP."""
    manifest = test.manifest
    fields = {
        _text(manifest.value(header, _HT + "fieldName")): _text(manifest.value(header, _HT + "fieldValue"))
        for head in manifest.values(request, _HT + "headers")
        for header in manifest.items(head)
    }
    body = manifest.value(request, _HT + "body")
    content = None
    if body is not None:
        encoding = _text(manifest.value(body, _CNT + "characterEncoding"))
        content = _text(manifest.value(body, _CNT + "chars")).encode(encoding)
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        method, path = (_text(manifest.value(request, _HT + name)) for name in ("methodName", "absolutePath"))
        connection.request(method, path, content, fields)
        answer = connection.getresponse()
        media_type = (answer.getheader("content-type") or "").partition(";")[0].strip()
        return Response(answer.status, media_type, answer.read())
    finally:
        connection.close()


def _check(test: W3CTest, expected: Node, response: Response) -> None:
    """Compare a response with what is expected: its status, the family of its format, its boolean."""
    manifest = test.manifest
    statuses = [_status(value) for value in manifest.values(expected, MF + "expectedStatus")]
    status = str(response.status)
    if not any(status.startswith(wanted) for wanted in statuses):
        raise Unexpected(f"status {status}")
    if response.status == 403:
        raise Unexpected("refused as every update is, not for what is wrong with this one")
    family = manifest.value(expected, MF + "expectedFormat")
    if family is not None and response.media_type not in {known.media_type for known in _FORMATS[_text(family)]}:
        raise Unexpected(f"media type {response.media_type}")
    boolean = manifest.value(expected, MF + "expectedBoolean")
    if boolean is not None:
        read = read_xml if response.media_type == RESULTS_XML.media_type else read_json
        if read(response.body) is not (_text(boolean) == "true"):
            raise Unexpected("the other boolean")


def _status(value: Term) -> str:
    """The beginning of the statuses that a name stands for: StatusCode2xx is "2", StatusCode400 is "400"."""
    return str(value).removesuffix(">").rpartition("StatusCode")[2].removesuffix("xx")


def _text(value: Term | None) -> str:
    if not isinstance(value, ox.Literal):
        raise TypeError(f"{value} is no literal")
    return value.value
