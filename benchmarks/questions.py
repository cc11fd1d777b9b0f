"""What is asked: fourteen queries over the archive, and the workloads that are made of them.

Every SELECT query with a LIMIT has a total order, so that all servers must give the same rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from typing import Final
from urllib.parse import quote

from benchmarks.archive import persons_in

LOOK_UPS: Final = 100  # persons that are looked up in turn
HEAVY: Final = "join"  # too slow for a mix of small queries
COPIES: Final = 20  # of each triple in the answer that is streamed: 100,000 rows from 5,000 triples

_PREFIXES: Final = """\
PREFIX id: <https://w3id.org/rapallo/id/>
PREFIX kg: <https://w3id.org/rapallo/ont#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX voc: <https://w3id.org/rapallo/voc/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""

# What each asks of an engine, and how.
_FOURTEEN: Final[Mapping[str, str]] = {
    "entity": "SELECT ?p ?o WHERE { id:person-7 ?p ?o }",
    "star": """SELECT ?who ?name ?born ?role WHERE {
        ?who kg:memberOf id:organisation-1 ; skos:prefLabel ?name ; kg:bornOn ?born ; kg:role ?role }""",
    "two-steps": """SELECT ?event ?who ?office WHERE {
        ?event kg:tookPlaceAt id:place-2 ; kg:agent ?who . ?who kg:memberOf ?office }""",
    "path": "SELECT ?base ?name WHERE { ?base a kg:MilitaryBase ; skos:prefLabel ?name ; kg:partOf+ id:place-0 }",
    "subclasses": "SELECT (COUNT(?x) AS ?n) WHERE { ?class rdfs:subClassOf* kg:Agreement . ?x a ?class }",
    "optional": """SELECT ?who ?name ?died WHERE {
        ?who kg:citizenOf id:place-1 ; skos:prefLabel ?name OPTIONAL { ?who kg:diedOn ?died } }""",
    "dates": """SELECT ?what ?name ?day WHERE { ?what kg:signedOn ?day ; skos:prefLabel ?name
        FILTER(?day >= "1922-01-01"^^xsd:date && ?day < "1926-01-01"^^xsd:date) }""",
    "groups": """SELECT ?office (COUNT(?who) AS ?n) WHERE { ?who kg:memberOf ?office }
        GROUP BY ?office ORDER BY DESC(?n) ?office LIMIT 20""",
    "latest": """SELECT ?event ?day WHERE { ?event kg:kind voc:battle ; kg:startMin ?day }
        ORDER BY DESC(?day) ?event LIMIT 10""",
    "text": 'SELECT ?event ?gloss WHERE { ?event kg:gloss ?gloss FILTER(CONTAINS(LCASE(?gloss), "secret")) }',
    "union": """SELECT ?x ?name WHERE { { ?x kg:concerns id:base-1 } UNION { ?x kg:operatedBy id:organisation-1 }
        ?x skos:prefLabel ?name }""",
    "claims": """CONSTRUCT { ?claim kg:value ?who ; kg:cite ?passage ; kg:certainty ?how } WHERE {
        ?claim kg:about id:event-3 ; kg:value ?who ; kg:cite ?passage ; kg:certainty ?how }""",
    "count": "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    HEAVY: """SELECT (COUNT(*) AS ?n) WHERE { ?claim kg:about ?event ; kg:value ?who .
        ?event kg:startMin ?day ; kg:agent ?other . ?who kg:bornOn ?born . ?other kg:bornOn ?older
        FILTER(?older < ?born && ?born < ?day) }""",
}

_STREAMED: Final = "SELECT ?copy ?s ?p ?o WHERE {{ VALUES ?copy {{ {} }} ?s ?p ?o }}"
RUNAWAY: Final = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@dataclass(frozen=True, slots=True)
class Question:
    """A query; those of the same `name` have answers of the same length at the same server."""

    name: str
    text: str
    number: str = ""  # digits that make the text another one, as a comment at its end

    @property
    def encoded(self) -> str:
        """The text, percent-encoded for a query string."""
        return f"{_encode(self.text)}%20%23%20{self.number}" if self.number else _encode(self.text)

    @property
    def accept(self) -> str:
        """The media type that is asked for."""
        return "application/n-triples" if "CONSTRUCT" in self.text else "application/sparql-results+json"


@dataclass(frozen=True, slots=True)
class Workload:
    """Questions that are asked in turn; if `is_repeated`, no server gets a text twice during a run."""

    name: str
    questions: tuple[Question, ...]
    is_repeated: bool
    meaning: str

    def texts(self) -> Iterator[Question]:
        """The questions, one after the other, without end."""
        for number in count():
            question = self.questions[number % len(self.questions)]
            yield question if self.is_repeated else replace(question, number=f"{number:09d}")


def fourteen() -> tuple[Question, ...]:
    """The fourteen queries, in order."""
    return tuple(Question(name, _PREFIXES + text) for name, text in _FOURTEEN.items())


def look_ups(size: int) -> tuple[Question, ...]:
    """Different look-ups of one person each, in an archive of `size` triples."""
    persons = range(min(LOOK_UPS, persons_in(size)))
    return tuple(Question(f"person-{n}", f"{_PREFIXES}SELECT ?p ?o WHERE {{ id:person-{n} ?p ?o }}") for n in persons)


def streamed() -> Question:
    """A query with a large answer: each triple of the archive, `COPIES` times."""
    return Question("stream", _STREAMED.format(" ".join(str(copy) for copy in range(COPIES))))


def workloads(size: int) -> tuple[Workload, ...]:
    """What is asked over many connections."""
    mix = tuple(question for question in fourteen() if question.name != HEAVY)
    persons = look_ups(size)
    return (
        Workload("repeated mix", mix, True, "thirteen queries in turn, the same texts again and again"),
        Workload("distinct mix", mix, False, "the same, but no text comes twice, so that no answer can be kept"),
        Workload("repeated look-ups", persons, True, f"{len(persons)} persons in turn, the same texts again and again"),
        Workload("distinct look-ups", persons, False, "the same, but no text comes twice"),
    )


@lru_cache(maxsize=1024)
def _encode(text: str) -> str:
    """`text` for a query string; kept, since the client shares its cores with the servers."""
    return quote(text, safe="")
