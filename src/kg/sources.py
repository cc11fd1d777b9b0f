"""Sources (level 1): the Turtle files of a dataset, read once, with what is known about each file.

Everything that loads, validates or describes the dataset starts from here, so that all see the same triples.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyoxigraph as ox

from kg.errors import DatasetError, ParseFailure

VERSION_DIGITS = 16  # hex digits, so 64 bits: enough to tell versions apart, short enough for a header


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: `digest` is the SHA-256 of its bytes in hex, `triples` are in the order of the file.

    Literals have the form in which they were written. Blank nodes have labels made from the digest and their place in
    the file: they stay the same over restarts, and those of two files differ.
    """

    path: Path
    digest: str
    triples: tuple[ox.Triple, ...]
    prefixes: Mapping[str, str]


def read_source(path: Path) -> Source:
    """Read the Turtle file `path`; relative IRIs are refused, since a file has no address that could be their base.

    Raises:
        ParseFailure: the file is not Turtle (RDF 1.1 Turtle, section 6), or not UTF-8; with line and column.
        DatasetError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(path, f"cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(content).hexdigest()
    labels = _BlankNodes(digest[:8])
    parser = ox.parse(content, ox.RdfFormat.TURTLE)
    try:
        triples = tuple(labels.rename(quad.triple) for quad in parser)
    except SyntaxError as error:
        raise ParseFailure(path, error.lineno or 0, error.offset or 0, _reason(error)) from error
    return Source(path, digest, triples, MappingProxyType(dict(parser.prefixes)))


def version_of(sources: Iterable[Source]) -> str:
    """The name of the state that `sources` make together: 16 hex digits of a SHA-256 over names and contents.

    The order of the files does not count, nor does the folder that the dataset lies in.
    """
    lines = sorted(f"{source.path.parent.name}/{source.path.name} {source.digest}\n" for source in sources)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:VERSION_DIGITS]


def _reason(error: SyntaxError) -> str:
    """What the parser says is wrong, without the place, which has fields of its own."""
    return error.msg.partition(": ")[2] or error.msg


class _BlankNodes:
    """Labels for the blank nodes of one file, by first appearance.

    The parser gives a random label to each `[]`, and the same label to `_:x` of two files.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._renamed: dict[ox.BlankNode, ox.BlankNode] = {}

    def rename(self, triple: ox.Triple) -> ox.Triple:
        """`triple` with the labels of this file."""
        subject, object_ = triple.subject, triple.object
        if isinstance(subject, ox.BlankNode):
            subject = self._rename_node(subject)
        if isinstance(object_, ox.BlankNode):
            object_ = self._rename_node(object_)
        elif isinstance(object_, ox.Triple):
            object_ = self.rename(object_)
        return ox.Triple(subject, triple.predicate, object_)

    def _rename_node(self, node: ox.BlankNode) -> ox.BlankNode:
        return self._renamed.setdefault(node, ox.BlankNode(f"b{self._prefix}n{len(self._renamed)}"))
