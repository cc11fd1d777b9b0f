"""The corpus (level 2): all files of a dataset as `kg check` reads them, and where in them a subject stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyoxigraph as ox

from kg.errors import ParseFailure
from kg.files import Dataset
from kg.sources import Source, read_source
from kg.validation.findings import Finding
from kg.validation.locating import locate_subjects

Place = tuple[Path, int]


@dataclass(frozen=True)
class Corpus:
    """The files of a dataset that are Turtle, and a finding for each that is not.

    `data` makes the default graph; `shapes` and `mappings` are apart, and None if there is no such file or it is not
    Turtle.
    """

    dataset: Dataset
    data: tuple[Source, ...]
    shapes: Source | None
    mappings: Source | None
    failures: tuple[Finding, ...]
    _lines: dict[Path, dict[str, int]] = field(default_factory=dict, repr=False)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every file that could be read."""
        return self.data + tuple(source for source in (self.shapes, self.mappings) if source)

    @property
    def triples(self) -> Iterator[ox.Triple]:
        """The triples of the default graph."""
        return (triple for source in self.data for triple in source.triples)

    @cached_property
    def store(self) -> ox.Store:
        """The default graph in an engine of its own, for rules; the engine keeps literals by value."""
        store = ox.Store()
        store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in self.triples)
        return store

    @cached_property
    def described(self) -> dict[str, tuple[Path, ...]]:
        """The files of the default graph in which each named subject is described, in the order of the files."""
        found: dict[str, dict[Path, None]] = {}
        for source in self.data:
            for triple in source.triples:
                if isinstance(triple.subject, ox.NamedNode):
                    found.setdefault(triple.subject.value, {})[source.path] = None
        return {subject: tuple(paths) for subject, paths in found.items()}

    def place_of(self, subject: str) -> Place:
        """The file and line at which the description of `subject` begins; the dataset's folder if there is none."""
        for path in self.described.get(subject, ()):
            return path, self.line_of(path, subject)
        return self.dataset.root, 0

    def line_of(self, path: Path, subject: str) -> int:
        """The line of `path` on which the block of `subject` begins; 0 if it has none there."""
        if path not in self._lines:
            self._lines[path] = locate_subjects(path.read_text(encoding="utf-8"))
        return self._lines[path].get(subject, 0)


def read_corpus(dataset: Dataset) -> Corpus:
    """Read every Turtle file of `dataset`; one that is not Turtle becomes a finding, and the rest is read all the same.

    Raises:
        DatasetError: a file cannot be read at all.
    """
    failures: list[Finding] = []
    data = _read(dataset.data, failures)
    apart = {s.path: s for s in _read((p for p in (dataset.shapes, dataset.mappings) if p.is_file()), failures)}
    return Corpus(dataset, data, apart.get(dataset.shapes), apart.get(dataset.mappings), tuple(failures))


def _read(paths: Iterable[Path], failures: list[Finding]) -> tuple[Source, ...]:
    sources = []
    for path in paths:
        try:
            sources.append(read_source(path))
        except ParseFailure as error:
            message = f"not Turtle, column {error.column}: {error.reason}; correct the syntax"
            failures.append(Finding(path, error.line, "", "", "syntax", message))
    return tuple(sources)
