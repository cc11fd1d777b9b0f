"""Text from an address becomes a term of the declared type, or a refusal that names the parameter."""

from pathlib import Path

import pytest
from tree_datasets import load_one, with_parameter

from kg.errors import ParameterError
from kg.namespaces import ID, SRC, VOC, XSD
from kg.rest.parameters import read_values


def read(root: Path, declaration: str, *given: str) -> str | None:
    """The printed term of `x`, None if it has no value."""
    stored = load_one(root, with_parameter(declaration))
    in_path = {"x": given[0]} if "in: path" in declaration else {}
    pairs: list[tuple[str, str]] = [] if in_path else [("x", value) for value in given]
    term = read_values(stored, in_path, pairs).get("x")
    return None if term is None else str(term)


@pytest.mark.parametrize(
    ("declaration", "given", "printed"),
    [
        ("type: date, in: query", "1939", f'"1939-01-01"^^<{XSD}date>'),
        ("type: date, in: query", "1940-02", f'"1940-02-01"^^<{XSD}date>'),
        ("type: date, in: query, bound: first", "1940-02", f'"1940-02-01"^^<{XSD}date>'),
        ("type: date, in: query, bound: last", "1940-02", f'"1940-02-29"^^<{XSD}date>'),
        ("type: date, in: query, bound: last", "1939", f'"1939-12-31"^^<{XSD}date>'),
        ("type: date, in: query, bound: last", "1939-11-30", f'"1939-11-30"^^<{XSD}date>'),
        ("type: date, in: query", "-0044-03-15", f'"-0044-03-15"^^<{XSD}date>'),
        ("type: entity, in: path, example: a", "oak", f"<{ID}oak>"),
        ("type: entity, in: path, example: a", "Дуб", f"<{ID}Дуб>"),
        ("type: entity, in: path, example: a", "a%2Fb", f"<{ID}a%2Fb>"),
        ("type: entity, in: query, space: src", "s1-18", f"<{SRC}s1-18>"),
        ("type: iri, in: query", "urn:isbn:1", "<urn:isbn:1>"),
        ("type: enum, in: query, scheme: leaves", "evergreen", f"<{VOC}evergreen>"),
        ("type: integer, in: query", "+007", f'"7"^^<{XSD}integer>'),
        ("type: decimal, in: query", ".5", f'".5"^^<{XSD}decimal>'),
        ("type: string, in: query", "", '""'),
    ],
)
def test_a_value_becomes_a_term_of_its_type(tmp_path: Path, declaration: str, given: str, printed: str) -> None:
    assert read(tmp_path, declaration, given) == printed


@pytest.mark.parametrize(
    ("declaration", "given"),
    [
        ("type: date, in: query", "1939-02-29"),
        ("type: date, in: query", "39"),
        ("type: date, in: query", "1939-11-30T00:00:00"),
        ("type: date, in: query", "\N{ARABIC-INDIC DIGIT ONE}939"),
        ("type: entity, in: path, example: a", ""),
        ("type: entity, in: path, example: a", "a/b"),
        ("type: entity, in: path, example: a", ".."),
        ("type: entity, in: path, example: a", "a b"),
        ("type: entity, in: path, example: a", "a>"),
        ("type: entity, in: path, example: a", "a?b"),
        ("type: entity, in: path, example: a", "a%zz"),
        ("type: iri, in: query", "/relative"),
        ("type: iri, in: query", "http://a/ b"),
        ("type: enum, in: query, scheme: leaves", "Evergreen"),
        ("type: enum, in: query, scheme: leaves", "any"),
        ("type: integer, in: query", "1.0"),
        ("type: integer, in: query", "9223372036854775808"),
        ("type: integer, in: query", "1" * 10_000),
        ("type: decimal, in: query", "1e3"),
        ("type: decimal, in: query", "."),
        ("type: decimal, in: query", "0." + "1" * 19),
    ],
)
def test_what_is_no_value_of_the_type_is_refused_by_name(tmp_path: Path, declaration: str, given: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read(tmp_path, declaration, given)

    assert caught.value.name == "x"


def test_a_default_stands_in(tmp_path: Path) -> None:
    assert read(tmp_path, "type: integer, in: query, default: 3") == f'"3"^^<{XSD}integer>'


def test_any_leaves_an_enum_open(tmp_path: Path) -> None:
    declaration = "type: enum, in: query, scheme: leaves, default: evergreen, any: true"

    assert read(tmp_path, declaration) == f"<{VOC}evergreen>"
    assert read(tmp_path, declaration, "any") is None


def test_a_parameter_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="2 times"):
        read(tmp_path, "type: integer, in: query", "1", "1")


def test_what_is_required_and_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="is needed"):
        read(tmp_path, "type: integer, in: query, required: true, example: 3")
