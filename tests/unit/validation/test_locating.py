"""The lexer finds where the block of a subject begins, whatever Turtle surrounds it."""

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patching import ONTOLOGY

from kg.validation.locating import locate_subjects, tokens

BASE = "http://example.org/"
OBJECTS = st.sampled_from(
    [
        "<http://example.org/o#1>",
        "ex:o",
        "ex:with.dot",
        "ex:a\\.b\\,c",
        "ex:%2E",
        "1",
        "1.5",
        "-1.5e3",
        ".5",
        "true",
        '"a . b"',
        '"with \\" quote . # no comment"',
        "'single . [ ('",
        '"tagged ."@en-GB',
        '"typed"^^ex:type',
        '"""long .\n ex:no ex:such ex:subject .\n "quoted" end"""',
        "'''it''s\n<http://example.org/no> a ex:T .'''",
        "[ ex:p ex:o ; ex:q [ ex:r ( 1 2.0 ex:x ) ] ]",
        "( ex:a [ ] ( ) 'x' )",
        "_:label.1",
        "<relative>",
    ]
)
SUBJECTS = st.sampled_from(["ex:s", "ex:s.1", "<http://example.org/s#2>", "<s3>", "ex:", ":empty", "ex:a\\(b"])
GAPS = st.sampled_from([" ", "\n", "\n\n  ", ' # a comment . with ( brackets <iri> "quote\n', "\t\r\n"])
DIRECTIVES = st.sampled_from(
    [
        f"@prefix ex: <{BASE}> .",
        "@prefix ex: <http://example.org/other/> .",
        f"PREFIX ex: <{BASE}>",
        f"prefix   other:\n<{BASE}>",
        f"@base <{BASE}base/> .",
        f"BASE <{BASE}>",
    ]
)


@st.composite
def blocks(draw: st.DrawFn) -> str:
    gap = draw(GAPS)
    objects = f"{gap},{gap}".join(draw(st.lists(OBJECTS, min_size=1, max_size=3)))
    tail = draw(st.sampled_from(["", f"{gap}; ex:q {draw(OBJECTS)}", " ;;"]))
    return f"{gap}a{gap}{objects}{tail}{draw(GAPS)}."


@settings(deadline=None)  # a busy machine is no fault of the lexer
@given(st.lists(st.tuples(GAPS, st.one_of(DIRECTIVES, st.tuples(SUBJECTS, blocks()), st.just("[] a ex:T .")))))
def test_each_subject_is_found_on_its_line(parts: list[tuple[str, str | tuple[str, str]]]) -> None:
    """The text is built piece by piece, so that the line of each subject is known; the engine says who it is."""
    text = f"@prefix ex: <{BASE}> . @prefix : <{BASE}empty/> . @base <{BASE}> ."
    expected: dict[str, int] = {}
    for gap, part in parts:
        text += gap
        if isinstance(part, str):
            text += part
            continue
        line, before = text.count("\n") + 1, text
        text += "".join(part)
        subject = [q.subject for q in ox.parse(before + f"{part[0]} a <urn:here> .", ox.RdfFormat.TURTLE)][-1]
        assert isinstance(subject, ox.NamedNode)
        expected.setdefault(subject.value, line)

    assert locate_subjects(text) == expected


@pytest.mark.parametrize("path", sorted(ONTOLOGY.glob("*.ttl")), ids=lambda path: path.name)
def test_all_subjects_of_the_ontology_are_found(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    subjects = {q.subject.value for q in ox.parse(text, ox.RdfFormat.TURTLE) if isinstance(q.subject, ox.NamedNode)}

    assert locate_subjects(text).keys() == subjects


def test_a_subject_with_two_blocks_is_found_at_the_first() -> None:
    assert locate_subjects("\n<urn:a> a <urn:T> .\n<urn:b> a <urn:T> .\n<urn:a> a <urn:U> .") == {
        "urn:a": 2,
        "urn:b": 3,
    }


def test_tokens_tell_tags_from_directives() -> None:
    found = [(token.kind, token.text) for token in tokens('@prefix p: <urn:p> . p:a p:b "x"@prefix-De .')]

    assert found[0] == ("directive", "@prefix")
    assert ("language", "@prefix-De") in found
