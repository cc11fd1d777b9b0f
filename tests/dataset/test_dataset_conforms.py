"""The real ontology/ and triples/ conform: everything that `kg check` checks, with texts and OWL if they are there."""

import os
from pathlib import Path

import pytest

from kg.files import CHECKOUT, Dataset
from kg.validation.check import check_dataset

DATASET = Dataset(CHECKOUT)


def test_the_dataset_conforms() -> None:
    report = check_dataset(DATASET, None, owl=False)

    assert [str(finding) for finding in report.findings] == []


@pytest.mark.needs_texts
def test_its_passages_are_the_lines_of_the_texts() -> None:
    report = check_dataset(DATASET, Path(os.environ["KG_TEXTS"]), owl=False)

    assert [str(finding) for finding in report.findings if finding.source == "passages"] == []
    assert report.notes == ()


@pytest.mark.long
@pytest.mark.needs_java
def test_it_is_consistent_owl_2_dl_and_opens_file_by_file() -> None:
    report = check_dataset(DATASET, None, owl=True)

    assert [str(finding) for finding in report.findings if finding.source.startswith("owl-")] == []
