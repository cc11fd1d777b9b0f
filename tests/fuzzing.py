"""Requests for a fuzzer: queries of the W3C suites, or seeds of our own, mutated together with what carries them.

Everything comes from one `random.Random`, so that a seed makes the same requests again.
"""

import os
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_from_bytes

SEEDS = (
    "SELECT * WHERE { ?s ?p ?o }",
    ("PREFIX kg: <https://w3id.org/rapallo/ont#> "
    "SELECT ?a (COUNT(?b) AS ?n) { ?a kg:number ?b } GROUP BY ?a HAVING (?n > 0)"),
    "ASK { ?s ?p ?o FILTER(?o > 3 && REGEX(STR(?s), '^http.*n[0-9]+$', 'i')) }",
    "CONSTRUCT { ?s ?p [ a ?o ] } WHERE { ?s ?p ?o OPTIONAL { ?o ?q ?r } } LIMIT 10",
    "DESCRIBE <https://w3id.org/rapallo/id/n7>",
    ("SELECT ?x (GROUP_CONCAT(DISTINCT STR(?y); SEPARATOR=', ') AS ?all) "
    "{ ?x (<urn:a>|!<urn:b>)*/^<urn:c>+ ?y } GROUP BY ?x"),
    ("SELECT * { VALUES (?a ?b) { (1 'x'@en) (UNDEF <urn:y>) } GRAPH ?g { ?a ?b ?c } MINUS { ?a ?b 2.5e3 } } "
    "ORDER BY DESC(?a)"),
    ("BASE <http://example.org/> "
    "SELECT (REPLACE('abc', '(b)', '[$1]') AS ?r) (NOW() AS ?t) (IF(true, 1/0, 'no') AS ?i) {}"),
    ("SELECT * FROM <urn:g> FROM NAMED <urn:h> "
    "{ { ?a ?b ?c } UNION { SELECT ?a { ?a ?b 'x'^^<urn:t> } LIMIT 5 OFFSET 1 } }"),
    "SELECT ?s { ?s ?p << ?a ?b ?c >> . FILTER NOT EXISTS { ?s ?q ?s } BIND(SHA256(STR(?s)) AS ?h) }",
)  # fmt: skip
UPDATES = (
    "INSERT DATA { <urn:a> <urn:b> 1 }",
    "DELETE WHERE { ?s ?p ?o }; CLEAR ALL",
    "LOAD <http://127.0.0.1:9/> INTO GRAPH <urn:g>",
)

_PIECE = re.compile(r"\"[^\"]*\"|'[^']*'|<[^>]*>|[?$]?\w+(?::\w*)?|\s+|.", re.DOTALL)
_KEYWORDS = """
    SELECT ASK CONSTRUCT DESCRIBE WHERE FILTER OPTIONAL UNION MINUS GRAPH SERVICE SILENT BIND VALUES UNDEF DISTINCT
    REDUCED ORDER BY DESC LIMIT OFFSET GROUP HAVING COUNT SUM AVG GROUP_CONCAT SAMPLE NOT EXISTS IN AS FROM NAMED BASE
    PREFIX STR LANG DATATYPE REGEX REPLACE CONCAT IF COALESCE NOW() RAND() UUID() BNODE() TRIPLE SUBJECT LATERAL LOAD a
    true { } ( ) [ ] . ; , * + ? ! | / ^ < > <= != && || = - @en ^^ << >> {| |} # \\ ' " ''' \"\"\" ?s ?p ?o $x _:b
    <urn:x> <> <http://[::1]/> 0 1 -1 1.5 1e400 99999999999999999999999999 'x'@en 'x'^^<urn:t> '\\u0000' \\uD800
"""
_CHARACTERS = "\ufeff \u00a0 \U0001f600 \ufffe \x00 \x1f \u0441 \u2028"
_WORDS = (*_KEYWORDS.split(), *_CHARACTERS.split(" "))
_ACCEPTS = (
    None,
    "*/*",
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/turtle",
    "application/ld+json;q=0.5, text/tab-separated-values",
    "application/n-triples, */*;q=0.1",
    "application/rdf+xml, application/sparql-results+json;q=0.001",
    "text/html",
    "application/pdf",
    "application/*;q=0",
    "",
    ",",
    ";;",
    "text/csv;q=2",
    'text/csv; q="',
    "a/b/c",
    "*/json",
    "\xff\xfe",
    ", ".join(f"x/y{n};q=0.{n}" for n in range(300)),
)
_CODINGS = (None, None, "gzip", "identity", "br, gzip;q=0.5", "*;q=0", "identity;q=0", "gzip;q=", ",,", "\xe4")
_FORM = "application/x-www-form-urlencoded"
_DIRECT = "application/sparql-query"
_ODD_TYPES = (
    _DIRECT + "; charset=utf-8",
    _DIRECT + "; charset=utf-16",
    "application/sparql-update",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/json",
    _FORM.upper(),
    "a",
    "",
    "\xff",
    None,
)
_NAMES = (
    "query",
    "default-graph-uri",
    "named-graph-uri",
    "timeout",
    "format",
    "output",
    "update",
    "using-graph-uri",
    "x",
)
_VALUES = (
    *("urn:g", "https://w3id.org/rapallo/shapes", "", "x", "http://a b", "ASK {}", "%", "\x00", "\u0441"),
    *("json", "xml", "csv", "turtle", "nt", "pdf", "0.1", "0.3", "0", "-1", "1e9", "nan", "10000000"),
)


@dataclass(frozen=True)
class Case:
    """A request, and which statuses it may have."""

    method: str
    target: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    allowed: frozenset[int]


@dataclass
class Maker:
    """Makes cases from queries."""

    chance: random.Random
    queries: Sequence[str]
    mutations: list[Callable[[list[str]], list[str]]] = field(init=False)

    def __post_init__(self) -> None:
        self.mutations = [
            self._drop,
            self._double,
            self._swap,
            self._insert,
            self._splice,
            self._nest,
            self._repeat,
            self._grow,
        ]

    def case(self) -> Case:
        """The next request."""
        chance = self.chance
        update = chance.random() < 0.03
        text = self.mutated(chance.choice(UPDATES) if update else chance.choice(self.queries))
        pairs = [("update" if update else "query", text), *self._parameters()]
        if chance.random() < 0.03:
            chance.shuffle(pairs)
        if chance.random() < 0.02:
            pairs.pop(0)
        names = {name for name, _ in pairs}
        method = chance.choices(
            ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "BREW"), (40, 50, 3, 1, 1, 1, 1, 1)
        )[0]
        allowed = {200, 303, 400, 406, 413, 414, 503, 504, 507}
        headers = self._headers()
        target, body = b"/sparql", None
        if method == "POST":
            content_type = chance.choices((_FORM, _DIRECT, chance.choice(_ODD_TYPES)), (4, 4, 1))[0]
            direct = content_type is not None and content_type.lower().startswith("application/sparql")
            in_target = pairs[1:] if direct or chance.random() < 0.1 else []
            body = (
                text.encode("utf-8", "surrogatepass") if direct else self._encoded(pairs[: len(pairs) - len(in_target)])
            )
            target += b"?" + self._encoded(in_target) if in_target else b""
            if content_type is not None:
                headers.append(("Content-Type", content_type))
            allowed |= {415, 403}
        else:
            target += b"?" + self._encoded(pairs)
        if names & {"update", "using-graph-uri", "using-named-graph-uri"}:
            allowed |= {403, 405}
        if method not in ("GET", "POST", "HEAD"):
            allowed |= {204, 405}
        if sum(len(name) + len(value) for name, value in headers) > 60_000:
            allowed |= {431}
        return Case(method, target, tuple(headers), body, frozenset(allowed))

    def mutated(self, text: str) -> str:
        """`text` with some mutations, most often few."""
        pieces = _PIECE.findall(text)
        for _ in range(self.chance.choice((0, 0, 1, 1, 1, 2, 3, 8))):
            pieces = self.chance.choice(self.mutations)(pieces)[:60_000]
        return "".join(pieces)

    def _place(self, pieces: list[str]) -> int:
        return self.chance.randrange(len(pieces) + 1)

    def _drop(self, pieces: list[str]) -> list[str]:
        at = self._place(pieces)
        return pieces[:at] + pieces[at + self.chance.choice((1, 1, 2, 8)) :]

    def _double(self, pieces: list[str]) -> list[str]:
        first, last = sorted((self._place(pieces), self._place(pieces)))
        return pieces[:last] + pieces[first:last] + pieces[last:]

    def _swap(self, pieces: list[str]) -> list[str]:
        first, middle, last = sorted(self._place(pieces) for _ in range(3))
        return pieces[:first] + pieces[middle:last] + pieces[first:middle] + pieces[last:]

    def _insert(self, pieces: list[str]) -> list[str]:
        at = self._place(pieces)
        return [*pieces[:at], " ", self.chance.choice(_WORDS), " ", *pieces[at:]]

    def _splice(self, pieces: list[str]) -> list[str]:
        other = _PIECE.findall(self.chance.choice(self.queries))
        first, last = sorted((self._place(other), self._place(other)))
        at = self._place(pieces)
        return pieces[:at] + other[first:last] + pieces[at:]

    def _nest(self, pieces: list[str]) -> list[str]:
        opener, closer = self.chance.choice(
            (("{ ", " }"), ("(", ")"), ("[ ?p ", " ]"), ("!", ""), ("<<( ?s ?p ", " )>>"))
        )
        times = self.chance.choice((1, 3, 50, 199, 500, 5000))
        first, last = sorted((self._place(pieces), self._place(pieces)))
        return [*pieces[:first], opener * times, *pieces[first:last], closer * times, *pieces[last:]]

    def _repeat(self, pieces: list[str]) -> list[str]:
        at = self._place(pieces)
        piece = "".join(pieces[at : at + self.chance.choice((1, 3, 10))])
        return [
            *pieces[:at],
            piece * min(self.chance.choice((2, 20, 300, 3000)), 200_000 // (len(piece) + 1)),
            *pieces[at:],
        ]

    def _grow(self, pieces: list[str]) -> list[str]:
        places = [number + 1 for number, piece in enumerate(pieces) if piece in ("{", ".")]
        at = self.chance.choice(places) if places else self._place(pieces)
        product = " ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . "
        text = self.chance.choice(
            (product, "'" + "y" * 30_000 + "'", " (?x+?x+1) ", "?v0 ?v1 ?v2 . " * 80, " ORDER BY ?a ")
        )
        return [*pieces[:at], text, *pieces[at:]]

    def _parameters(self) -> list[tuple[str, str]]:
        if self.chance.random() < 0.8:
            return []
        return [
            (self.chance.choice(_NAMES), self.chance.choice(_VALUES))
            for _ in range(self.chance.choice((1, 1, 2, 4, 40)))
        ]

    def _encoded(self, pairs: Sequence[tuple[str, str]]) -> bytes:
        """`pairs` as a form; now and then not quite."""
        content = b"&".join(
            quote_from_bytes(name.encode()).encode()
            + b"="
            + quote_from_bytes(value.encode("utf-8", "surrogatepass")).encode()
            for name, value in pairs
        )
        match self.chance.randrange(60):
            case 0:
                return content.replace(b"%20", b"+")
            case 1:
                return content.replace(b"%", b"%25")
            case 2:
                return content + self.chance.choice(
                    (b"%", b"%FF", b"%C3%28", b"%ED%A0%80", b"&&", b"&=", b"=", b";", b"%zz", b"&query")
                )
            case _:
                return content

    def _headers(self) -> list[tuple[str, str]]:
        headers = []
        for name, values in (("Accept", _ACCEPTS), ("Accept-Encoding", _CODINGS)):
            value = self.chance.choice(values if self.chance.random() < 0.25 else values[:2])
            if value is not None:
                headers.append((name, value))
        match self.chance.randrange(40):
            case 0:
                headers.append(("X-Request-Id", self.chance.choice(("ok-1", "\xff", "x" * 1000, ""))))
            case 1:
                headers.append(("If-None-Match", self.chance.choice(('"x"', "nonsense,,", "W/", '"' * 500))))
            case 2:
                headers.append(("Origin", "https://example.org"))
            case 3:
                headers.append(("X-Long", "x" * self.chance.choice((100, 60_000))))
        return headers


_HOST = b" HTTP/1.1\r\nHost: a\r\n"
_POST = b"POST /sparql" + _HOST + b"Content-Type: "
RAW = (
    b"GET /sparql?query=ASK%7B%7D" + _HOST + b"\r\n",
    _POST + _DIRECT.encode() + b"\r\nContent-Length: 6\r\n\r\nASK {}",
    _POST + _FORM.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nquery\r\nb\r\n=ASK%20%7B%7D\r\n0\r\n\r\n",
    b"HEAD /doc/id/n7.html" + _HOST + b"Accept-Encoding: gzip\r\n\r\nGET /health/live HTTP/1.0\r\n\r\n",
    b"OPTIONS /sparql" + _HOST + b"Origin: http://b\r\nAccess-Control-Request-Method: POST\r\n"
    b"Connection: Upgrade\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n\r\n",
)  # fmt: skip
_ODD_LINES = (
    b"Content-Length: 3",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: -1",
    b"Transfer-Encoding: gzip, chunked",
    b"Expect: 100-continue",
    b"Host: b",
    b"Connection: close",
    b"X: " + b"y" * 70_000,
    b"\r\n".join([b"A:b"] * 500),
    b"0\r\n",
    b"FFFFFFFFFFFFFFFF",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
)
_ODD_BYTES = (
    *(line + b"\r\n" for line in _ODD_LINES),
    *(b"\r\n", b"\n", b"\r", b"\x00", b"\xff", b" ", b"\t", b":", b"%", b"%zz", b"//", b"/../", b"?", b"#"),
    *(b"HTTP/9.9", b"HTTP/1.0", b"\x16\x03\x01\x02\x00\x01"),
)


def raw_request(chance: random.Random) -> bytes:
    """Bytes that are nearly a request, or two."""
    content = chance.choice(RAW) + (chance.choice(RAW) if chance.random() < 0.3 else b"")
    for _ in range(chance.choice((1, 1, 2, 4))):
        first, last = sorted(chance.randrange(len(content) + 1) for _ in range(2))
        match chance.randrange(9):
            case 0:
                content = content[:last]
            case 1 | 2:
                content = content[:first] + content[min(last, first + 8) :]
            case 3 | 4:
                content = content[:last] + content[first:last] + content[last:]
            case 5 | 6:
                content = content[:first] + chance.randbytes(chance.choice((1, 4))) + content[first:]
            case _:
                content = content[:first] + chance.choice(_ODD_BYTES) + content[first:]
    return content


def seed_queries() -> list[str]:
    """Our own seeds, and the queries of the W3C suites where KG_W3C names their folder."""
    folder = os.environ.get("KG_W3C", "")
    paths = sorted(Path(folder).rglob("*.rq")) if folder else []
    return [*SEEDS, *(path.read_text(encoding="utf-8", errors="replace") for path in paths)]
