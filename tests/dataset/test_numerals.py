"""The scanner of numerals: what is a numeral and what is none, and what it reads."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numerals import find_numerals


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        # figures: thousands, decimals, per cent, fractions, clock
        ("over 7,500 men", [("7,500", 7500)]),
        ("rund 7.500 Mann, 2.250.000 Mark", [("7.500", 7500), ("2.250.000", 2250000)]),
        ("some 7 500 or 2\u00a0250\u202f000", [("7 500", 7500), ("2\u00a0250\u202f000", 2250000)]),
        ("from 1,5 to 12.75", [("1,5", Fraction(3, 2)), ("12.75", Fraction(51, 4))]),
        ("1.250,5 hectares", [("1.250,5", Fraction(2501, 2))]),
        ("17%, 100 % and 1/4", [("17%", 17), ("100 %", 100), ("1/4", Fraction(1, 4))]),
        ("at 9:30, at 7:00.", [("9:30", Fraction(19, 2)), ("7:00", 7)]),
        ("in 1950 200 000 tons", [("1950", 1950), ("200 000", 200000)]),
        # dates, ordinals, decades, marks of a list
        ("May 4, 1950. On 22nd June", [("4", 4), ("1950", 1950), ("22nd", 22)]),
        ("am 3. Mai 1950, 1951.\u20131953.", [("3", 3), ("1950", 1950), ("1951", 1951), ("1953", 1953)]),
        ("mid-1950s; 1) this, 2) that", [("1950s", 1950), ("1", 1), ("2", 2)]),
        # words
        ("three and Twenty-one, forty two", [("three", 3), ("Twenty-one", 21), ("forty two", 42)]),
        ("4 million, two thousand", [("4 million", 4000000), ("two thousand", 2000)]),
        ("in 1950 one of them", [("1950", 1950), ("one", 1)]),
        ("hundreds of thousands, dozens", [("hundreds of thousands", 100000), ("dozens", 12)]),
        ("half, thirds, once, twice", [("half", 0.5), ("thirds", Fraction(1, 3)), ("once", 1), ("twice", 2)]),
        ("twofold, doubled, the triple", [("twofold", 2), ("doubled", 2), ("triple", 3)]),
        ("the second, a third-rate", [("second", 2), ("third", 3)]),
        ("zwei Dritte, zweitausend", [("zwei", 2), ("Dritte", 3), ("zweitausend", 2000)]),
        ("dreihundertfünf, einundzwanzig?", [("dreihundertfünf", 305)]),
        ("zweiundzwanzig Millionen", [("zweiundzwanzig Millionen", 22000000)]),
        ("die Hälfte, dreifach, zweimal", [("Hälfte", 0.5), ("dreifach", 3), ("zweimal", 2)]),
        # Roman numerals and digits in designations
        ("World War II, WWI, Mark D. XIV", [("II", 2), ("I", 1), ("XIV", 14)]),
        ("Mark I through III, T-34", [("I", 1), ("III", 3), ("34", 34)]),
    ],
)
def test_a_numeral_is_found_and_read(passage: str, expected: list[tuple[str, Fraction]]) -> None:
    found = [(passage[numeral.start : numeral.end], numeral.reading) for numeral in find_numerals(passage)]

    assert found == expected


@pytest.mark.parametrize(
    "passage",
    [
        "both, many, a pair, single, none, a century, a decade",
        "ein, eine, nicht einmal, einfach, erst, beide",
        "someone often weighs freight; stone, wonders, tension",
        "and I went; when I saw it",
    ],
)
def test_what_names_no_number_is_no_numeral(passage: str) -> None:
    assert find_numerals(passage) == []


def test_the_cells_of_a_row_are_parted_where_the_cuts_say() -> None:
    row = "Output70894 1013,5"

    found = [(row[numeral.start : numeral.end], numeral.reading) for numeral in find_numerals(row, [8, 10, 15])]

    assert found == [("70", 70), ("89", 89), ("4 101", 4101), ("3,5", Fraction(7, 2))]


@given(st.text(alphabet="0123456789 .,:/%-abIVXst\u00a0", max_size=40))
def test_each_digit_is_in_exactly_one_numeral(passage: str) -> None:
    covered = [offset for numeral in find_numerals(passage) for offset in range(numeral.start, numeral.end)]

    assert len(covered) == len(set(covered))
    assert {offset for offset, sign in enumerate(passage) if sign.isdecimal()} <= set(covered)
