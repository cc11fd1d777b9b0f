"""The rooms of linked data (level 3): every IRI of the dataset leads to what the dataset says of it.

/id/x and its like stand for things: 303 to the document in the negotiated format (Cool URIs for the Semantic Web,
section 4.2). Nothing is ever fetched: an IRI that the dataset does not know is not found.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from kg.errors import NotFound, ParameterError
from kg.files import Dataset
from kg.formats import HTML, JSON_LD, N_TRIPLES, RDF_XML, TURTLE, Format
from kg.namespaces import BASE, ONTOLOGY, SHAPES_GRAPH, SPACES
from kg.settings import Settings
from kg.sparql.decoding import decode_pairs
from kg.sparql.negotiation import by_name, negotiate
from kg.store.base import DumpRequest, Lane, QueryRequest, Store
from kg.web.answers import answer_request, collect
from kg.web.exchange import Answer, Exchange
from kg.web.facts import Document, Facts, Section
from kg.web.links import Links, name_of_path, path_of_name
from kg.web.pages import Pages, read_query_text

# A client without a preference gets triples; browsers ask for HTML by name.
FORMATS: Final = (TURTLE, N_TRIPLES, JSON_LD, RDF_XML, HTML)


@dataclass(frozen=True, slots=True)
class Alternate:
    """The same in another format."""

    name: str
    media_type: str
    href: str


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """What the page about one thing shows."""

    document: Document
    alternates: tuple[Alternate, ...]


@dataclass(frozen=True, slots=True)
class TermsPage:
    """What the page about the ontology or the shapes shows."""

    title: str
    iri: str
    sections: tuple[Section, ...]
    alternates: tuple[Alternate, ...]


class Documents:
    """Describes things, the ontology and the shapes in every format; pages are made of the same triples."""

    def __init__(self, settings: Settings, store: Store, pages: Pages, dataset: Dataset) -> None:
        page = dataset.ontology_page
        self._ontology_page = page.read_bytes() if page.is_file() else None
        self._settings = settings
        self._store = store
        self._pages = pages
        self._links = Links(pages.prefix)
        self._description = read_query_text("description")
        self._ontology = read_query_text("ontology")

    async def redirect(self, exchange: Exchange) -> None:
        """Lead from a thing, as /id/x, to its document in the format that the client likes best.

        Whether the dataset knows the thing is for the document to say.

        Raises:
            MalformedRequest: the name is not UTF-8.
        """
        exchange.require_method("GET")
        _, space, name = exchange.path.split("/", 2)
        if not name:
            raise NotFound(f"/{space}/ needs a name behind it")
        address = path_of_name(name_of_path(name))  # what a path may hold, whatever the client sent
        location = f"{self._settings.public_url}/doc/{space}/{address}.{_choose(exchange).extension}"
        await exchange.answer(Answer(303, headers=(("Location", location),)))

    async def document(self, exchange: Exchange) -> None:
        """Answer /doc/{space}/{name}.{extension}."""
        exchange.require_method("GET")
        space, _, rest = exchange.path.removeprefix("/doc/").partition("/")
        name, _, extension = rest.rpartition(".")
        chosen = next((known for known in FORMATS if known.extension == extension), None)
        if space not in SPACES or not name or chosen is None:
            spaces, extensions = ", ".join(SPACES), ", ".join(known.extension for known in FORMATS)
            raise NotFound(f"documents are /doc/SPACE/NAME.EXTENSION; spaces are {spaces}, extensions {extensions}")
        try:
            node = ox.NamedNode(f"{BASE}{space}/{name_of_path(name)}")
        except ValueError as error:
            raise NotFound(f"the name is not that of an IRI: {error}") from error
        await self._describe(exchange, node, chosen, lambda known: f"/doc/{space}/{name}.{known.extension}")

    async def resource(self, exchange: Exchange) -> None:
        """Answer /resource?iri= for any IRI of the dataset, however odd.

        Raises:
            ParameterError: there is not exactly one iri=, or it is no absolute IRI.
        """
        exchange.require_method("GET")
        iris = [value for name, value in decode_pairs(exchange.query_string) if name == "iri"]
        if len(iris) != 1:
            raise ParameterError("iri", f"must be given once; it is given {len(iris)} times")
        try:
            node = ox.NamedNode(iris[0])
        except ValueError as error:
            raise ParameterError("iri", f"must be an absolute IRI: {error}") from error
        address = f"/resource?iri={quote(node.value, safe='')}&format="
        await self._describe(exchange, node, _choose(exchange), lambda known: address + known.name)

    async def ontology(self, exchange: Exchange) -> None:
        """Answer /ont: the ontology, for people the page that the dataset brings, else a list of its terms."""
        exchange.require_method("GET")
        if self._ontology_page is not None and _choose(exchange) is HTML:
            headers = (("Link", _link_header(ONTOLOGY, self._formats_of(exchange, HTML))),)
            await exchange.answer(self._pages.given(self._ontology_page, headers))
            return
        await self._list(exchange, "Ontology", ONTOLOGY, self._query(self._ontology, N_TRIPLES))

    async def shapes(self, exchange: Exchange) -> None:
        """Answer /shapes: the shapes graph, for people a list of its shapes."""
        await self._list(
            exchange, "Shapes", SHAPES_GRAPH, DumpRequest(N_TRIPLES, self._settings.timeout_s, SHAPES_GRAPH)
        )

    async def _describe(
        self, exchange: Exchange, node: ox.NamedNode, chosen: Format, address: Callable[[Format], str]
    ) -> None:
        """Answer with the description of `node`; `address` is the path of the description in a format.

        Raises:
            NotFound: no triple of the dataset holds it.
        """
        # The term is printed as SPARQL writes it; its constructor has refused what could leave the brackets.
        request = self._query(self._description.replace("$iri", str(node)), N_TRIPLES if chosen is HTML else chosen)
        alternates = self._alternates(chosen, address)
        headers = (("Link", _link_header(node.value, alternates)),)
        missing = NotFound(f"the dataset knows nothing of {node.value}")
        if chosen is not HTML:
            limit = self._settings.buffer_bytes
            await answer_request(exchange, self._store, request, limit, Lane.RESERVED, headers, if_empty=missing)
            return
        triples = _read(await collect(exchange, self._store, request))
        if not triples:
            raise missing
        page = DocumentPage(Facts(triples, self._links).document(node), alternates)
        await exchange.answer(self._pages.page("document.html", page, headers))

    async def _list(self, exchange: Exchange, title: str, iri: str, request: QueryRequest | DumpRequest) -> None:
        """Answer with all that `request`, in N-Triples, gives, or with a page that lists it."""
        exchange.require_method("GET")
        chosen = _choose(exchange)
        alternates = self._formats_of(exchange, chosen)
        headers = (("Link", _link_header(iri, alternates)),)
        if chosen is not HTML:
            limit = self._settings.buffer_bytes
            wanted = replace(request, format=chosen)
            await answer_request(exchange, self._store, wanted, limit, Lane.RESERVED, headers)
            return
        triples = _read(await collect(exchange, self._store, request))
        page = TermsPage(title, iri, Facts(triples, self._links).sections(), alternates)
        await exchange.answer(self._pages.page("terms.html", page, headers))

    def _query(self, text: str, chosen: Format) -> QueryRequest:
        return QueryRequest(text, chosen, BASE, self._settings.timeout_s)

    def _formats_of(self, exchange: Exchange, chosen: Format) -> tuple[Alternate, ...]:
        """The same path in the other formats."""
        return self._alternates(chosen, lambda known: f"{exchange.path}?format={known.name}")

    def _alternates(self, chosen: Format, address: Callable[[Format], str]) -> tuple[Alternate, ...]:
        base = self._settings.public_url
        others = (known for known in FORMATS if known is not chosen)
        return tuple(Alternate(known.name, known.media_type, base + address(known)) for known in others)


def _choose(exchange: Exchange) -> Format:
    """The format that ?format= names, else the one that Accept likes best.

    Raises:
        NotAcceptable: there is none.
    """
    names = [value for name, value in decode_pairs(exchange.query_string) if name == "format" and value]
    return by_name(names[0], FORMATS) if names else negotiate(exchange.header("accept"), FORMATS)


def _read(n_triples: bytes) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(n_triples, ox.RdfFormat.N_TRIPLES)]


def _link_header(iri: str, alternates: tuple[Alternate, ...]) -> str:
    """The thing that is described, and the other formats (RFC 8288; RFC 6892 for `describes`)."""
    described = f'<{quote(iri, safe="%/:=&?~#+!$,;@()*[]")}>; rel="describes"'
    others = (f'<{other.href}>; rel="alternate"; type="{other.media_type}"' for other in alternates)
    return ", ".join((described, *others))
