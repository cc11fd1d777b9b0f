"""The scores as they are published: what was measured, by suite and category, and each deviation by name.

Commits are those of the public repositories of which KG_W3C holds copies.
"""

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from comparison import Verdict
from expected import EXPECTED
from suites import Measured

import kg.web

FILE: Final = Path(kg.web.__file__).with_name("conformance.json")
_SUITES: Final = {
    "w3c/rdf-tests": "ad541a5f0479f0798608c4801369d97b8e08b36f",
    "w3c/json-ld-api": "92f07705a0c0ac27aa9bc6fe1322dcc9fad0114d",
}


def publish(measured: Mapping[tuple[str, str], Iterable[Measured]]) -> dict[str, object]:
    """The document of scores; lists are in the order of `measured`."""
    return {
        "versions": {"rapallo": version("rapallo"), "pyoxigraph": version("pyoxigraph"), **_SUITES},
        "scores": [_score(suite, category, tuple(tests)) for (suite, category), tests in measured.items()],
        "deviations": [
            {
                "test": test.iri,
                "suite": suite,
                "category": category,
                "approved": test.is_approved,
                "kind": EXPECTED[test.iri].kind,
                "reason": EXPECTED[test.iri].reason,
            }
            for (suite, category), tests in measured.items()
            for test in tests
            if test.verdict is not Verdict.SAME
        ],
    }


def write(document: Mapping[str, object]) -> str:
    """The document as the file has it."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _score(suite: str, category: str, tests: tuple[Measured, ...]) -> dict[str, object]:
    passed = [test for test in tests if test.verdict is Verdict.SAME]
    return {
        "suite": suite,
        "category": category,
        "tests": len(tests),
        "passed": len(passed),
        "passed_by_value": sum(test.verdict is not Verdict.DIFFERENT for test in tests),
        "approved": sum(test.is_approved for test in tests),
        "approved_passed": sum(test.is_approved for test in passed),
    }
