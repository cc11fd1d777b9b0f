"""Graph Store Protocol over HTTP, the reading side (field notes, D 28 and 30)."""

import httpx
import pyoxigraph as ox
import pytest

from servers import Server, exchange_bytes

SHAPES = "https://w3id.org/rapallo/shapes"
STORE = "/graph-store"
FORMATS = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/ld+json": "jsonld",
    "application/rdf+xml": "rdf",
    "application/trig": "trig",
    "application/n-quads": "nq",
}


def triples_in(response: httpx.Response) -> set[ox.Triple]:
    """The triples of an answer, read by the format that its header names."""
    assert response.status_code == 200, response.text
    engine_format = ox.RdfFormat.from_media_type(response.headers["content-type"])
    assert engine_format is not None
    return {quad.triple for quad in ox.parse(response.content, engine_format)}


def asked_for(client: httpx.Client, pattern: str) -> set[ox.Triple]:
    """What a query finds."""
    return triples_in(client.get("/sparql", params={"query": f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}"}))


@pytest.mark.parametrize(("media_type", "name"), FORMATS.items())
def test_a_graph_is_sent_whole_in_every_format(client: httpx.Client, media_type: str, name: str) -> None:
    by_header = client.get(STORE, params={"graph": SHAPES}, headers={"Accept": media_type})
    by_name = client.get(STORE, params={"graph": SHAPES, "format": name}, headers={"Accept": "image/png"})

    assert by_header.headers["content-type"].partition(";")[0] == media_type
    assert by_header.content == by_name.content
    assert triples_in(by_header) == asked_for(client, f"GRAPH <{SHAPES}> {{ ?s ?p ?o }}")
    assert len(triples_in(by_header)) > 5


def test_the_default_graph_is_sent_whole_and_alone(client: httpx.Client) -> None:
    default = triples_in(client.get(STORE + "?default"))

    assert default == asked_for(client, "?s ?p ?o")
    assert not default & triples_in(client.get(STORE, params={"graph": SHAPES}))


def test_without_a_preference_a_graph_is_turtle(client: httpx.Client) -> None:
    request = client.build_request("GET", STORE + "?default")
    del request.headers["accept"]

    assert client.send(request).headers["content-type"] == "text/turtle; charset=utf-8"


def test_an_escaped_and_a_plain_name_are_one_graph(client: httpx.Client) -> None:
    escaped, plain = (client.get(f"{STORE}?graph={name}") for name in (SHAPES.replace("/", "%2F"), SHAPES))

    assert escaped.content == plain.content
    assert escaped.status_code == plain.status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        f"?graph={SHAPES}/",
        f"?graph={SHAPES.replace('shapes', '%2573hapes')}",
        "?graph=urn:none",
        "?graph=http://example.org",
        "/person/1.ttl",
        "/%31.ttl",
        "/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_graph_that_is_missing_is_not_found(client: httpx.Client, target: str, method: str) -> None:
    response = client.request(method, STORE + target)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_a_name_that_is_percent_encoded_once_more_is_decoded_once(client: httpx.Client) -> None:
    once, twice = (client.get(f"{STORE}?graph=https://example.org/{name}") for name in ("%31", "%2531"))

    assert "https://example.org/1" in once.json()["detail"]
    assert "https://example.org/%31" in twice.json()["detail"]


def test_the_address_in_a_refusal_is_that_of_the_request(server: Server, client: httpx.Client) -> None:
    for name in ("a%2Fb", "a/b", "%31", "a%20b"):
        assert f"{server.url}/graph-store/{name}" in client.get(f"{STORE}/{name}").json()["detail"]


@pytest.mark.parametrize(
    "target",
    [
        "",
        "?",
        "?format=nt",
        f"?default&graph={SHAPES}",
        f"?graph={SHAPES}&graph={SHAPES}",
        "?graph=shapes",
        "?graph=/shapes",
        "?graph=",
        "?graph=%FF",
        "?graph=http://a%20b",
        "/person/1.ttl?default",
        f"/person/1.ttl?graph={SHAPES}",
    ],
)
def test_a_request_that_does_not_name_one_graph_is_wrong(client: httpx.Client, target: str) -> None:
    response = client.get(STORE + target)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_head_has_the_headers_of_get(client: httpx.Client) -> None:
    for media_type in FORMATS:
        accept = {"Accept": media_type}
        by_get, by_head = (client.request(method, f"{STORE}?default", headers=accept) for method in ("GET", "HEAD"))

        assert (by_head.status_code, by_head.content) == (200, b"")
        assert by_head.headers["content-type"].partition(";")[0] == media_type
        for name in ("content-length", "etag", "vary"):
            assert by_head.headers[name] == by_get.headers[name]


@pytest.mark.parametrize("target", ["", "?default", "?graph=urn:new", f"?graph={SHAPES}", "/new.ttl"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_nothing_can_be_written(client: httpx.Client, method: str, target: str) -> None:
    before = client.get(STORE + "?default").headers["etag"]

    response = client.request(
        method, STORE + target, content="<urn:a> <urn:b> <urn:c> .", headers={"Content-Type": "text/turtle"}
    )

    assert response.status_code == 403
    assert response.json()["type"].endswith("/read-only")
    assert client.get(STORE + "?default").headers["etag"] == before
    assert client.get(STORE + "?graph=urn:new").status_code == 404


@pytest.mark.parametrize("target", ["?default", "/a"])
def test_another_method_is_not_allowed_and_options_says_which_are(client: httpx.Client, target: str) -> None:
    patched, options = client.patch(STORE + target), client.options(STORE + target)

    assert (patched.status_code, patched.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_no_format_that_is_asked_for_is_406_with_what_there_is(client: httpx.Client) -> None:
    for response in (
        client.get(STORE + "?default", headers={"Accept": "text/csv"}),
        client.get(STORE + "?default&format=csv"),
    ):
        assert response.status_code == 406
        assert response.json()["offered"]


def test_a_path_that_is_not_normalised_by_the_client_is_not_by_the_server(server: Server) -> None:
    target = "/graph-store/a/../../sparql?query=ASK%7B%7D"

    raw = exchange_bytes(server, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())

    assert raw.startswith(b"HTTP/1.1 404 ")
    assert b"/graph-store/a/../../sparql" in raw
