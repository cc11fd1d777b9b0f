"""A dataset folder of the small world, changed as a test needs it."""

import shutil
from pathlib import Path

from patching import FIXTURES, ONTOLOGY

from kg.files import Dataset
from kg.validation.check import check_dataset
from kg.validation.findings import Finding

BASE = "triples/base.ttl"


def make_dataset(root: Path) -> Dataset:
    """The small world as a dataset in `root`, with the real ontology, shapes and rules, and its text in `texts/`."""
    shutil.copytree(ONTOLOGY, root / "ontology", ignore=shutil.ignore_patterns("vocabulary.ttl", "mappings.ttl"))
    shutil.copy(FIXTURES / "vocabulary.ttl", root / "ontology")
    (root / "triples").mkdir()
    shutil.copy(FIXTURES / "base.ttl", root / "triples")
    shutil.copy(ONTOLOGY.parent / "ontology" / "catalog-v001.xml", root / "ontology")
    (root / "triples" / "catalog-v001.xml").write_text(CATALOG, encoding="utf-8")
    (root / "texts").mkdir()
    shutil.copy(FIXTURES / "text.txt", root / "texts")
    return Dataset(root)


CATALOG = """<?xml version="1.0" encoding="UTF-8"?>
<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
    <uri name="https://w3id.org/rapallo/ont" uri="../ontology/core.ttl"/>
    <uri name="https://w3id.org/rapallo/vocabulary" uri="../ontology/vocabulary.ttl"/>
    <uri name="https://w3id.org/rapallo/triples/base" uri="base.ttl"/>
</catalog>
"""


def edit(dataset: Dataset, name: str, old: str, new: str) -> int:
    """Replace `old` by `new` in a file; returns the line, counted from 1, on which it stands."""
    path = dataset.root / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"stands {text.count(old)} times in {name}: {old}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def findings(dataset: Dataset, source: str, *, owl: bool = False) -> list[Finding]:
    """What the check finds that comes from `source`."""
    report = check_dataset(dataset, dataset.root / "texts", owl=owl)
    return [finding for finding in report.findings if finding.source == source]
