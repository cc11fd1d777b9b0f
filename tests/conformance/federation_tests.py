"""SPARQL 1.1 Federated Query tests: our server before the data of a test, and a real endpoint for each that it names.

An endpoint listens on the loopback interface and answers by the engine, which may ask the next one itself. Its address
stands in the query and the data for the one of the test, and the other way round in the answer. Where a test names an
endpoint that it gives no data, nobody listens.
"""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pyoxigraph as ox
from comparison import Verdict, compare
from http_suites import MANIFEST, serving_graphs
from manifests import QT, Node, W3CTest, path_of, tests_below
from protocol_tests import Unexpected
from result_files import read_dataset, read_json, read_result
from suites import Measured, measured

from endpoints import answering, listening

CATEGORIES: Final = ("service", "syntax-fed")
_NOBODY: Final = "http://invalid.endpoint.org/sparql"
_RELATIVE: Final = "g"  # what the syntax tests ask
_TIMEOUT_S: Final = 30


def measure_federation(category: str) -> tuple[Measured, ...]:
    """Run the tests of one of the categories."""
    tests = tests_below(MANIFEST)[category]
    return tuple(measured(test.iri, test.is_approved, partial(run_federated, test), (Unexpected,)) for test in tests)


def run_federated(test: W3CTest) -> Verdict:
    """Answer the test's query on a server that may ask the test's endpoints; a syntax test wants any answer.

    Raises:
        Unexpected: the server answers with an error.
    """
    query = path_of(test.action if test.result is None else test.manifest.value(test.action, QT + "query"))
    with ExitStack() as stack:
        addresses = _listen(test, stack)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "data.nq").write_text(_replace(_local_data(test), addresses), encoding="utf-8")
        server = stack.enter_context(serving_graphs(folder / "data.nq", service_allow=" ".join(addresses.values())))
        answer = _ask(server, _replace(query.read_text(encoding="utf-8"), addresses))
    if test.result is None:
        return Verdict.SAME
    for name, address in addresses.items():
        answer = answer.replace(address, name)
    return compare(read_json(answer.encode()), read_result(path_of(test.result)))


def _listen(test: W3CTest, stack: ExitStack) -> Mapping[str, str]:
    """The addresses of endpoints, by the IRIs that the test has for them."""
    addresses = {_NOBODY: f"http://127.0.0.1:{_free_port()}/sparql"}
    if test.result is None:
        return {_RELATIVE: stack.enter_context(listening(answering(""))).iri}
    for data in test.manifest.values(test.action, QT + "serviceData"):
        endpoint = test.manifest.value(data, QT + "endpoint")
        assert isinstance(endpoint, ox.NamedNode)
        assert isinstance(data, Node)
        triples = [quad.triple for quad in read_dataset(test.manifest, data, QT)]
        turtle = (ox.serialize(triples, format=ox.RdfFormat.TURTLE) or b"").decode()
        addresses[endpoint.value] = stack.enter_context(listening(answering(turtle))).iri
    return addresses


def _local_data(test: W3CTest) -> str:
    """The data of the server itself as N-Quads."""
    quads = [] if test.result is None else read_dataset(test.manifest, test.action, QT)
    return (ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"").decode()


def _replace(text: str, addresses: Mapping[str, str]) -> str:
    for name, address in addresses.items():
        text = text.replace(f"<{name}>", f"<{address}>")
    return text


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


def _ask(server: str, query: str) -> str:
    target = f"{server}/sparql?{urlencode({'query': query, 'format': 'json'})}"
    try:
        with build_opener(ProxyHandler({})).open(target, timeout=_TIMEOUT_S) as response:
            answer: bytes = response.read()
    except HTTPError as error:
        raise Unexpected(error.read().decode()) from error
    return answer.decode()
