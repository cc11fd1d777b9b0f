"""What holds for every response: headers, HEAD, other origins, and that the OpenAPI document tells the truth."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from kg.files import Dataset
from kg.rest.catalogue import load_catalogue
from kg.settings import Settings
from kg.store.executors import ExecutorStore
from kg.web import app
from servers import SAMPLE, Server, exchange_bytes

# What stands for the parameters of our own rooms in the sample dataset.
EXAMPLES = {
    "/id/{name}": "/id/pharos",
    "/st/{name}": "/st/pharos-made-by",
    "/src/{name}": "/src/l1-2",
    "/voc/{name}": "/voc/normal",
    "/doc/{space}/{name}.{extension}": "/doc/id/pharos.jsonld",
    "/resource": "/resource?iri=https%3A%2F%2Fw3id.org%2Frapallo%2Fid%2Fpharos",
    "/graph-store": "/graph-store?default",
}
# Nothing can be found there as long as nothing can be written: no file makes a graph with an address of the server.
EMPTY = {"/graph-store/{path}"}
# What differs between two answers to one question, or belongs to the transfer and not to the answer.
OF_THE_MOMENT = {"date", "x-request-id", "server-timing", "transfer-encoding", "connection"}


@pytest.fixture
def document(client: httpx.Client) -> Mapping[str, Any]:
    response = client.get("/openapi.json")
    assert response.status_code == 200
    found: Mapping[str, Any] = response.json()
    return found


@pytest.fixture
def addresses(client: httpx.Client, document: Mapping[str, Any]) -> Mapping[str, str]:
    """For each path of the OpenAPI document an address that answers."""
    routes = client.get("/api").json()["routes"]
    examples = {route["path"]: route["example"].removeprefix(str(client.base_url).rstrip("/")) for route in routes}
    return {path: examples.get(path, EXAMPLES.get(path, path)) for path in document["paths"]}


def test_every_documented_get_answers_as_documented(
    client: httpx.Client, document: Mapping[str, Any], addresses: Mapping[str, str]
) -> None:
    for path, address in addresses.items():
        response = client.get(address)

        responses = document["paths"][path]["get"]["responses"]
        if path in EMPTY:
            assert (response.status_code, "4XX" in responses) == (404, True), address
            continue
        assert response.status_code in (200, 303), address
        documented = resolve(document, responses[str(response.status_code)])
        if response.status_code == 200:
            media_type = response.headers["content-type"].partition(";")[0]
            assert media_type in documented["content"], address
        for status in ("4XX", "5XX"):
            if status in responses:
                assert "application/problem+json" in resolve(document, responses[status])["content"], path


def resolve(document: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    """`item`, or what its $ref refers to."""
    found: Mapping[str, Any] = item
    if "$ref" in item:
        for part in item["$ref"].removeprefix("#/").split("/"):
            document = document[part]
        found = document
    return found


def test_every_room_of_ours_is_documented(document: Mapping[str, Any]) -> None:
    settings = Settings(dataset=SAMPLE, public_url="http://localhost")
    dataset = Dataset(SAMPLE)
    exact, below = app._rooms(settings, load_catalogue(dataset), ExecutorStore(settings, dataset))

    own = {path for path in document["paths"] if not path.startswith("/api")}
    assert {path for path in own if "{" not in path} == set(exact)
    assert {path[: path.index("/", 1) + 1] for path in own if "{" in path} == set(below)


def test_head_is_get_without_a_body_on_every_route(
    server: Server, client: httpx.Client, addresses: Mapping[str, str]
) -> None:
    for address in addresses.values():
        by_get, by_head = client.get(address), client.head(address)

        assert by_head.status_code == by_get.status_code, address
        assert steady(by_head.headers) == steady(by_get.headers), address
        raw = exchange_bytes(server, f"HEAD {address} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert raw.endswith(b"\r\n\r\n"), address
        assert raw.count(b"\r\n\r\n") == 1, address


def steady(headers: httpx.Headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OF_THE_MOMENT}


def test_head_of_what_is_missing_is_404(client: httpx.Client) -> None:
    response = client.head("/doc/id/nothing.ttl")

    assert response.status_code == 404
    assert response.content == b""


def answers(client: httpx.Client) -> list[httpx.Response]:
    """Answers of many kinds to a page of another origin."""
    headers = {"Origin": "https://elsewhere.example"}
    return [
        client.get("/sparql?query=ASK%7B%7D", headers=headers),
        client.get("/api/lighthouses", headers=headers),
        client.get("/id/pharos", headers=headers),
        client.get("/sparql?query=ASK", headers=headers),
        client.get("/nothing", headers=headers),
        client.put("/sparql", headers=headers),
        client.get("/sparql?query=ASK%7B%7D", headers={**headers, "Accept": "application/pdf"}),
        client.get("/api/lighthouses?above=high", headers=headers),
        client.options("/api/lighthouses", headers={**headers, "Access-Control-Request-Method": "GET"}),
    ]


def test_every_response_may_be_read_by_other_origins_and_names_request_and_version(client: httpx.Client) -> None:
    responses = answers(client)

    assert [response.status_code for response in responses] == [200, 200, 303, 400, 404, 405, 406, 422, 204]
    for response in responses:
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers
        exposed = {name.strip().lower() for name in response.headers["access-control-expose-headers"].split(",")}
        assert {"etag", "link", "kg-version", "x-request-id", "retry-after", "location"} <= exposed
        assert response.headers["vary"] == "Accept, Accept-Encoding"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert len(bytes.fromhex(response.headers["kg-version"])) == 8
        assert len(bytes.fromhex(response.headers["x-request-id"])) == 16
    assert len({response.headers["x-request-id"] for response in responses}) == len(responses)


@pytest.mark.parametrize("path", ["/sparql", "/api/lighthouses", "/nothing", "/id/pharos"])
def test_a_preflight_is_answered_without_credentials_everywhere(client: httpx.Client, path: str) -> None:
    headers = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, authorization",
    }
    response = client.options(path, headers=headers)

    assert response.status_code == 204
    allowed = {name.strip().lower() for name in response.headers["access-control-allow-headers"].split(",")}
    assert {"content-type", "authorization"} <= allowed
    assert "POST" in response.headers["access-control-allow-methods"]


@pytest.mark.parametrize("given", ["a", "Trace-1.2_3", "x" * 64])
def test_a_well_formed_request_id_is_taken_over(client: httpx.Client, given: str) -> None:
    assert client.get("/health/live", headers={"X-Request-Id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a;b", "<script>", "a/b"])
def test_another_request_id_is_replaced(client: httpx.Client, given: str) -> None:
    replaced = client.get("/nothing", headers={"X-Request-Id": given})

    assert len(bytes.fromhex(replaced.headers["x-request-id"])) == 16
    assert replaced.json()["request_id"] == replaced.headers["x-request-id"]


@pytest.mark.parametrize(
    "address",
    [
        "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D",
        "/doc/id/pharos.ttl",
        "/doc/id/pharos.html",
        "/api/lighthouses",
        "/ont",
        "/shapes?format=html",
        "/dataset.nt",
        "/dataset.ttl",
        "/",
        "/query",
    ],
)
def test_a_cacheable_answer_has_an_etag_and_is_sent_once(client: httpx.Client, address: str) -> None:
    first = client.get(address)
    etag = first.headers["etag"]

    again = client.get(address, headers={"If-None-Match": f'"other", W/{etag}'})
    other = client.get(address, headers={"If-None-Match": '"other"'})

    assert etag.startswith('"')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    assert again.headers["access-control-allow-origin"] == "*"
    assert (other.status_code, other.content, other.headers["etag"]) == (200, first.content, etag)


def test_formats_of_one_thing_have_different_etags(client: httpx.Client) -> None:
    etags = [client.get(f"/doc/id/pharos.{name}").headers["etag"] for name in ("ttl", "nt", "jsonld", "rdf", "html")]

    assert len(set(etags)) == 5


def test_the_problem_of_a_failure_tells_nothing_but_an_id(client: httpx.Client) -> None:
    body = json.dumps(client.get("/nothing").json())

    assert str(Path(app.__file__).parent) not in body
    assert "Traceback" not in body
