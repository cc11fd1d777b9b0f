"""Every IRI of the dataset leads to what the dataset says of it, in every format, for programs and for people."""

import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import rdflib
import rdflib.compare
from SPARQLWrapper import TURTLE, SPARQLWrapper

from kg.web.pages import read_query_text
from servers import SAMPLE, Server, StartServer, client_of, exchange_bytes, starting, write_large_dataset

ID = "https://w3id.org/rapallo/id/"
KG = rdflib.Namespace("https://w3id.org/rapallo/ont#")
PHAROS = rdflib.URIRef(ID + "pharos")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "extension"),
    [
        ("*/*", "ttl"),
        ("text/turtle", "ttl"),
        ("application/n-triples", "nt"),
        ("application/ld+json", "jsonld"),
        ("application/json", "jsonld"),
        ("application/rdf+xml", "rdf"),
        (BROWSER, "html"),
    ],
)
@pytest.mark.parametrize("thing", ["id/pharos", "st/pharos-made-by", "src/l1-2", "voc/normal"])
def test_a_thing_leads_to_its_document_in_the_format_asked_for(
    server: Server, client: httpx.Client, thing: str, accept: str, extension: str
) -> None:
    response = client.get(f"/{thing}", headers={"Accept": accept})

    assert response.status_code == 303
    assert response.headers["location"] == f"{server.url}/doc/{thing}.{extension}"


def test_format_wins_over_accept(server: Server, client: httpx.Client) -> None:
    response = client.get("/id/pharos?format=nt", headers={"Accept": BROWSER})

    assert response.headers["location"] == f"{server.url}/doc/id/pharos.nt"


@pytest.mark.parametrize(
    ("name", "location"),
    [
        ('<b>"|', "%3Cb%3E%22%7C"),
        ("a%0d%0aSet-Cookie:%20b=c", "a%0d%0aSet-Cookie:%20b=c"),
        ("a//../b", "a//../b"),
        ("x" * 60_000, "x" * 60_000),
    ],
)
def test_an_address_is_made_of_what_an_address_may_hold(server: Server, name: str, location: str) -> None:
    raw = exchange_bytes(server, f"GET /id/{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())

    head = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[0] == "HTTP/1.1 303 See Other"
    assert [line for line in head if line.lower().startswith(("location", "set-cookie"))] == [
        f"location: {server.url}/doc/id/{location}.ttl"
    ]


@pytest.mark.parametrize("path", ["/id/a%00b", "/doc/id/a%00b.ttl", "/resource?iri=urn:%00", "/api/named/%00"])
def test_nul_is_refused_everywhere(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.needs_curl
def test_rdflib_sparqlwrapper_and_curl_get_the_same_triples(server: Server) -> None:
    by_rdflib = rdflib.Graph().parse(f"{server.url}/id/pharos")
    curl = [shutil.which("curl") or "curl", "--silent", "--show-error", "--fail", "--location", "--noproxy", "*"]
    fetched = subprocess.run([*curl, f"{server.url}/id/pharos"], capture_output=True, check=True, timeout=30)
    by_curl = rdflib.Graph().parse(data=fetched.stdout, format="turtle")
    wrapper = SPARQLWrapper(f"{server.url}/sparql", returnFormat=TURTLE)
    wrapper.setQuery(read_query_text("description").replace("$iri", f"<{PHAROS}>"))
    by_wrapper = rdflib.Graph().parse(data=wrapper.query().response.read(), format="turtle")

    assert len(by_rdflib) > 15
    assert rdflib.compare.isomorphic(by_rdflib, by_curl)
    assert rdflib.compare.isomorphic(by_rdflib, by_wrapper)


def test_a_description_holds_the_thing_its_claims_and_the_labels_of_what_is_named(client: httpx.Client) -> None:
    graph = rdflib.Graph().parse(data=client.get("/doc/id/pharos.ttl").content, format="turtle")

    claim = rdflib.URIRef("https://w3id.org/rapallo/st/pharos-made-by")
    assert (PHAROS, KG.madeBy, rdflib.URIRef(ID + "sostratus")) in graph
    assert (claim, KG.cite, rdflib.URIRef("https://w3id.org/rapallo/src/l1-2")) in graph
    assert (rdflib.URIRef(ID + "alexandria"), rdflib.RDFS.label, rdflib.Literal("Alexandria", lang="en")) in graph
    assert (KG.madeBy, rdflib.RDFS.label, rdflib.Literal("was made by", lang="en")) in graph
    assert {str(subject) for subject in graph.subjects() if ID in str(subject)} == {
        ID + "pharos",
        ID + "sostratus",
        ID + "alexandria",
    }


def test_a_passage_is_described_with_the_claims_that_cite_it_and_a_source_with_its_passages(
    client: httpx.Client,
) -> None:
    passage = rdflib.Graph().parse(data=client.get("/doc/src/l1-2.ttl").content, format="turtle")
    source = rdflib.Graph().parse(data=client.get("/doc/src/l1.ttl").content, format="turtle")

    assert (None, KG.about, PHAROS) in passage
    assert (rdflib.URIRef("https://w3id.org/rapallo/src/l1-2"), KG.passageOf, None) in source


def test_the_turtle_begins_with_the_thing_itself(client: httpx.Client) -> None:
    lines = client.get("/doc/id/pharos.ttl").text.splitlines()

    assert next(line for line in lines if not line.startswith("@prefix")).startswith("id:pharos ")


def test_a_document_names_its_other_formats_in_header_and_page(server: Server, client: httpx.Client) -> None:
    response = client.get("/doc/id/pharos.html")

    link = response.headers["link"]
    assert f'<{PHAROS}>; rel="describes"' in link
    for name, media_type in (("ttl", "text/turtle"), ("jsonld", "application/ld+json"), ("rdf", "application/rdf+xml")):
        address = f"{server.url}/doc/id/pharos.{name}"
        assert f'<{address}>; rel="alternate"; type="{media_type}"' in link
        assert f'<link rel="alternate" type="{media_type}" href="{address}">' in response.text


def test_the_page_shows_labels_links_on_and_footnotes_the_passage(client: httpx.Client) -> None:
    response = client.get("/doc/id/pharos.html")

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert '<h1 lang="en">Lighthouse of Alexandria</h1>' in response.text
    assert '<a href="/id/alexandria" lang="en">Alexandria</a>' in response.text
    assert '<a href="/ont#madeBy" lang="en">was made by</a>' in response.text
    assert '<span class="note">[<a href="/src/l1-2">src:l1-2</a>]</span>' in response.text
    assert '<a href="/st/pharos-made-by">' in response.text
    assert 'lang="de">Leuchtturm von Alexandria</span>' in response.text


def test_a_page_loads_nothing_and_runs_nothing(client: httpx.Client) -> None:
    for address in ("/", "/query", "/doc/id/pharos.html", "/ont?format=html", "/shapes?format=html"):
        response = client.get(address)

        assert response.status_code == 200, address
        assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
        assert "<script" not in response.text
        assert " src=" not in response.text


def test_every_link_of_the_home_page_leads_somewhere(client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept": BROWSER}).text
    links = {part.partition('"')[0].partition("#")[0] for part in page.split('href="')[1:]} - {""}

    assert {"/query", "/api", "/openapi.json", "/dataset.ttl", "/ont", "/shapes", "/api/lighthouses"} <= links
    for link in links:
        assert client.get(link).status_code == 200, link


def test_the_ontology_and_the_shapes_are_served_as_triples_and_as_lists(client: httpx.Client) -> None:
    ontology = rdflib.Graph().parse(data=client.get("/ont").content, format="turtle")
    shapes = rdflib.Graph().parse(
        data=client.get("/shapes", headers={"Accept": "text/turtle"}).content, format="turtle"
    )

    assert (KG.Lighthouse, rdflib.RDFS.subClassOf, KG.Facility) in ontology
    assert (PHAROS, None, None) not in ontology
    assert (None, rdflib.SH.targetClass, KG.Lighthouse) in shapes
    assert '<h3 id="Lighthouse">lighthouse</h3>' in client.get("/ont", headers={"Accept": BROWSER}).text
    assert '<h3 id="LighthouseShape">' in client.get("/shapes", headers={"Accept": BROWSER}).text


@pytest.mark.parametrize(
    ("path", "media_type"), [("/dataset.ttl", "text/turtle"), ("/dataset.nt", "application/n-triples")]
)
def test_the_dataset_is_served_whole_with_the_digest_of_its_bytes(
    client: httpx.Client, path: str, media_type: str
) -> None:
    response = client.get(path, headers={"Accept-Encoding": "identity"})

    assert response.headers["content-type"].partition(";")[0] == media_type
    digest = response.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
    assert b64decode(digest) == sha256(response.content).digest()
    expected = rdflib.Graph()
    for file in sorted((Path(__file__).parents[1] / "sample").glob("[ot][nr]*/*.ttl")):
        if file.name != "shapes.ttl":
            expected.parse(file)
    assert rdflib.compare.isomorphic(rdflib.Graph().parse(data=response.content, format=media_type), expected)


def test_the_dataset_for_an_ontology_editor_is_one_ontology_with_the_digest_of_its_bytes(
    client: httpx.Client,
) -> None:
    uncoded = {"Accept-Encoding": "identity"}
    plain = client.get("/dataset.ttl", headers=uncoded)

    merged = client.get("/dataset.ttl?profile=protege", headers=uncoded)
    again = client.get("/dataset.ttl?profile=protege", headers={**uncoded, "If-None-Match": merged.headers["etag"]})

    digest = merged.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
    assert b64decode(digest) == sha256(merged.content).digest()
    assert merged.headers["etag"] != plain.headers["etag"]
    assert merged.headers["content-disposition"] == 'inline; filename="protege.ttl"'
    graph = rdflib.Graph().parse(data=merged.content, format="turtle")
    claim = rdflib.URIRef("https://w3id.org/rapallo/st/pharos-made-by")
    assert len(list(graph.subjects(rdflib.RDF.type, rdflib.OWL.Ontology))) == 1
    assert graph.value(claim, rdflib.RDFS.label) == rdflib.Literal(
        'Lighthouse of Alexandria: was made by: Sostratus "of Cnidus", son of Dexiphanes [L1#2]', lang="en"
    )
    assert again.status_code == 304


@pytest.mark.parametrize("query", ["profile=docx", "profile=", "profile=protege&profile=protege"])
def test_a_profile_that_there_is_not_is_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/dataset.ttl?{query}")

    assert answer.status_code == 400
    assert answer.json()["parameter"] == "profile"


ODD_NAMES = [
    "Смоленск",
    "قلعة",
    "o'brien",
    "a(b)",
    "a%2Fb",
    "a/b",
    "a%20b",
    "a,b;c",
    "a:b",
    "100%25",
    "x.ttl",
    "a@b",
    "~a",
]


@pytest.fixture(scope="module")
def odd_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a dataset whose entities have odd names, each labelled with its own name."""
    root = write_large_dataset(tmp_path_factory.mktemp("odd"), subjects=1)
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    lines = [
        f'<{ID}{name}> {label} "{name}" ; <https://w3id.org/rapallo/ont#next> <{ID}{name}> .' for name in ODD_NAMES
    ]
    lines.append(f'<{ID}what?is=it> {label} "<script>alert(1)</script>" ; <{KG}see> <javascript:alert(2)> .')
    # A claim and its passage that are at no address.
    lines.append(f"<urn:claim> <{KG}involves> <{ID}what?is=it> ; <{KG}cite> <urn:passage> .")
    lines.append(f"<{KG}involves> <http://www.w3.org/2000/01/rdf-schema#subPropertyOf> <{KG}involves> .")
    (root / "triples" / "odd.ttl").write_text("\n".join(lines), encoding="utf-8")
    with starting() as start:
        yield start(root)


def test_an_odd_name_leads_to_its_own_document_from_its_page_and_by_resource(odd_names: Server) -> None:
    with client_of(odd_names) as client:
        for name in ODD_NAMES:
            iri = ID + name
            by_resource = client.get("/resource", params={"iri": iri}, headers={"Accept": BROWSER})
            assert f">{name}</h1>".replace("'", "&#39;") in by_resource.text, name
            href = next(part.partition('"')[0] for part in by_resource.text.split('href="') if part.startswith("/id/"))

            document = client.get(href.replace("&#39;", "'"), headers={"Accept": "text/turtle"}, follow_redirects=True)

            subjects = set(rdflib.Graph().parse(data=document.content, format="turtle").subjects())
            assert subjects == {rdflib.URIRef(iri)}, name


def test_an_iri_with_a_query_has_its_page_under_resource_and_no_script_gets_through(odd_names: Server) -> None:
    iri = ID + "what?is=it"
    with client_of(odd_names) as client:
        page = client.get("/resource", params={"iri": iri, "format": "html"}).text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert 'href="javascript:' not in page
    assert "urn:claim</h3>" in page
    assert 'href="None"' not in page
    assert f"/resource?iri={quote(iri, safe='')}&amp;format=turtle" in page


def test_public_links_begin_with_the_configured_address_and_nothing_comes_from_headers(
    start_server: StartServer,
) -> None:
    public = "https://example.org/kg"
    server = start_server(public_url=public + "/")
    forged = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "ftp",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example;proto=ftp",
    }
    with client_of(server) as client:
        answers = {
            address: client.get(address, headers={**forged, "Accept": accept})
            for address, accept in {
                "/id/pharos": BROWSER,
                "/sparql": BROWSER,
                "/sparql/": "text/turtle",
                "/doc/id/pharos.html": BROWSER,
                "/": BROWSER,
                "/query": BROWSER,
                "/api/lighthouses": "*/*",
                "/api": "*/*",
                "/openapi.json": "*/*",
                "/nothing": "*/*",
                "/api/nothing": "*/*",
            }.items()
        }

    for address, answer in answers.items():
        everything = answer.text + str(answer.headers)
        assert "evil" not in everything, address
        assert "ftp:" not in everything, address
        assert "127.0.0.1" not in everything, address
    assert answers["/id/pharos"].headers["location"] == f"{public}/doc/id/pharos.html"
    assert answers["/sparql"].headers["location"] == f"{public}/query"
    assert f"<{public}/sparql>" in answers["/sparql/"].text
    assert f'<{public}/doc/id/pharos.ttl>; rel="alternate"' in answers["/doc/id/pharos.html"].headers["link"]
    assert 'href="/kg/id/alexandria"' in answers["/doc/id/pharos.html"].text
    assert 'href="/kg/query"' in answers["/"].text
    assert 'action="/kg/sparql"' in answers["/query"].text
    assert {item["url"] for item in answers["/api/lighthouses"].json()["items"]} == {
        f"{public}/id/pharos",
        f"{public}/id/eddystone",
    }
    assert all(route["example"].startswith(f"{public}/api/") for route in answers["/api"].json()["routes"])
    assert answers["/openapi.json"].json()["servers"] == [{"url": public}]


def test_the_ontology_is_shown_as_the_page_that_the_dataset_brings(start_server: StartServer, tmp_path: Path) -> None:
    root = tmp_path / "dataset"
    shutil.copytree(SAMPLE, root)
    brought = '<!DOCTYPE html><html lang="en"><title>Lights</title><h1 id="Lighthouse">Lighthouse</h1></html>'
    (root / "ontology" / "core.html").write_text(brought, encoding="utf-8")
    with client_of(start_server(root)) as client:
        page = client.get("/ont", headers={"Accept": BROWSER})
        turtle = client.get("/ont", headers={"Accept": "text/turtle"})
        posted = client.post("/ont", headers={"Accept": BROWSER})
        again = client.get("/ont?format=html", headers={"If-None-Match": page.headers["etag"]})

    assert (page.status_code, page.text) == (200, brought)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert 'rel="describes"' in page.headers["link"]
    assert '/ont?format=turtle>; rel="alternate"; type="text/turtle"' in page.headers["link"]
    assert (KG.Lighthouse, None, None) in rdflib.Graph().parse(data=turtle.content, format="turtle")
    assert posted.status_code == 405
    assert again.status_code == 304
