"""The memory store's data (level 1): a dataset's files in the engine's memory.

The template process loads it once and forks executors that share it; `kg query` and `kg export` use it in place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from kg.files import Dataset
from kg.namespaces import SHAPES_GRAPH
from kg.sources import Source, read_source, version_of


@dataclass(frozen=True, slots=True)
class LoadedDataset:
    """A dataset in memory; `version` is the same whenever the files are the same."""

    store: ox.Store
    version: str


def load_dataset(dataset: Dataset) -> LoadedDataset:
    """Load ontology, vocabulary and triples into the default graph, and the shapes into the graph of their name.

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
    store.extend(reversed(quads))  # the engine returns the newest first: so answers keep the order of the files
    return LoadedDataset(store, version_of([*sources, *shapes]))


def _quads(sources: Iterable[Source], graph_name: ox.NamedNode | ox.DefaultGraph) -> Iterator[ox.Quad]:
    """The triples of `sources` in the graph `graph_name`."""
    for source in sources:
        for triple in source.triples:
            yield ox.Quad(triple.subject, triple.predicate, triple.object, graph_name)
