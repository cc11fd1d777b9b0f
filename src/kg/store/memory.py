"""The memory store's data (level 1): a dataset's files in the engine's memory.

The template process loads it once and forks executors that share it; `kg query` and `kg export` use it in place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kg.files import Dataset
from kg.namespaces import CATALOGUE_GRAPH, SHAPES_GRAPH
from kg.sources import Source, read_source, version_of

_CATALOGUE: Final = Path(__file__).parent / "queries" / "catalogue.rq"


@dataclass(frozen=True, slots=True)
class LoadedDataset:
    """A dataset in memory; `version` is the same whenever the files are the same."""

    store: ox.Store
    version: str


def load_dataset(dataset: Dataset, further: bytes = b"") -> LoadedDataset:
    """Load ontology, vocabulary and triples into the default graph, shapes and catalogue into graphs of their names.

    `further` are N-Quads of named graphs that others have made of the dataset; the version names them too.

    All in the calling thread: the engine starts no threads of its own here, on which a later fork depends. The
    engine stores literals by value, so that `01` comes back as `1` and `@en-GB` as `@en-gb`.

    Raises:
        ParseFailure: a file is not Turtle.
        DatasetError: a file cannot be read.
    """
    sources = [read_source(path) for path in dataset.data]
    shapes = [read_source(dataset.shapes)] if dataset.shapes.is_file() else []
    quads = [*_quads(sources, ox.DefaultGraph()), *_quads(shapes, ox.NamedNode(SHAPES_GRAPH))]
    store = ox.Store()
    if shapes:
        store.add_graph(ox.NamedNode(SHAPES_GRAPH))  # it is there, also if it has no triple
    store.extend(reversed(quads))  # the engine returns the newest first: so answers keep the order of the files
    store.extend(reversed(list(ox.parse(further, ox.RdfFormat.N_QUADS))))
    made = [Source(Path("further.nq"), sha256(further).hexdigest(), (), {})] if further else []
    version = version_of([*sources, *shapes, *made])
    store.extend(_catalogue(store, version))
    return LoadedDataset(store, version)


def _catalogue(store: ox.Store, version: str) -> Iterator[ox.Quad]:
    """What the default graph of `store` holds, counted; in the graph of the catalogue."""
    text = _CATALOGUE.read_text(encoding="utf-8").replace("$version ;", f"{ox.Literal(version)} ;")
    counted = store.query(text)
    if not isinstance(counted, ox.QueryTriples):
        raise TypeError(f"{_CATALOGUE.name} is no CONSTRUCT query")
    # All of them before the first goes into the store; in an order of which the engine makes the same answer each time.
    triples = sorted(counted, key=str, reverse=True)
    name = ox.NamedNode(CATALOGUE_GRAPH)
    return (ox.Quad(triple.subject, triple.predicate, triple.object, name) for triple in triples)


def _quads(sources: Iterable[Source], graph_name: ox.NamedNode | ox.DefaultGraph) -> Iterator[ox.Quad]:
    """The triples of `sources` in the graph `graph_name`."""
    for source in sources:
        for triple in source.triples:
            yield ox.Quad(triple.subject, triple.predicate, triple.object, graph_name)
