"""What is written down: everything as JSON, and the ratios as tables in Markdown."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import Key, Metric, Results, Spread, geometric_mean, ratio, short

_NOTE: Final = """\
A ratio says how many times as good the server of this repository is as the peer, the median over the rounds and in
brackets the lowest and the highest; **above 1, ours is better**. Only the ratios are results. The absolute figures at
the end belong to this machine and to this hour.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run was: `servers` are name, mode and version of each, ours first; `workloads` say what each asks."""

    name: str
    date: str
    triples: int
    seed: int
    rounds: int
    seconds: float
    machine: Mapping[str, str]
    load_before: float
    load_after: float
    servers: Sequence[tuple[str, str, str]]
    workloads: Mapping[str, str]


def write_results(folder: Path, setting: Setting, results: Results) -> tuple[Path, Path]:
    """Write `<date>-<size>.json` and `.md` into `folder`; return both."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{setting.date}-{setting.name}"
    data, page = folder / f"{stem}.json", folder / f"{stem}.md"
    data.write_text(json.dumps(as_json(setting, results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(as_markdown(setting, results), encoding="utf-8")
    return data, page


def as_json(setting: Setting, results: Results) -> dict[str, object]:
    """The run as one object: the setting, each value of each round, and the ratios."""
    ours = setting.servers[0][0]
    rows: list[dict[str, object]] = []
    for key, by_server in results:
        row: dict[str, object] = {"section": key.section, "case": key.case, "metric": key.metric.name}
        row["unit"] = key.metric.unit
        row["values"] = {name: {**_parts(Spread.of(values)), "rounds": values} for name, values in by_server.items()}
        row["ratios"] = {name: _parts(spread) for name, spread in ratios(key, by_server, ours).items()}
        rows.append(row)
    return {
        "date": setting.date,
        "triples": setting.triples,
        "seed": setting.seed,
        "rounds": setting.rounds,
        "seconds": setting.seconds,
        "machine": dict(setting.machine),
        "load_average": {"before": setting.load_before, "after": setting.load_after},
        "servers": [{"name": name, "mode": mode, "version": version} for name, mode, version in setting.servers],
        "results": rows,
    }


def ratios(key: Key, by_server: Mapping[str, Sequence[float]], ours: str) -> dict[str, Spread]:
    """The ratio to each peer that was measured; none if the metric has none."""
    if not key.metric.has_ratio or ours not in by_server:
        return {}
    return {name: ratio(key.metric, by_server[ours], values) for name, values in by_server.items() if name != ours}


def as_markdown(setting: Setting, results: Results) -> str:
    """The run as a page: what was measured, a table of ratios for each section, and the absolute figures."""
    sections: dict[str, list[tuple[Key, dict[str, list[float]]]]] = {}
    for key, by_server in results:
        sections.setdefault(key.section, []).append((key, by_server))
    ours = setting.servers[0][0]
    parts = [*_head(setting), "## Ratios", ""]
    for section, rows in sections.items():
        parts += _ratio_table(section, rows, ours)
    parts += ["## Absolute figures", ""]
    for section, rows in sections.items():
        parts += _absolute_table(section, rows)
    return "\n".join(parts)


def _head(setting: Setting) -> list[str]:
    """The lines that say what was measured, and on what."""
    title = f"# {setting.triples:,} triples, {setting.date}"
    servers = table(("server", "mode", "version"), setting.servers)
    machine = [f"- {name}: {value}" for name, value in setting.machine.items()]
    machine.append(f"- load average before and after: {setting.load_before:.1f}, {setting.load_after:.1f}")
    run = f"Rounds: {setting.rounds}; a load lasts {setting.seconds:g} s; seed of the data: {setting.seed}."
    meanings = [f"- {name}: {meaning}" for name, meaning in setting.workloads.items()]
    return [title, "", _NOTE, *servers, *machine, "", run, "", *meanings, ""]


def _ratio_table(section: str, rows: Sequence[tuple[Key, dict[str, list[float]]]], ours: str) -> list[str]:
    """A table of the ratios of a section; nothing if it has none."""
    found = [(key, ratios(key, by_server, ours)) for key, by_server in rows]
    peers = list(dict.fromkeys(name for _, by_peer in found for name in by_peer))
    if not peers:
        return []
    metrics = {key.metric for key, by_peer in found if by_peer}
    lines = [
        (_label(key, metrics), *(str(by_peer.get(name, "")) for name in peers)) for key, by_peer in found if by_peer
    ]
    if len(lines) > 1 and len(metrics) == 1:  # a mean over times and bytes would mean nothing
        columns = [[by_peer[name].median for _, by_peer in found if name in by_peer] for name in peers]
        lines.append(("geometric mean", *(short(geometric_mean(column)) for column in columns)))
    return [f"### {section}", "", *table(("", *(f"to {name}" for name in peers)), lines)]


def _absolute_table(section: str, rows: Sequence[tuple[Key, dict[str, list[float]]]]) -> list[str]:
    """A table of the medians of a section, with their spread."""
    servers = list(dict.fromkeys(name for _, by_server in rows for name in by_server))
    metrics = {key.metric for key, _ in rows}
    lines = [
        (
            f"{_label(key, metrics)}, {key.metric.unit}".removesuffix(", "),
            *(str(Spread.of(by_server[name])) if name in by_server else "" for name in servers),
        )
        for key, by_server in rows
    ]
    return [f"### {section} (absolute)", "", *table(("", *servers), lines)]


def _label(key: Key, metrics: Collection[Metric]) -> str:
    """What a line of a table is about; the metric is said if the table has several."""
    return key.case if len(metrics) == 1 else f"{key.case}, {key.metric.name}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in Markdown, with an empty one at the end."""
    rows = [head, ["---"] * len(head), *lines]
    return [*("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows), ""]


def _parts(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "lowest": spread.lowest, "highest": spread.highest}
