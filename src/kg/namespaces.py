"""Every IRI and prefix that the code knows (level 0): the model's own and the standards'.

Nothing here names the subject of a dataset; that is all in the dataset's folders.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BASE: Final = "https://w3id.org/rapallo/"
ONTOLOGY: Final = BASE + "ont"
KG: Final = BASE + "ont#"
ID: Final = BASE + "id/"
ST: Final = BASE + "st/"
SRC: Final = BASE + "src/"
VOC: Final = BASE + "voc/"
SHAPES: Final = BASE + "shapes#"
LIMITS: Final = BASE + "limits#"  # properties of the service description, which defines them itself
BLANK_NODE_FUNCTION: Final = BASE + "functions#blankNode"  # of the text of queries between our own parts only
BLANK_NODES: Final = BASE + "blank-nodes/"  # the IRIs that it makes blank nodes of
SHAPES_GRAPH: Final = BASE + "shapes"  # the named graph that holds shapes.ttl
CATALOGUE_GRAPH: Final = BASE + "catalogue"  # the named graph that says what the default graph holds
EXAMPLES_GRAPH: Final = BASE + "examples"  # the named graph of the stored queries

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
DCTERMS: Final = "http://purl.org/dc/terms/"
GEO: Final = "http://www.w3.org/2003/01/geo/wgs84_pos#"
GEOSPARQL: Final = "http://www.opengis.net/ont/geosparql#"
FOAF: Final = "http://xmlns.com/foaf/0.1/"
SCHEMA: Final = "https://schema.org/"
SH: Final = "http://www.w3.org/ns/shacl#"
VOID: Final = "http://rdfs.org/ns/void#"
SD: Final = "http://www.w3.org/ns/sparql-service-description#"
FORMATS: Final = "http://www.w3.org/ns/formats/"
EDTF: Final = "http://id.loc.gov/datatypes/edtf/EDTF"

# The prefixes that every answer and every page writes, in the order in which they are shown.
PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kg": KG,
        "id": ID,
        "st": ST,
        "src": SRC,
        "voc": VOC,
        "rdf": RDF,
        "rdfs": RDFS,
        "owl": OWL,
        "xsd": XSD,
        "skos": SKOS,
        "dcterms": DCTERMS,
        "geo": GEO,
        "geosparql": GEOSPARQL,
        "foaf": FOAF,
        "sh": SH,
    }
)

# The spaces of IRIs that this server answers for under its own address: /id/x stands for BASE + "id/x".
SPACES: Final = ("id", "st", "src", "voc")

_SHORT: Final = (*PREFIXES.items(), ("shapes", SHAPES))


def shorten(iri: str) -> str:
    """`iri` with a prefix if one fits and the rest is a plain name, else as it is."""
    for prefix, namespace in _SHORT:
        name = iri.removeprefix(namespace)
        if name != iri and "/" not in name and "#" not in name:
            return f"{prefix}:{name}"
    return iri
