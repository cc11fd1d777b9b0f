"""Graphs whose names are addresses of ours, in process: no file can put one into the sample dataset."""

import asyncio
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from in_place import InPlaceStore

from kg.settings import Settings
from kg.web.app import create_app

SAMPLE = Path(__file__).parents[2] / "sample"
PUBLIC = "https://example.org/rapallo"
NAMES = ["1.ttl", "%31.ttl", "%2531.ttl", "person/1.ttl", "person%2F1.ttl", "", "a//b", "a+b", "caf%C3%A9"]


def graph(name: str) -> ox.Quad:
    """One triple that says in which graph it is."""
    subject, predicate = ox.NamedNode("urn:s"), ox.NamedNode("urn:p")
    return ox.Quad(subject, predicate, ox.Literal(name), ox.NamedNode(name))


def ask(target: str, method: str = "GET", names: tuple[str, ...] = (), **headers: str) -> httpx.Response:
    """The response to a raw target where the graphs of all `NAMES`, and of `names`, exist."""
    quads = [graph(f"{PUBLIC}/graph-store/{name}") for name in NAMES] + [graph(name) for name in names]
    app = create_app(Settings(dataset=SAMPLE, public_url=PUBLIC), InPlaceStore(quads))

    async def asking() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inside") as client:
            request = client.build_request(method, "http://inside/", headers=headers)
            # The client would normalise the path.
            request.url = httpx.URL("http://inside/").copy_with(raw_path=target.encode())
            return await client.send(request)

    return asyncio.run(asking())


@pytest.mark.parametrize("name", NAMES)
def test_the_raw_address_is_the_name_of_the_graph(name: str) -> None:
    response = ask(f"/graph-store/{name}")

    assert response.status_code == 200
    assert f'"{PUBLIC}/graph-store/{name}"' in response.text


@pytest.mark.parametrize("name", ["2.ttl", "%2e", "person/1%2Ettl", "A+b", "caf%c3%a9", "1.ttl/"])
def test_an_address_that_differs_in_one_byte_is_another_graph(name: str) -> None:
    assert ask(f"/graph-store/{name}").status_code == 404


def test_a_direct_graph_is_also_found_by_its_name() -> None:
    direct, indirect = ask("/graph-store/1.ttl"), ask(f"/graph-store?graph={PUBLIC}/graph-store/1.ttl")

    assert direct.content == indirect.content
    assert direct.headers["content-type"] == indirect.headers["content-type"] == "text/turtle; charset=utf-8"


def test_names_are_compared_as_strings() -> None:
    names = ("http://example.org", "http://example.org/", "HTTP://example.org/", "http://example.org/a/../b")

    for name in names:
        assert f'"{name}"' in ask(f"/graph-store?graph={name}", names=names).text


def test_head_of_a_graph_has_the_headers_of_get_and_that_of_a_missing_one_is_404() -> None:
    by_get, by_head = ask("/graph-store/1.ttl"), ask("/graph-store/1.ttl", "HEAD")

    assert (by_head.status_code, by_head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert by_head.headers[name] == by_get.headers[name]
    assert ask("/graph-store/none", "HEAD").status_code == 404


@pytest.mark.parametrize("target", ["/graph-store/1.ttl?default", "/graph-store/1.ttl?graph=urn:a"])
def test_an_address_with_a_second_name_is_malformed(target: str) -> None:
    assert ask(target).status_code == 400


def test_the_format_is_negotiated_at_an_address_too() -> None:
    by_header = ask("/graph-store/1.ttl", accept="application/n-triples")
    by_name = ask("/graph-store/1.ttl?format=nt")

    assert by_header.headers["content-type"] == by_name.headers["content-type"] == "application/n-triples"
