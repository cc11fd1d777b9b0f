"""Which suites are run, and what came of each test.

Left out are the entailment tests (this server does not reason), those of semantics between graphs, and the tests of
the Graph Store Protocol, which write.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from comparison import Verdict
from json_ld_tests import json_ld_tests, run_json_ld
from manifests import W3CTest, tests_below
from query_tests import run_evaluation, run_negative_syntax, run_positive_syntax
from rdf_tests import run_canonical, run_eval, run_negative, run_positive
from update_tests import run_negative_update_syntax, run_positive_update_syntax, run_update

from kg.errors import KgError

# Suites of files by name: where the manifest lies, and the folders beside it that are not run here.
_OVER_HTTP: Final = ("protocol", "service-description", "service", "syntax-fed")
MANIFESTS: Final = {
    "SPARQL 1.0": ("rdf-tests/sparql/sparql10/manifest.ttl", ()),
    "SPARQL 1.1": (
        "rdf-tests/sparql/sparql11/manifest-all.ttl",
        ("entailment", "graph-store-protocol", "http-rdf-update", *_OVER_HTTP),
    ),
    "SPARQL 1.2": ("rdf-tests/sparql/sparql12/manifest.ttl", ()),
    "RDF 1.1": ("rdf-tests/rdf/rdf11/manifest.ttl", ("rdf-mt",)),
    "RDF 1.2": ("rdf-tests/rdf/rdf12/manifest.ttl", ("rdf-semantics",)),
}
REFUSALS: Final = (KgError, SyntaxError)  # how the service and the parser refuse
JSON_LD: Final = "JSON-LD 1.1"

_RUNNERS: Final[dict[str, Callable[[W3CTest], Verdict]]] = {
    "QueryEvaluationTest": run_evaluation,
    "CSVResultFormatTest": run_evaluation,
    "PositiveSyntaxTest": run_positive_syntax,
    "PositiveSyntaxTest11": run_positive_syntax,
    "NegativeSyntaxTest": run_negative_syntax,
    "NegativeSyntaxTest11": run_negative_syntax,
    "UpdateEvaluationTest": run_update,
    "PositiveUpdateSyntaxTest": run_positive_update_syntax,
    "PositiveUpdateSyntaxTest11": run_positive_update_syntax,
    "NegativeUpdateSyntaxTest": run_negative_update_syntax,
    "NegativeUpdateSyntaxTest11": run_negative_update_syntax,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of one test; `reason` says what went wrong, where there is more to say than that it differs."""

    iri: str
    is_approved: bool
    verdict: Verdict
    reason: str = ""


@cache
def categories() -> dict[tuple[str, str], tuple[W3CTest, ...]]:
    """The tests of the suites of files, by suite and category."""
    found: dict[tuple[str, str], tuple[W3CTest, ...]] = {}
    for suite, (manifest, left_out) in MANIFESTS.items():
        for category, tests in tests_below(manifest).items():
            if category not in left_out:
                found[(suite, category)] = tuple(tests)
    return found


@cache
def measure(suite: str, category: str) -> tuple[Measured, ...]:
    """Run every test of a category of a suite of files."""
    if suite == JSON_LD:
        return tuple(measured(test.iri, False, partial(run_json_ld, test)) for test in json_ld_tests())
    tests: Iterable[W3CTest] = categories()[(suite, category)]
    return tuple(measured(test.iri, test.is_approved, partial(_runner(test.kind), test)) for test in tests)


def measured(
    iri: str, is_approved: bool, run: Callable[[], Verdict], failures: tuple[type[Exception], ...] = REFUSALS
) -> Measured:
    """What comes of `run`; errors other than `failures` are faults of a runner."""
    try:
        return Measured(iri, is_approved, run())
    except failures as error:
        return Measured(iri, is_approved, Verdict.DIFFERENT, f"{type(error).__name__}: {error}")


def _runner(kind: str) -> Callable[[W3CTest], Verdict]:
    if kind in _RUNNERS:
        return _RUNNERS[kind]
    by_ending = {"Eval": run_eval, "PositiveSyntax": run_positive, "NegativeSyntax": run_negative}
    return next(run for ending, run in {**by_ending, "C14N": run_canonical}.items() if kind.endswith(ending))
