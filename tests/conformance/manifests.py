"""The W3C test suites as they lie in the folder that KG_W3C names: manifests read, tests listed by category.

A manifest is parsed with the address at which it is published as base, so that each IRI stands for one file here.
Nothing is fetched: the address is a name.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kg.namespaces import RDF

PUBLISHED: Final = "https://w3c.github.io/"
MF: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT: Final = "http://www.w3.org/2009/sparql/tests/test-update#"
RDFS_LABEL: Final = "http://www.w3.org/2000/01/rdf-schema#label"
_APPROVAL: Final = (
    "http://www.w3.org/2001/sw/DataAccess/tests/test-dawg#approval",
    "http://www.w3.org/ns/rdftest#approval",
)

Node = ox.NamedNode | ox.BlankNode
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Manifest:
    """The triples of one manifest; `folder` is where it lies."""

    def __init__(self, path: Path) -> None:
        self.iri = iri_of(path)
        self.folder = path.parent
        self._values: dict[tuple[Term, str], list[Term]] = defaultdict(list)
        for quad in ox.parse(path.read_bytes(), ox.RdfFormat.TURTLE, base_iri=self.iri):
            self._values[(quad.subject, quad.predicate.value)].append(quad.object)

    def values(self, subject: Term, predicate: str) -> list[Term]:
        """All values of a property, in the order of the file."""
        return self._values.get((subject, predicate), [])

    def value(self, subject: Term, predicate: str) -> Term | None:
        """The value of a property that has one at most."""
        found = self.values(subject, predicate)
        if len(found) > 1:
            raise ValueError(f"{self.iri}: {subject} has several values of {predicate}")
        return found[0] if found else None

    def node(self, subject: Term, predicate: str) -> Node:
        """The node that is the value of a property."""
        found = self.value(subject, predicate)
        if not isinstance(found, ox.NamedNode | ox.BlankNode):
            raise TypeError(f"{self.iri}: {subject} has no node as {predicate}")
        return found

    def items(self, head: Term | None) -> Iterator[Term]:
        """The members of an RDF list."""
        while head is not None and head != ox.NamedNode(RDF + "nil"):
            yield from self.values(head, RDF + "first")
            head = self.value(head, RDF + "rest")

    def members(self, predicate: str) -> Iterator[Term]:
        """The members of the lists that a property of the manifest has."""
        for (_, name), heads in list(self._values.items()):
            if name == predicate:
                for head in heads:
                    yield from self.items(head)


@dataclass(frozen=True, slots=True)
class W3CTest:
    """One test; `kind` is the local name of its class, as `QueryEvaluationTest`."""

    node: ox.NamedNode
    kind: str
    category: str
    is_approved: bool
    manifest: Manifest

    @property
    def iri(self) -> str:
        """Its name in the manifest."""
        return self.node.value

    @property
    def action(self) -> Node:
        """What is to be done: a file, or a node that says more."""
        return self.manifest.node(self.node, MF + "action")

    @property
    def result(self) -> Term | None:
        """What must come out: a file, or a node that says more."""
        return self.manifest.value(self.node, MF + "result")


def is_there() -> bool:
    """Whether KG_W3C names a folder."""
    return Path(os.environ.get("KG_W3C", "") or "-").is_dir()


def root() -> Path:
    """The folder that KG_W3C names."""
    return Path(os.environ["KG_W3C"]).resolve()


def iri_of(path: Path) -> str:
    """The published IRI of a file of the suites."""
    return PUBLISHED + path.relative_to(root()).as_posix()


def path_of(term: Term | None) -> Path:
    """The file that an IRI of a manifest stands for."""
    if not isinstance(term, ox.NamedNode) or not term.value.startswith(PUBLISHED):
        raise TypeError(f"{term} is not the IRI of a file of the suites")
    return root() / term.value.removeprefix(PUBLISHED)


@cache
def tests_below(manifest: str) -> dict[str, list[W3CTest]]:
    """The tests that `manifest`, a path below the root, lists and includes, by category.

    A category is a folder beside the manifest. What is included from elsewhere belongs to another suite.
    """
    top = root() / manifest
    found: dict[str, list[W3CTest]] = defaultdict(list)
    for path in _included(top, set()):
        below = path.parent.relative_to(top.parent)
        manifest_read = Manifest(path)
        for node in manifest_read.members(MF + "entries"):
            if isinstance(node, ox.NamedNode):
                found[below.parts[0]].append(_read_test(node, below.parts[0], manifest_read))
    return dict(sorted(found.items()))


def _included(path: Path, seen: set[Path]) -> Iterator[Path]:
    if path in seen:
        return
    seen.add(path)
    manifest = Manifest(path)
    if any(True for _ in manifest.members(MF + "entries")):
        yield path
    for included in manifest.members(MF + "include"):
        inner = path_of(included)
        if inner.is_relative_to(path.parent):
            yield from _included(inner, seen)


def _read_test(node: ox.NamedNode, category: str, manifest: Manifest) -> W3CTest:
    kinds = [kind.value.rpartition("#")[2] for kind in manifest.values(node, RDF + "type") if kind != node]  # type: ignore[union-attr]
    approvals = [value for name in _APPROVAL for value in manifest.values(node, name)]
    is_approved = any(str(value).endswith("#Approved>") for value in approvals)
    return W3CTest(node, kinds[0], category, is_approved, manifest)
