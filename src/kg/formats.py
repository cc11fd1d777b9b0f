"""Every serialisation that is read or written (level 0): media type, extension, format IRI.

Three families follow the form of a query: solutions (SELECT), a boolean (ASK), a graph (CONSTRUCT, DESCRIBE).
Sources: SPARQL 1.1 Query Results JSON, XML, CSV and TSV; the media types as registered with IANA.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kg.namespaces import FORMATS


class Family(StrEnum):
    """What an answer is made of; the query's form decides it."""

    SOLUTIONS = "solutions"
    BOOLEAN = "boolean"
    GRAPH = "graph"


@dataclass(frozen=True, slots=True)
class Format:
    """A serialisation: `name` is what `format=` takes, `aliases` are further media types and names for it."""

    name: str
    media_type: str
    extension: str
    iri: str
    aliases: tuple[str, ...] = ()
    charset: str = "utf-8"

    @property
    def content_type(self) -> str:
        """The value of Content-Type; JSON and XML types define their charset themselves (RFC 8259, RFC 7303)."""
        return f"{self.media_type}; charset={self.charset}" if self.media_type.startswith("text/") else self.media_type


RESULTS_JSON: Final = Format(
    "json", "application/sparql-results+json", "srj", FORMATS + "SPARQL_Results_JSON", ("application/json",)
)
RESULTS_XML: Final = Format(
    "xml", "application/sparql-results+xml", "srx", FORMATS + "SPARQL_Results_XML", ("application/xml", "text/xml")
)
RESULTS_CSV: Final = Format("csv", "text/csv", "csv", FORMATS + "SPARQL_Results_CSV")
RESULTS_TSV: Final = Format("tsv", "text/tab-separated-values", "tsv", FORMATS + "SPARQL_Results_TSV")

TURTLE: Final = Format("turtle", "text/turtle", "ttl", FORMATS + "Turtle", ("ttl", "application/x-turtle"))
N_TRIPLES: Final = Format("nt", "application/n-triples", "nt", FORMATS + "N-Triples", ("ntriples", "text/plain"))
JSON_LD: Final = Format(
    "jsonld", "application/ld+json", "jsonld", FORMATS + "JSON-LD", ("json-ld", "json", "application/json")
)
RDF_XML: Final = Format(
    "rdf",
    "application/rdf+xml",
    "rdf",
    FORMATS + "RDF_XML",
    ("rdfxml", "rdf+xml", "xml", "application/xml", "text/xml"),
)
# A graph in a format of datasets is its default graph; for clients that read nothing else.
TRIG: Final = Format("trig", "application/trig", "trig", FORMATS + "TriG", ("application/x-trig",))
N_QUADS: Final = Format("nq", "application/n-quads", "nq", FORMATS + "N-Quads", ("nquads", "text/x-nquads"))

# Within a family the first is what a client gets that has no preference.
OFFERED: Final[dict[Family, tuple[Format, ...]]] = {
    Family.SOLUTIONS: (RESULTS_JSON, RESULTS_XML, RESULTS_CSV, RESULTS_TSV),
    Family.BOOLEAN: (RESULTS_JSON, RESULTS_XML, RESULTS_CSV, RESULTS_TSV),
    Family.GRAPH: (TURTLE, N_TRIPLES, JSON_LD, RDF_XML, TRIG, N_QUADS),
}

HTML: Final = Format("html", "text/html", "html", FORMATS + "RDFa")
JSON: Final = Format("json", "application/json", "json", "")
CSV: Final = RESULTS_CSV
PROBLEM_JSON: Final = "application/problem+json"
SPARQL_QUERY: Final = "application/sparql-query"
SPARQL_UPDATE: Final = "application/sparql-update"
FORM: Final = "application/x-www-form-urlencoded"
