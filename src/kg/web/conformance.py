"""The room at /conformance (level 3): how this server does in the W3C test suites, and every test that it fails.

The tests measure and write the file (`pytest tests/conformance --write-scores`); here it is only shown.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.formats import HTML, JSON
from kg.sparql.decoding import decode_pairs
from kg.sparql.negotiation import by_name, negotiate
from kg.web.exchange import Answer, Exchange
from kg.web.pages import Pages

FILE: Final = Path(__file__).with_name("conformance.json")
_FORMATS: Final = (JSON, HTML)  # a client without a preference is a program; browsers ask for HTML by name


@dataclass(frozen=True, slots=True)
class Score:
    """Tests and passes of one category, or of a whole suite; `approved` counts those that a working group approved.

    `passed_by_value` also counts tests in which only the form of literals differs.
    """

    name: str
    tests: int
    passed: int
    passed_by_value: int
    approved: int
    approved_passed: int


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite with its categories."""

    total: Score
    categories: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Tests, by IRI, that do not pass for one reason."""

    kind: str
    text: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConformancePage:
    """What the page shows; `versions` are names with the version that was measured."""

    suites: tuple[Suite, ...]
    reasons: tuple[Reason, ...]
    versions: tuple[tuple[str, str], ...]


class Conformance:
    """Answers /conformance."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._json = FILE.read_bytes()
        self._page = read_page(json.loads(self._json))

    async def __call__(self, exchange: Exchange) -> None:
        """Answer with the scores: a page for people, the file itself for programs.

        Raises:
            NotAcceptable: neither is asked for.
        """
        exchange.require_method("GET")
        names = [value for name, value in decode_pairs(exchange.query_string) if name == "format" and value]
        chosen = by_name(names[0], _FORMATS) if names else negotiate(exchange.header("accept"), _FORMATS)
        if chosen is HTML:
            await exchange.answer(self._pages.page("conformance.html", self._page))
        else:
            await exchange.answer(Answer(200, JSON.content_type, self._json, cacheable=True))


def read_page(document: dict[str, Any]) -> ConformancePage:
    """The document of scores as the page shows it: by suite, and the deviations by their reasons."""
    suites: dict[str, list[Score]] = defaultdict(list)
    for entry in document["scores"]:
        figures = {name: value for name, value in entry.items() if name not in ("suite", "category")}
        suites[entry["suite"]].append(Score(entry["category"], **figures))
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in document["deviations"]:
        reasons[(entry["kind"], entry["reason"])].append(entry["test"])
    return ConformancePage(
        suites=tuple(Suite(_total(name, scores), tuple(scores)) for name, scores in suites.items()),
        reasons=tuple(Reason(kind, text, tuple(tests)) for (kind, text), tests in sorted(reasons.items())),
        versions=tuple(document["versions"].items()),
    )


def _total(name: str, scores: Iterable[Score]) -> Score:
    figures = ((s.tests, s.passed, s.passed_by_value, s.approved, s.approved_passed) for s in scores)
    return Score(name, *map(sum, zip(*figures, strict=True)))
