"""The REST routes over a real server, on the sample dataset."""

import csv
import io

import httpx
import pytest

ID = "https://w3id.org/rapallo/id/"


@pytest.mark.parametrize("kind", ["list", "one"])
def test_head_answers_as_get_without_a_body(client: httpx.Client, kind: str) -> None:
    path = {"list": "/api/lighthouses", "one": "/api/lighthouses/pharos"}[kind]

    head, get = client.head(path), client.get(path)

    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "kg-version"):
        assert head.headers[name] == get.headers[name]


def test_every_example_of_the_list_of_routes_answers_with_rows(client: httpx.Client) -> None:
    routes = client.get("/api").json()["routes"]

    assert {"lighthouses", "lighthouse", "lighthouses_at", "named"} <= {route["name"] for route in routes}
    for route in routes:
        answer = client.get(route["example"])
        assert answer.status_code == 200, answer.text
        assert answer.json().get("total", 1) > 0


def test_a_list_has_items_a_total_and_no_next_at_its_end(client: httpx.Client) -> None:
    answer = client.get("/api/lighthouses")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["total"] == 2
    assert answer.json()["next"] is None
    assert "link" not in answer.headers
    assert answer.json()["items"][0] == {
        "id": ID + "pharos",
        "url": f"{client.base_url}/id/pharos",
        "label": "Lighthouse of Alexandria",
        "height": 103.5,
        "place": [{"id": ID + "alexandria", "url": f"{client.base_url}/id/alexandria", "label": "Alexandria"}],
    }


def test_the_pages_are_walked_by_their_links(client: httpx.Client) -> None:
    whole = client.get("/api/lighthouses").json()["items"]
    answer = client.get("/api/lighthouses", params={"limit": 1, "above": "0"})
    walked = answer.json()["items"]

    while answer.json()["next"]:
        assert answer.links["next"]["url"] == answer.json()["next"]
        answer = client.get(answer.json()["next"])
        walked += answer.json()["items"]

    assert walked == whole


def test_csv_is_the_whole_list_whatever_the_page(client: httpx.Client) -> None:
    by_name = client.get("/api/lighthouses", params={"format": "csv", "limit": 1})
    by_header = client.get("/api/lighthouses", params={"limit": 1}, headers={"Accept": "text/csv"})

    rows = list(csv.DictReader(io.StringIO(by_name.text)))
    assert by_name.headers["content-type"] == "text/csv; charset=utf-8"
    assert by_name.content == by_header.content
    assert [row["lighthouse"] for row in rows] == [ID + "pharos", ID + "eddystone"]


def test_sources_are_named_when_asked_for(client: httpx.Client) -> None:
    without, with_sources = (client.get("/api/lighthouses", params={"sources": flag}) for flag in ("false", "true"))

    assert "sources" not in without.json()["items"][0]
    assert [source["id"] for source in with_sources.json()["items"][0]["sources"]] == [
        "https://w3id.org/rapallo/src/l1-2"
    ]


def test_one_object_is_answered_as_itself(client: httpx.Client) -> None:
    found = client.get("/api/lighthouses/pharos").json()

    assert (found["id"], found["label"], found["alternativeLabel"]) == (
        ID + "pharos",
        "Lighthouse of Alexandria",
        ["Φάρος"],
    )
    assert found["claims"][0]["value"]["label"] == 'Sostratus "of Cnidus", son of Dexiphanes'


def test_a_date_of_any_precision_bounds_a_list(client: httpx.Client) -> None:
    def count(**parameters: str) -> int:
        answer = client.get("/api/places/cornwall/lighthouses", params=parameters)
        total: int = answer.json()["total"]
        return total

    assert (count(since="1759"), count(since="1759-12-31"), count(since="1760")) == (1, 1, 0)
    assert (count(until="1759"), count(until="1758-12"), count(until="1759-01-01")) == (1, 0, 1)


@pytest.mark.parametrize("media_type", ["application/json", "text/csv"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/lighthouses/atlantis",
        "/api/lighthouses/cornwall",
        "/api/places/atlantis/lighthouses",
        "/api/places/pharos%2Fx/lighthouses",
    ],
)
def test_what_the_dataset_does_not_know_is_not_found(client: httpx.Client, path: str, media_type: str) -> None:
    answer = client.get(path, headers={"Accept": media_type})

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_something_known_without_rows_is_an_empty_list(client: httpx.Client) -> None:
    answer = client.get("/api/places/alexandria/lighthouses")

    assert (answer.status_code, answer.json()) == (200, {"items": [], "total": 0, "next": None})


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("above=tall", "above"),
        ("above=1&above=2", "above"),
        ("below=1", "below"),
        ("limit=0", "limit"),
        ("after=x", "after"),
        ("sources=yes", "sources"),
        ("builder=%3Ex", "builder"),
        ("builder=nobody", "builder"),
        ("builder=pharos", "builder"),
    ],
)
def test_a_wrong_parameter_is_named(client: httpx.Client, query: str, name: str) -> None:
    answer = client.get(f"/api/lighthouses?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["parameter"] == name
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "value", ['"', "\\", "\n", ">", "}", "?x", "$x", '" } #', '"@en . ?s ?p ?o . VALUES ?x { "', "'''", "%22", "Ωμέγα"]
)
def test_a_value_stays_data(client: httpx.Client, value: str) -> None:
    """Values that break out of the query elsewhere (field notes, D 61)."""
    encoded = "".join(f"%{byte:02X}" for byte in value.encode())

    answer = client.get(f"/api/named/{encoded}")

    assert (answer.status_code, answer.json()["total"]) == (200, 0)


@pytest.mark.parametrize("path", ["/api/named/%FF", "/api/lighthouses?above=%FF", "/api/named/%zz"])
def test_what_is_not_utf_8_is_refused(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 400


def test_a_known_answer_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/api/lighthouses")

    again = client.get("/api/lighthouses", headers={"If-None-Match": first.headers["etag"]})
    as_csv = client.get("/api/lighthouses?format=csv", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert as_csv.status_code == 200


@pytest.mark.parametrize("path", ["/api", "/api/lighthouses"])
def test_other_methods_are_not_allowed(client: httpx.Client, path: str) -> None:
    answer = client.post(path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_no_other_format_is_acceptable(client: httpx.Client) -> None:
    assert client.get("/api/lighthouses", headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/api/lighthouses?format=png").status_code == 406
    assert client.get("/api/lighthouses?format=").status_code == 406


def test_the_openapi_document_describes_every_route(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()

    for route in client.get("/api").json()["routes"]:
        operation = document["paths"][route["path"]]["get"]
        assert operation["operationId"] == route["name"]
        assert operation["summary"] == route["summary"]
        described = {parameter["name"]: parameter for parameter in operation["parameters"]}
        for parameter in route["parameters"]:
            assert described[parameter["name"]]["required"] == parameter["required"]
        assert {"200", "404", "422", "504"} <= operation["responses"].keys()
        assert set(operation["responses"]["422"]["content"]) == {"application/problem+json"}


def test_every_reference_in_the_openapi_document_leads_somewhere(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [found for value in part.values() for found in references(value)]
        return [found for value in part for found in references(value)] if isinstance(part, list) else []

    for reference in set(references(document)):
        part = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
        assert part
