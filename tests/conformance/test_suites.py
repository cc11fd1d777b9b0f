"""The W3C suites pass, but for the tests that `expected` names with their reasons.

`pytest tests/conformance --write-scores` also writes the scores that the server shows at /conformance.
"""

import json
from collections.abc import Iterator

import pytest
from comparison import Solutions, Verdict, compare
from expected import EXPECTED
from federation_tests import CATEGORIES as FEDERATED
from federation_tests import measure_federation
from http_suites import SUITE, measure_description, measure_protocol, protocol_tests, serving_graphs, write_graphs
from manifests import is_there
from protocol_tests import Unexpected, graphs_of, run_protocol
from query_tests import answer_to
from scores import FILE, publish, write
from suites import JSON_LD, Measured, categories, measure

from servers import Server

pytestmark = pytest.mark.needs_w3c

# Listed when tests are collected; without the folder each test below is skipped, or fails where it is required.
CATEGORIES = [*categories(), (JSON_LD, "toRdf")] if is_there() else [("no suite", "is there")]
VOLATILE = ("now01", "rand01", "uuid01", "struuid01")
OVER_HTTP = ("protocol", "service-description", *FEDERATED)


@pytest.fixture(scope="module")
def graphs_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("graphs") / "graphs.nq"
    write_graphs(path)
    with serving_graphs(path) as address:
        yield address


@pytest.fixture(scope="module")
def over_http(server: Server, graphs_address: str) -> dict[str, tuple[Measured, ...]]:
    return {
        "protocol": measure_protocol(server.url, graphs_address),
        "service-description": measure_description(server.url),
        **{category: measure_federation(category) for category in FEDERATED},
    }


def deviations(measured: tuple[Measured, ...]) -> dict[str, str]:
    """The tests that did not pass, by name, with the verdict."""
    return {test.iri: test.verdict for test in measured if test.verdict is not Verdict.SAME}


def expected_of(measured: tuple[Measured, ...]) -> dict[str, str]:
    """What `expected` says of the same tests."""
    return {test.iri: EXPECTED[test.iri].verdict for test in measured if test.iri in EXPECTED}


@pytest.mark.parametrize(("suite", "category"), CATEGORIES)
def test_a_category_passes_but_for_the_expected_deviations(suite: str, category: str) -> None:
    measured = measure(suite, category)

    assert deviations(measured) == expected_of(measured), [test for test in measured if test.reason]


def test_every_answer_is_the_same_in_json_xml_and_tsv() -> None:
    refused = {test.iri for suite, category in CATEGORIES for test in measure(suite, category) if test.reason}
    compared = 0

    for test in (test for tests in categories().values() for test in tests if test.kind == "QueryEvaluationTest"):
        if test.iri in refused or test.iri.rpartition("#")[2] in VOLATILE:
            continue
        by_json = answer_to(test, ".srj")
        if isinstance(by_json, frozenset):
            continue
        for suffix in (".srx", ".tsv") if isinstance(by_json, Solutions) else (".srx",):
            assert (test.iri, compare(answer_to(test, suffix), by_json)) == (test.iri, Verdict.SAME)
        compared += 1

    assert compared > 500


@pytest.mark.parametrize("category", OVER_HTTP)
def test_the_server_keeps_to_the_protocol_but_for_the_expected_deviations(
    category: str, over_http: dict[str, tuple[Measured, ...]]
) -> None:
    measured = over_http[category]

    assert deviations(measured) == expected_of(measured), [test for test in measured if test.reason]


def test_the_protocol_tests_notice_graphs_that_are_not_there(server: Server) -> None:
    tests = [test for test in protocol_tests() if graphs_of(test)]

    assert len(tests) == 6
    for test in tests:
        with pytest.raises(Unexpected, match="the other boolean"):
            run_protocol(test, server.url)


def test_the_published_scores_are_what_was_measured(
    over_http: dict[str, tuple[Measured, ...]], pytestconfig: pytest.Config
) -> None:
    """Every deviation that is expected is one of a test that was run."""
    measured = {(suite, category): measure(suite, category) for suite, category in CATEGORIES}
    measured |= {(SUITE, category): over_http[category] for category in OVER_HTTP}
    document = publish(measured)
    if pytestconfig.getoption("--write-scores"):
        FILE.write_text(write(document), encoding="utf-8")

    assert json.loads(FILE.read_text(encoding="utf-8")) == json.loads(write(document))
    assert {test.iri for tests in measured.values() for test in tests} >= EXPECTED.keys()


@pytest.mark.parametrize(
    ("suite", "count"),
    [("SPARQL 1.0", 482), ("SPARQL 1.1", 495), ("SPARQL 1.2", 269), ("RDF 1.1", 992), ("RDF 1.2", 332)],
)
def test_no_test_of_a_manifest_is_passed_over(suite: str, count: int) -> None:
    assert sum(len(tests) for (name, _), tests in categories().items() if name == suite) == count
