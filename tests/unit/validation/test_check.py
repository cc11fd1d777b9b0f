"""The whole check on a dataset folder: what it finds, where it says that it is, and in which order."""

from pathlib import Path

import pytest
from making import BASE, edit, findings, make_dataset

from kg.errors import CheckImpossible, DatasetError
from kg.files import Dataset
from kg.namespaces import ID, KG, SHAPES, SRC, ST
from kg.validation.check import check_dataset
from kg.validation.findings import Severity


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make_dataset(tmp_path)


def test_the_small_world_conforms(dataset: Dataset) -> None:
    report = check_dataset(dataset, dataset.root / "texts", owl=False)

    assert (report.findings, report.notes) == ((), ())


def test_without_texts_the_report_says_that_passages_were_not_checked(dataset: Dataset) -> None:
    report = check_dataset(dataset, None, owl=False)

    assert report.findings == ()
    assert any("--texts" in note for note in report.notes)


def test_a_shape_speaks_of_file_line_subject_path_and_value(dataset: Dataset) -> None:
    edit(dataset, BASE, "kg:to id:northland ; kg:quantity 620000", "kg:to id:port ; kg:quantity 620000")

    (finding,) = findings(dataset, SHAPES + "Flow-to")

    text = (dataset.root / BASE).read_text(encoding="utf-8").splitlines()
    assert text[finding.line - 1].startswith("st:flow-oil a kg:Flow")
    assert (finding.path, finding.subject, finding.result_path, finding.severity) == (
        dataset.root / BASE,
        ST + "flow-oil",
        KG + "to",
        Severity.VIOLATION,
    )
    assert "id:port" in finding.message
    assert str(finding).startswith(f"{finding.path}:{finding.line}: st:flow-oil kg:to: ")
    assert str(finding).endswith("[shapes:Flow-to]")


def test_a_rule_speaks_with_the_values_it_found(dataset: Dataset) -> None:
    edit(dataset, BASE, "kg:testedAt id:school .\nst:glider", "kg:testedAt id:port .\nst:glider")

    (finding,) = findings(dataset, "direct-triple-has-claim")

    assert (finding.subject, finding.result_path) == (ID + "glider", KG + "testedAt")
    assert finding.message.startswith("id:port rests on no claim")


def test_every_file_that_is_not_turtle_is_found_and_the_rest_is_said_to_be_unchecked(dataset: Dataset) -> None:
    line = edit(dataset, BASE, "id:oil a kg:Commodity ;", "id:oil a kg:Commodity ; ;; ]")
    (dataset.root / "triples" / "second.ttl").write_text("@prefix id: <urn:id>\n", encoding="utf-8")

    report = check_dataset(dataset, None, owl=False)

    assert [(f.path.name, f.source) for f in report.findings] == [("base.ttl", "syntax"), ("second.ttl", "syntax")]
    assert report.findings[0].line == line
    assert any("not every file is Turtle" in note for note in report.notes)


def test_a_subject_described_in_two_files_is_found_in_the_second(dataset: Dataset) -> None:
    text = f"\n\n<{ID}oil> <{KG}kind> <https://w3id.org/rapallo/voc/essay> .\n"
    (dataset.root / "triples" / "second.ttl").write_text(text, encoding="utf-8")

    (finding,) = findings(dataset, "one-file-per-subject")

    assert (finding.path.name, finding.line, finding.subject) == ("second.ttl", 3, ID + "oil")
    assert "base.ttl" in finding.message


@pytest.mark.parametrize(
    ("old", "new", "advice"),
    [
        ("kg:quantity 620000", "kg:quantity 620000.0", "write 620000"),
        ("kg:quantity 32.6", "kg:quantity 32.60", "write 32.6"),
        ("kg:secret true", 'kg:secret "1"^^xsd:boolean', "write true"),
        ('"Severiya"@ru-latn', '"Severiya"@ru-Latn', "write @ru-latn"),
        ('kg:start "1920"^^xsd:gYear', 'kg:start "192O"^^xsd:gYear', '"192O" is no xsd:gYear'),
        ('kg:retrievedOn "2026-11-25"', 'kg:retrievedOn "2026-11-31"', '"2026-11-31" is no xsd:date'),
    ],
)
def test_a_literal_that_the_store_would_change_is_found_with_its_right_form(
    old: str, new: str, advice: str, dataset: Dataset
) -> None:
    line = edit(dataset, BASE, old, new)

    (finding,) = findings(dataset, "literals")

    assert advice in finding.message
    assert line - 1 <= finding.line <= line


def test_a_bound_that_does_not_follow_is_found_with_the_one_that_does(dataset: Dataset) -> None:
    edit(dataset, BASE, 'kg:startMax "1920-12-31"^^xsd:date', 'kg:startMax "1920-12-30"^^xsd:date')

    messages = [finding.message for finding in findings(dataset, "bounds")]

    assert messages == [
        '"1920-12-30"^^xsd:date does not follow from the times; take it out',
        'follows from the times and is missing; add kg:startMax "1920-12-31"^^xsd:date',
    ]


def test_a_time_that_is_none_is_found_and_asks_for_no_bounds(dataset: Dataset) -> None:
    edit(dataset, BASE, 'kg:start "1920"^^xsd:gYear', 'kg:start "around 1920"')

    (finding,) = findings(dataset, "bounds")

    assert finding.result_path == KG + "start"


@pytest.mark.parametrize(
    ("old", "new", "subject", "words"),
    [
        ("kg:endOffset 10", "kg:endOffset 42", ST + "school-place", "has 41 characters"),
        ("kg:paragraph 2", "kg:paragraph 3", SRC + "t", "line 2 of text.txt has no passage"),
        ("kg:paragraph 2", "kg:paragraph 3", SRC + "t-2", "has 2 non-empty lines, and not 3"),
        (
            "src:t-2 a kg:Passage ; kg:passageOf src:t",
            "src:t-2 a kg:Passage ; kg:passageOf src:ref",
            SRC + "t",
            "line 2",
        ),
    ],
)
def test_passages_are_held_against_the_text(old: str, new: str, subject: str, words: str, dataset: Dataset) -> None:
    edit(dataset, BASE, old, new)

    found = [finding.message for finding in findings(dataset, "passages") if finding.subject == subject]

    assert any(words in message for message in found)


def test_a_text_that_was_changed_is_found_in_the_source_and_in_the_passage(dataset: Dataset) -> None:
    edit(dataset, "texts/text.txt", "lay at Port", "was in Port")
    edit(dataset, "texts/text.txt", "A heading\n", "A heading\n\n")

    found = {(finding.subject, finding.result_path) for finding in findings(dataset, "passages")}

    assert (SRC + "t", KG + "textHash") in found


def test_of_a_changed_text_the_lines_that_differ_are_named(dataset: Dataset) -> None:
    """The third line is new, so that the file is another; both old lines are still there."""
    path = dataset.root / "texts" / "text.txt"
    path.write_text(path.read_text(encoding="utf-8") + "\nOne more.\n", encoding="utf-8")

    messages = [finding.message for finding in findings(dataset, "passages")]

    assert any("text.txt is another state of it" in message for message in messages)
    assert any("non-empty line 3" in message for message in messages)


def test_a_folder_that_is_not_there_is_an_error_and_no_finding(dataset: Dataset) -> None:
    with pytest.raises(DatasetError, match="--texts"):
        check_dataset(dataset, dataset.root / "nowhere", owl=False)


@pytest.mark.parametrize("wrong", ['sh:minCount "one"', 'sh:pattern "["', "sh:or kg:Flow", "sh:path kg:to"])
def test_a_shapes_graph_that_the_engine_cannot_read_is_never_conformance(wrong: str, dataset: Dataset) -> None:
    edit(dataset, "ontology/shapes.ttl", "sh:path kg:affects ;", f"sh:path kg:affects ; {wrong} ;")

    with pytest.raises(CheckImpossible, match="SHACL"):
        check_dataset(dataset, None, owl=False)


def test_a_rule_that_is_not_sparql_is_a_finding_in_its_own_file(dataset: Dataset) -> None:
    edit(dataset, "ontology/rules/passage-is-used.rq", "SELECT ?focus", "SELECT ?focus ?focus2 WHERE WHERE")

    (finding,) = findings(dataset, "syntax")

    assert (finding.path.name, finding.line) == ("passage-is-used.rq", 3)


def test_findings_come_in_the_same_order_each_time(dataset: Dataset) -> None:
    (dataset.root / BASE).write_text(
        (dataset.root / BASE).read_text(encoding="utf-8").replace("kg:cite src:t-1", "kg:cite src:t"), encoding="utf-8"
    )

    one, other = (check_dataset(dataset, None, owl=False).findings for _ in range(2))

    assert one == other
    assert len(one) > 10
    assert [(str(f.path), f.line) for f in one] == sorted((str(f.path), f.line) for f in one)


def test_a_dataset_without_shapes_and_rules_is_checked_for_the_rest(dataset: Dataset) -> None:
    (dataset.root / "ontology" / "shapes.ttl").unlink()
    for rule in dataset.rules:
        rule.unlink()
    edit(dataset, BASE, "kg:quantity 620000", "kg:quantity 620000.0")

    report = check_dataset(dataset, None, owl=False)

    assert [finding.source for finding in report.findings] == ["literals"]
