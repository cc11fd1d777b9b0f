"""Numerals: every number in a passage, in figures or in words, where it stands and what it says.

The rule. A number in figures is a run of digits with

- what parts it: a comma or a point before exactly three digits parts thousands, as a space before them does; before
  any other number of digits they are decimal. The comma of a date ("23, 1939") has a space behind it and parts nothing;
- what belongs to it: the English ordinal ending ("22nd"), the s of a decade ("1920s"), the sign of per cent, the
  minutes of a clock ("2:00"), the denominator of a fraction ("1/3"), a word that multiplies it ("4 million").

A point behind ("1939.", "19. September") never belongs to it. A Roman numeral counts behind a name or an abbreviation
("World War I", "D. XIII", "WWI") and behind "through" or "bis".

A number in words is a cardinal, an ordinal, a fraction (half, Drittel), a multiple (twofold, doubled, dreifach), how
often (once, zweimal) or a number taken as a noun (dozens, hundreds of thousands), in English or German; "one" counts
wherever it stands, as do ordinals, since only a reader can tell whether they count: the list says it of each. No number
words are the article (a, ein), what means two or one without naming it (both, pair, single, einmal, einfach), what
names no number (many, majority, none) and times (decade, century). Hundreds and what follows them ("two hundred and
five") are two numerals here; neither text has such.

In a row of a table the digits run together; `cuts` says where cells end, and each piece is read by itself.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple


def _numbered(words: str, first: int, step: int = 1) -> dict[str, int]:
    """The words of consecutive numbers; a slash parts the words of one number."""
    return {
        word: first + place * step
        for place, alternatives in enumerate(words.split())
        for word in alternatives.split("/")
    }


_UNITS: Final = _numbered(
    "zero/null one/eins two/zwei three/drei four/vier five/fünf six/sechs seven/sieben eight/acht nine/neun ten/zehn "
    "eleven/elf twelve/zwölf thirteen/dreizehn fourteen/vierzehn fifteen/fünfzehn sixteen/sechzehn seventeen/siebzehn "
    "eighteen/achtzehn nineteen/neunzehn",
    first=0,
)
_TENS: Final = _numbered(
    "twenty/zwanzig thirty/dreißig forty/vierzig fifty/fünfzig sixty/sechzig seventy/siebzig eighty/achtzig "
    "ninety/neunzig",
    first=20,
    step=10,
)
_ORDINALS: Final = _numbered(
    "first/erste second/zweite third/dritte fourth/vierte fifth/fünfte sixth/sechste seventh/siebte eighth/achte "
    "ninth/neunte tenth/zehnte",
    first=1,
)
_POWERS: Final = {
    **dict.fromkeys(("dozen", "dutzend"), 12),
    **dict.fromkeys(("hundred", "hundert"), 100),
    **dict.fromkeys(("thousand", "tausend"), 1000),
    "million": 10**6,
    **dict.fromkeys(("billion", "milliarde"), 10**9),
}
_OTHERS: Final = {
    **dict.fromkeys(("half", "halves", "halb", "halbe", "halber", "halbes", "halben", "hälfte"), Fraction(1, 2)),
    **dict.fromkeys(("thirds", "drittel"), Fraction(1, 3)),
    **dict.fromkeys(("quarter", "quarters", "viertel"), Fraction(1, 4)),
    "once": Fraction(1),
    **dict.fromkeys(("twice", "double", "doubled", "doubles", "doubling", "doppelt", "doppelte"), Fraction(2)),
    **dict.fromkeys(("thrice", "triple", "tripled", "triples", "tripling"), Fraction(3)),
}


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


_GAP: Final = "[ \u00a0\u202f]"
_SMALL: Final = _any([*_UNITS, *_TENS])
_POWER: Final = rf"{_any(_POWERS)}(?:en|s|e|n)?"
_FIGURES: Final = rf"\d{{1,3}}(?:(?:{_GAP}|[.,])\d{{3}})+(?!\d)(?:[.,]\d+(?!\d))?|\d+[.,]\d+|\d+"
_FIGURE: Final = re.compile(
    rf"(?P<clock>\d\d?:\d\d)(?!\d)|(?P<fraction>\d+/[1-9]\d*)"
    rf"|(?P<figures>{_FIGURES})(?:(?P<end>st|nd|rd|th|s)\b|{_GAP}?(?P<percent>%)|{_GAP}(?P<power>{_POWER})\b)?",
    re.IGNORECASE,
)
_WORD: Final = re.compile(
    rf"\b(?:(?P<small>{_any(_TENS)}[- ]{_any(_UNITS)}|(?:{_SMALL}(?:und)?|hundert|tausend)+)"
    rf"(?:[ -](?P<times>{_POWER}))?(?P<multiple>-?fold|-?fach\w{{0,2}}|-?mal)?"
    rf"|(?P<ordinal>{_any(_ORDINALS)})(?:(?<=e)[nrsm])?"
    rf"|(?P<powers>{_POWER}(?: (?:of )?{_POWER})*)"
    rf"|(?P<other>{_any(_OTHERS)}))\b",
    re.IGNORECASE,
)
_ROMAN: Final = re.compile(
    r"(?:\bWW|\b[A-ZÄÖÜ][\w.]*[ -]|\b(?:through|bis) |(?<=[IVX][-\u2013]))(?P<roman>[IVX]+)\b",
)
_ROMAN_DIGITS: Final = {"I": 1, "V": 5, "X": 10}


class Numeral(NamedTuple):
    """A number in a passage: offsets in code points from 0, the end exclusive, and the number that it says."""

    start: int
    end: int
    reading: Fraction


def find_numerals(passage: str, cuts: Iterable[int] = ()) -> list[Numeral]:
    """All numerals of `passage`, in the order of their offsets; `cuts` are offsets that no numeral crosses."""
    borders = sorted({0, *cuts, len(passage)})
    return [
        Numeral(border + start, border + end, reading)
        for border, after in pairwise(borders)
        for start, end, reading in sorted(_in_piece(passage[border:after]))
    ]


def _in_piece(piece: str) -> Iterator[Numeral]:
    figures = [Numeral(*match.span(), _figure(match)) for match in _FIGURE.finditer(piece)]
    yield from figures
    ends = {figure.end for figure in figures}
    for match in _WORD.finditer(piece):
        if match.end() not in ends:  # "million" belongs to the figure before it
            yield Numeral(*match.span(), _word(match))
    for match in _ROMAN.finditer(piece):
        yield Numeral(*match.span("roman"), Fraction(_roman(match["roman"])))


def _figure(match: re.Match[str]) -> Fraction:
    if match["clock"]:
        hours, minutes = match["clock"].split(":")
        return int(hours) + Fraction(int(minutes), 60)
    if match["fraction"]:
        return Fraction(match["fraction"])
    thousands = re.sub(rf"(?:{_GAP}|[.,])(?=\d{{3}}(?:\D|$))", "", match["figures"])
    return Fraction(thousands.replace(",", ".")) * _power(match["power"])


def _word(match: re.Match[str]) -> Fraction:
    if match["small"]:
        return _cardinal(match["small"].lower()) * _power(match["times"])
    if match["ordinal"]:
        return Fraction(_ORDINALS[match["ordinal"].lower()])
    if match["powers"]:
        return _power(match["powers"])
    return _OTHERS[match["other"].lower()]


def _cardinal(words: str) -> Fraction:
    """The number of English or German words run together: a hundred or a thousand multiplies what stands before it."""
    total, part = 0, 0
    for word in re.findall(rf"{_SMALL}|hundert|tausend", words):
        if word == "tausend":
            total, part = (total + part or 1) * 1000, 0
        elif word == "hundert":
            part = (part or 1) * 100
        else:
            part += _UNITS.get(word, 0) + _TENS.get(word, 0)
    return Fraction(total + part)


def _power(words: str | None) -> Fraction:
    """The product of the powers in `words` ("hundreds of thousands"), 1 without any."""
    product = Fraction(1)
    for word in re.findall(_any(_POWERS), (words or "").lower()):
        product *= _POWERS[word]
    return product


def _roman(digits: str) -> int:
    values = [_ROMAN_DIGITS[digit] for digit in digits]
    return sum(-value if value < after else value for value, after in pairwise([*values, 0]))
