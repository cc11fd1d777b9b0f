"""The check (level 2): everything that is wrong with a dataset, in a fixed order; the deed behind `kg check`."""

from collections.abc import Iterator
from pathlib import Path

from kg.files import Dataset
from kg.validation.bounds import check_bounds
from kg.validation.corpus import Corpus, read_corpus
from kg.validation.findings import CheckReport, Finding, Severity, in_order
from kg.validation.literals import check_literals
from kg.validation.owl import check_ontologies
from kg.validation.passages import check_passages
from kg.validation.rules import check_rules
from kg.validation.shacl import check_shapes

__all__ = ["CheckReport", "Finding", "Severity", "check_dataset"]


def check_dataset(dataset: Dataset, texts: Path | None, *, owl: bool) -> CheckReport:
    """Check syntax, subjects, literals, bounds, shapes and rules; passages if there are `texts`, OWL 2 DL if `owl`.

    Where a file is not Turtle the graph is not whole: then only what can be said of single files is checked, and a note
    says so.

    Raises:
        DatasetError: a file or text cannot be read.
        CheckImpossible: a check that was asked for could not be carried out; the data may be right or wrong.
    """
    corpus = read_corpus(dataset)
    findings = [*corpus.failures, *check_literals(corpus), *_described_twice(corpus)]
    notes = []
    if corpus.failures:
        notes.append("shapes, rules, bounds, passages and OWL were not checked, since not every file is Turtle")
        return CheckReport(in_order(findings), tuple(notes))
    findings += [*check_bounds(corpus), *check_shapes(corpus), *check_rules(corpus)]
    if texts is None:
        notes.append("hashes and offsets of passages were not checked; name the folder of the texts with --texts")
    else:
        findings += check_passages(corpus, texts)
    if owl:
        findings += check_ontologies(corpus)
    return CheckReport(in_order(findings), tuple(notes))


def _described_twice(corpus: Corpus) -> Iterator[Finding]:
    """A finding for each further file in which a subject is described."""
    for subject, (first, *others) in corpus.described.items():
        for path in others:
            message = f"is described in {first.name} already; a subject has one file, move these triples there"
            yield Finding(path, corpus.line_of(path, subject), subject, "", "one-file-per-subject", message)
