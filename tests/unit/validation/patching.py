"""The small world of the fixtures, and patches of it: lines `add TRIPLE .` and `drop TRIPLE .` in Turtle."""

from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.sources import read_source

FIXTURES = Path(__file__).parent / "fixtures"
ONTOLOGY = Path(__file__).parents[3] / "ontology"


def read_base() -> frozenset[ox.Triple]:
    """The ontology and the small world, in which nothing is wrong."""
    files = (ONTOLOGY / "core.ttl", FIXTURES / "vocabulary.ttl", FIXTURES / "base.ttl")
    return frozenset(triple for file in files for triple in read_source(file).triples)


def patched(base: Iterable[ox.Triple], patch: str) -> set[ox.Triple]:
    """The triples of `base` after `patch`; each of its lines must change something."""
    triples = set(base)
    for line in patch.splitlines():
        verb, turtle = line.split(" ", maxsplit=1)
        (triple,) = read_turtle(turtle)
        if verb == "add":
            assert triple not in triples, f"is there already: {line}"
            triples.add(triple)
        else:
            assert verb == "drop", f"is neither add nor drop: {line}"
            assert triple in triples, f"is not there: {line}"
            triples.remove(triple)
    return triples


def read_turtle(turtle: str) -> list[ox.Triple]:
    """The triples of a Turtle text that uses the prefixes of the project."""
    declarations = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())
    return [quad.triple for quad in ox.parse(declarations + turtle, ox.RdfFormat.TURTLE)]
