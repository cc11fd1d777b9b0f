"""Pages for people (level 3): templates with escaping on, nothing loaded from elsewhere, no script needed."""

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kg.formats import HTML, OFFERED, RESULTS_CSV, Family
from kg.namespaces import BASE, PREFIXES
from kg.settings import Settings
from kg.store.base import QueryRequest, Store
from kg.web.answers import collect
from kg.web.exchange import Answer, Exchange, Headers
from kg.web.links import Links

_FOLDER: Final = Path(__file__).parent
# Nothing runs and nothing is fetched; the style stands in the page itself.
_POLICY: Final = (
    "Content-Security-Policy",
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
)
_FIRST_QUERY: Final = """\
SELECT ?class (COUNT(?thing) AS ?count)
WHERE { ?thing a ?class }
GROUP BY ?class
ORDER BY DESC(?count)
"""


class Pages:
    """Makes HTML of templates; each of them knows `prefix`, the path under which the public reaches us."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = urlsplit(settings.public_url).path
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, template: str, values: object, headers: Headers = ()) -> Answer:
        """The page of `template`, in which `page` is `values`."""
        html = self._environment.get_template(template).render(page=values, prefix=self.prefix)
        return self.given(html.encode(), headers)

    def given(self, html: bytes, headers: Headers = ()) -> Answer:
        """A page that is there already, as one that the dataset brings; the same policy holds for it."""
        return Answer(200, HTML.content_type, html, (_POLICY, *headers), cacheable=True)


def read_query_text(name: str) -> str:
    """The text of a query of ours, which stands in the file of that name."""
    return (_FOLDER / "queries" / f"{name}.rq").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: where it leads and what is behind it."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many things of a class there are."""

    label: str
    href: str
    count: int


@dataclass(frozen=True, slots=True)
class HomePage:
    """What the first page shows."""

    version: str
    counts: tuple[ClassCount, ...]
    lists: tuple[Door, ...]


@dataclass(frozen=True, slots=True)
class QueryPage:
    """What the page with the query form shows; `formats` are names that format= takes."""

    text: str
    formats: tuple[str, ...]


class FrontRooms:
    """The first page and the query form; `lists` are the REST routes that need no parameter."""

    def __init__(self, settings: Settings, store: Store, pages: Pages, lists: tuple[Door, ...]) -> None:
        self._settings = settings
        self._store = store
        self._pages = pages
        self._lists = lists
        self._overview = read_query_text("overview")

    async def home(self, exchange: Exchange) -> None:
        """Answer / with what there is, counted now."""
        exchange.require_method("GET")
        request = QueryRequest(self._overview, RESULTS_CSV, BASE, self._settings.timeout_s)
        table = (await collect(exchange, self._store, request)).decode()
        links = Links(self._pages.prefix)
        counts = tuple(
            ClassCount(row["label"], links.href(row["class"]) or "", int(row["count"]))
            for row in csv.DictReader(StringIO(table, newline=""))
        )
        await exchange.answer(self._pages.page("home.html", HomePage(self._store.version, counts, self._lists)))

    async def query(self, exchange: Exchange) -> None:
        """Answer /query: a form that sends its text to /sparql, without script."""
        exchange.require_method("GET")
        prefixes = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in PREFIXES.items())
        formats = dict.fromkeys(known.name for family in (Family.SOLUTIONS, Family.GRAPH) for known in OFFERED[family])
        await exchange.answer(self._pages.page("query.html", QueryPage(prefixes + _FIRST_QUERY, tuple(formats))))
