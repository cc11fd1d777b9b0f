"""The tables and the file of results."""

import json
from pathlib import Path

from benchmarks.figures import GROWTH, RATE, TIME, Key, Results
from benchmarks.report import Setting, as_json, as_markdown, table, write_results

SETTING = Setting(
    name="5k",
    date="2026-11-25",
    triples=5_000,
    seed=1922,
    rounds=3,
    seconds=1.0,
    machine={"processor": "Abacus 3"},
    load_before=0.25,
    load_after=1.5,
    servers=[("rapallo", "memory", "0.1.0"), ("other", "disk", "7.5")],
    workloads={"mix": "some queries"},
)


def measured() -> Results:
    """Two sections: one with two cases of one metric, one with a metric that has no ratio."""
    results = Results()
    for ours, theirs in [(200.0, 100.0), (330.0, 110.0), (90.0, 90.0)]:
        results.add(Key("Load", "mix, 1 conn.", RATE), "rapallo", ours)
        results.add(Key("Load", "mix, 1 conn.", RATE), "other", theirs)
        results.add(Key("Load", "mix, 8 conn.", RATE), "rapallo", ours)
        results.add(Key("Load", "mix, 8 conn.", RATE), "other", 4 * theirs)
    results.add(Key("Large answer", "9 rows", TIME), "rapallo", 2.0)
    results.add(Key("Large answer", "9 rows", GROWTH), "rapallo", 3.0)
    results.add(Key("Large answer", "9 rows", GROWTH), "other", 0.0)
    return results


def test_a_page_says_machine_peers_and_their_versions() -> None:
    page = as_markdown(SETTING, measured())

    assert "| other | disk | 7.5 |" in page
    assert "- processor: Abacus 3" in page
    assert "- load average before and after: 0.2, 1.5" in page
    assert "# 5,000 triples, 2026-11-25" in page


def test_a_page_shows_each_ratio_with_its_spread_and_the_mean_of_a_section() -> None:
    lines = as_markdown(SETTING, measured()).splitlines()

    assert "| mix, 1 conn. | 2.00 (1.00 to 3.00) |" in lines
    assert "| mix, 8 conn. | 0.500 (0.250 to 0.750) |" in lines
    assert "| geometric mean | 1.00 |" in lines


def test_what_has_no_ratio_stands_among_the_absolute_figures_only() -> None:
    ratios, _, absolute = as_markdown(SETTING, measured()).partition("## Absolute figures")

    assert "memory above idle" not in ratios
    assert "| 9 rows, memory above idle, MiB | 3.00 (3.00 to 3.00) | 0 (0 to 0) |" in absolute


def test_the_file_of_results_has_every_value_of_every_round(tmp_path: Path) -> None:
    data, page = write_results(tmp_path / "new", SETTING, measured())

    assert (data.name, page.name) == ("2026-11-25-5k.json", "2026-11-25-5k.md")
    first = json.loads(data.read_text(encoding="utf-8"))["results"][0]
    assert first["values"]["other"] == {"median": 100.0, "lowest": 90.0, "highest": 110.0, "rounds": [100, 110, 90]}
    assert first["ratios"] == {"other": {"median": 2.0, "lowest": 1.0, "highest": 3.0}}


def test_there_are_no_ratios_without_peers() -> None:
    results = Results()
    results.add(Key("Load", "mix", RATE), "rapallo", 1.0)

    assert as_json(SETTING, results)["results"] == [
        {
            "section": "Load",
            "case": "mix",
            "metric": "throughput",
            "unit": "answers/s",
            "values": {"rapallo": {"median": 1.0, "lowest": 1.0, "highest": 1.0, "rounds": [1.0]}},
            "ratios": {},
        }
    ]


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert table(("a",), [("b|c",)]) == ["| a |", "| --- |", "| b\\|c |", ""]
