"""The catalogue (level 2): all stored queries of a dataset, each checked strictly before anything is served.

Reading the files is all it does; the rules are in `checking`.
"""

from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox

from kg.errors import DatasetError
from kg.files import Dataset
from kg.namespaces import KG, OWL, RDF, SKOS, VOC
from kg.rest.checking import Checker, Terms
from kg.rest.front_matter import read_front_matter
from kg.rest.stored_query import StoredQuery
from kg.sources import read_source


def load_catalogue(dataset: Dataset) -> tuple[StoredQuery, ...]:
    """The stored queries of `dataset`, those with a literal segment before those with a parameter at the same place.

    Raises:
        ParseFailure: the front matter or the query of a file is wrong; with line and column.
        DatasetError: a file cannot be read, or two files have the same route.
    """
    terms = _terms(dataset)
    catalogue = [_load(path, terms) for path in dataset.queries]
    taken: dict[str, StoredQuery] = {}
    for stored in catalogue:
        other = taken.setdefault(_pattern(stored.path), stored)
        if other is not stored:
            raise DatasetError(stored.file, f"has the route {stored.path} of {other.file.name}; a route has one query")
    # A router takes the first that fits. "{" sorts after every letter, digit and hyphen.
    return tuple(sorted(catalogue, key=lambda stored: stored.path.split("/")))


def _pattern(path: str) -> str:
    return "/".join("{}" if segment.startswith("{") else segment for segment in path.split("/"))


def _terms(dataset: Dataset) -> Terms:
    classes: set[str] = set()
    concepts: dict[str, set[str]] = defaultdict(set)
    for path in dataset.ontology:
        for triple in read_source(path).triples:
            subject, predicate, object_ = triple.subject, triple.predicate.value, triple.object
            if not isinstance(subject, ox.NamedNode) or not isinstance(object_, ox.NamedNode):
                continue
            if predicate == RDF + "type" and object_.value == OWL + "Class":
                classes.add(subject.value.removeprefix(KG))
            elif predicate == SKOS + "inScheme":
                concepts[object_.value.removeprefix(VOC)].add(subject.value.removeprefix(VOC))
    return Terms(frozenset(classes), {scheme: tuple(sorted(names)) for scheme, names in concepts.items()})


def _load(path: Path, terms: Terms) -> StoredQuery:
    """The stored query in the file `path`, checked."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(path, f"cannot be read as UTF-8: {error}") from error
    front = read_front_matter(path, text)
    checker = Checker(path, text, front)
    checker.check_names()
    parameters = tuple(checker.parameter(name, declared, terms) for name, declared in front.parameters.items())
    checker.check_path()
    checker.check_variables()
    projected = checker.projection(parameters)
    return StoredQuery(
        name=path.stem,
        file=path,
        summary=front.summary,
        description=front.description,
        path=front.path,
        parameters=parameters,
        shape=checker.shape(projected),
        one=front.one,
        text=text,
    )
