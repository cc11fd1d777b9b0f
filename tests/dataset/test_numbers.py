"""Every number of both texts is held by a claim, or the list says why not.

`numbers.csv` has one row for each numeral that `numerals.py` finds: passage, offsets, and the claims that hold the
number. `reading` stands where a claim holds it in another form than the text (75 for an hour and fifteen minutes). A
row with a `reason` holds no number; the claims that it may name rest on the same passage and say the thing without it.
Rows without a reason are checked by value where the texts are there.
"""

import csv
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pytest
from numerals import find_numerals

from kg.files import CHECKOUT, Dataset
from kg.namespaces import BASE
from kg.store.memory import load_dataset
from kg.validation.passages import read_texts

LIST = Path(__file__).with_name("numbers.csv")
REASONS = {
    "assessment: part of one that the claims hold in words",
    "enumerated: what is counted is named one by one, by the claims",
    "list-mark: numbers the points of a list",
    "name: part of a proper name or of a term",
    "name-year: tells an agreement from others of its name; dated by claims on other passages",
    "once: as soon as or formerly, not how often",
    "one-of: picks one of several or a certain one, which the claims are about",
    "order: says what came earlier, as the claims do",
    "picture: dates a picture that is no part of the text",
    "set-phrase: counts nothing",
    "unit: belongs to the unit of the numbers beside it",
}
# Reasons that hold only as far as there are claims which say the same without the number.
NEEDS_CLAIMS = {"assessment", "enumerated", "one-of", "order"}
ROUNDING = Fraction(1, 10_000)  # 0.3333 is one third
CLAIMS = """
PREFIX kg: <https://w3id.org/rapallo/ont#>
SELECT ?claim ?passage ?start ?end ?table WHERE {
  ?claim kg:cite ?passage .
  OPTIONAL { ?claim kg:startOffset ?start ; kg:endOffset ?end }
  OPTIONAL { ?claim kg:table ?table }
}
"""
VALUES = """
PREFIX kg: <https://w3id.org/rapallo/ont#>
SELECT ?claim ?value WHERE {
  ?claim kg:cite ?passage ; ?property ?value .
  VALUES ?property {
    kg:quantity kg:quantityMin kg:quantityMax kg:value kg:date kg:start kg:end
  }
  FILTER(ISLITERAL(?value))
}
"""
HASHES = """
PREFIX kg: <https://w3id.org/rapallo/ont#>
SELECT DISTINCT ?source ?hash WHERE { ?passage kg:passageOf ?source . ?source kg:textHash ?hash }
"""

Place = tuple[str, int, int]  # passage and offsets
Printed = tuple[Fraction, bool]  # the number and whether it is one of per cent


@dataclass(frozen=True)
class Row:
    """A row of the list; offsets in code points from 0."""

    passage: str
    start: int
    end: int
    claims: tuple[str, ...]
    reading: str
    reason: str

    @property
    def place(self) -> Place:
        """Where the numeral stands."""
        return self.passage, self.start, self.end

    def __str__(self) -> str:
        return f"{self.passage} {self.start}-{self.end}"


@dataclass
class Claim:
    """What the list can be compared with; no offsets where the passage is cited as a whole."""

    passages: set[str] = field(default_factory=set)
    start: int | None = None
    end: int | None = None
    is_cell: bool = False
    values: list[str] = field(default_factory=list)

    def lies_on(self, row: Row) -> bool:
        """Whether its words and the number overlap; the year of a table row stands apart from the cells."""
        if row.passage not in self.passages:
            return False
        return self.is_cell or self.start is None or self.end is None or (self.start < row.end and row.start < self.end)


ROWS = [
    Row(
        line["passage"],
        int(line["start"]),
        int(line["end"]),
        tuple(line["claim"].split()),
        line["reading"],
        line["reason"],
    )
    for line in csv.DictReader(LIST.read_text(encoding="utf-8").splitlines())
]


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The real dataset in memory."""
    return load_dataset(Dataset(CHECKOUT)).store


@pytest.fixture(scope="module")
def claims(store: ox.Store) -> dict[str, Claim]:
    """The claims by the last part of their IRI."""
    found: defaultdict[str, Claim] = defaultdict(Claim)
    for name, passage, start, end, table in _rows(store, CLAIMS):
        claim = found[name]
        claim.passages.add(passage)
        claim.is_cell = bool(table)
        if start:
            claim.start, claim.end = int(start), int(end)
    for name, value in _rows(store, VALUES):
        found[name].values.append(value)
    return dict(found)


@pytest.fixture(scope="module")
def numerals(store: ox.Store, claims: dict[str, Claim]) -> dict[Place, Printed]:
    """What the scan finds in the texts; the digits of a table row are parted where the cells of the graph are."""
    cuts: defaultdict[str, set[int]] = defaultdict(set)
    for claim in claims.values():
        if claim.is_cell and claim.start is not None and claim.end is not None:
            for passage in claim.passages:
                cuts[passage] |= {claim.start, claim.end}
    sources = {digest: source for source, digest in _rows(store, HASHES)}
    return {
        (passage, numeral.start, numeral.end): (numeral.reading, line[numeral.start : numeral.end].endswith("%"))
        for text in read_texts(Path(os.environ["KG_TEXTS"]))
        for number, line in enumerate(text.lines, start=1)
        for passage in [f"{sources[text.digest]}-{number}"]
        for numeral in find_numerals(line, cuts[passage])
    }


def _rows(store: ox.Store, query: str) -> Iterator[tuple[str, ...]]:
    """The solutions as strings, IRIs of the dataset by their last part, "" for what is not bound."""
    solutions = store.query(query)
    assert isinstance(solutions, ox.QuerySolutions)
    for solution in solutions:
        yield tuple(re.sub(rf"^{BASE}(st|src|id)/", "", term.value) if term else "" for term in solution)


def _numbers(claim: Claim) -> set[Fraction]:
    """Quantities, years and days of a claim; a month or a season is never a numeral in these texts."""
    found = set()
    for value in claim.values:
        for part in value.split("/"):
            if time := re.fullmatch(r"(\d{4})(?:-\d\d(?:-(\d\d))?)?", part):
                found |= {Fraction(number) for number in time.groups() if number}
            elif re.fullmatch(r"\d+(\.\d+)?", part):
                found.add(Fraction(part))
    return found


def _holds(claim: Claim, number: Fraction, is_percent: bool) -> bool:
    forms = {number, number / 100} if is_percent else {number}
    return any(abs(form - held) < ROUNDING for form in forms for held in _numbers(claim))


def test_the_rows_are_in_the_order_of_the_texts_and_do_not_overlap() -> None:
    def order(row: Row) -> tuple[str, int, int]:
        source, number = row.passage.split("-")
        return source, int(number), row.start

    assert ROWS
    assert sorted(ROWS, key=order) == ROWS
    assert [str(row) for row in ROWS if not 0 <= row.start < row.end] == []
    assert [str(b) for a, b in pairwise(ROWS) if a.passage == b.passage and a.end > b.start] == []


def test_each_row_has_a_claim_or_one_of_the_reasons() -> None:
    assert [str(row) for row in ROWS if not row.claims and not row.reason] == []
    assert {row.reason for row in ROWS if row.reason} == REASONS
    assert [str(row) for row in ROWS if row.reading and (row.reason or not row.claims)] == []


def test_a_reason_that_rests_on_claims_names_them() -> None:
    reasoned = [row for row in ROWS if row.reason]

    assert [str(row) for row in reasoned if (row.reason.partition(":")[0] in NEEDS_CLAIMS) != bool(row.claims)] == []


def test_each_claim_of_the_list_exists_and_cites_the_passage(claims: dict[str, Claim]) -> None:
    wrong = [
        f"{row}: {name}"
        for row in ROWS
        for name in row.claims
        if name not in claims or row.passage not in claims[name].passages
    ]

    assert wrong == []


def test_a_claim_that_holds_a_number_rests_on_the_words_where_it_stands(claims: dict[str, Claim]) -> None:
    wrong = [f"{row}: {name}" for row in ROWS if not row.reason for name in row.claims if not claims[name].lies_on(row)]

    assert wrong == []


def test_a_reading_is_the_value_of_the_claims(claims: dict[str, Claim]) -> None:
    readings = [row for row in ROWS if row.reading]

    wrong = [f"{row}: {name}" for row in readings for name in row.claims if row.reading not in claims[name].values]

    assert wrong == []


def test_all_51_cells_of_the_tables_are_in_the_list(claims: dict[str, Claim]) -> None:
    cells = {
        (passage, claim.start, claim.end, name)
        for name, claim in claims.items()
        if claim.is_cell
        for passage in claim.passages
    }

    listed = {(row.passage, row.start, row.end, name) for row in ROWS for name in row.claims}

    assert len(cells) == 51
    assert sorted(map(str, cells - listed)) == []


@pytest.mark.needs_texts
def test_the_list_has_each_numeral_of_the_texts_and_no_other(numerals: dict[Place, Printed]) -> None:
    listed = {row.place for row in ROWS}

    assert sorted(numerals.keys() - listed) == []
    assert sorted(listed - numerals.keys()) == []


@pytest.mark.needs_texts
def test_a_claim_holds_the_number_that_stands_there(numerals: dict[Place, Printed], claims: dict[str, Claim]) -> None:
    held = [row for row in ROWS if not row.reason and not row.reading]

    wrong = [f"{row}: {name}" for row in held for name in row.claims if not _holds(claims[name], *numerals[row.place])]

    assert len(held) > 200
    assert wrong == []


@pytest.mark.needs_texts
def test_a_reading_is_given_only_where_the_claim_has_another_form(
    numerals: dict[Place, Printed], claims: dict[str, Claim]
) -> None:
    needless = [
        f"{row}: {name}"
        for row in ROWS
        if row.reading
        for name in row.claims
        if _holds(claims[name], *numerals[row.place])
    ]

    assert needless == []
