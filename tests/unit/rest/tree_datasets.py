"""Small datasets for tests of stored queries."""

from pathlib import Path

from kg.files import Dataset
from kg.rest.catalogue import load_catalogue
from kg.rest.stored_query import StoredQuery

ONTOLOGY = """
@prefix kg: <https://w3id.org/rapallo/ont#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix voc: <https://w3id.org/rapallo/voc/> .

kg:Tree a owl:Class .

voc:evergreen skos:inScheme voc:leaves .

voc:deciduous skos:inScheme voc:leaves .
"""


def write_dataset(root: Path, **queries: str) -> Dataset:
    """A dataset in `root` whose stored queries have these names and texts, and whose ontology is `ONTOLOGY`."""
    for name in ("ontology", "triples", "queries"):
        (root / name).mkdir(exist_ok=True)
    (root / "ontology" / "core.ttl").write_text(ONTOLOGY, encoding="utf-8")
    for name, text in queries.items():
        (root / "queries" / f"{name}.rq").write_text(text, encoding="utf-8")
    return Dataset(root)


def load_one(root: Path, text: str) -> StoredQuery:
    """The only stored query of a dataset, with the text `text`."""
    (stored,) = load_catalogue(write_dataset(root, trees=text))
    return stored


def with_parameter(declaration: str, body: str = "VALUES ?value { $x }") -> str:
    """A stored query with one parameter, `x`, whose declaration is the inside of a YAML flow mapping."""
    place = "/{x}" if "in: path" in declaration else ""
    return f"""#+ summary: Trees
#+ path: /trees{place}
#+ parameters:
#+   x: {{{declaration}}}
#+ key: tree
SELECT ?tree ?value WHERE {{ ?tree a <https://w3id.org/rapallo/ont#Tree> {body} }}
"""
