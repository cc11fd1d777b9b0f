"""The arithmetic of results: medians with their spread, ratios round by round, and what is measured in which unit."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured. Without a ratio it is only written down, since the peers' figure would mean something else."""

    name: str
    unit: str
    more_is_better: bool = False
    has_ratio: bool = True


RATE: Final = Metric("throughput", "answers/s", more_is_better=True)
TYPICAL: Final = Metric("latency, median", "ms")
LATE: Final = Metric("latency, 99th percentile", "ms")
CPU: Final = Metric("processor time of the server", "µs/answer")
TIME: Final = Metric("time", "ms")
FIRST: Final = Metric("time to the first byte", "ms")
GROWTH: Final = Metric("memory above idle", "MiB", has_ratio=False)
OVERRUN: Final = Metric("time until 504, as a multiple of the limit", "", has_ratio=False)


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some values, with the lowest and the highest of them."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of `values`, of which there is at least one."""
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{short(self.median)} ({short(self.lowest)} to {short(self.highest)})"


@dataclass(frozen=True, slots=True)
class Key:
    """What a row of results is about: `case` is a workload with its connections, a query, or the like."""

    section: str
    case: str
    metric: Metric


class Results:
    """Everything that was measured: for each key and server a value a round, in the order of the rounds."""

    def __init__(self) -> None:
        self._values: dict[Key, dict[str, list[float]]] = {}

    def add(self, key: Key, server: str, value: float) -> None:
        """Write down the value of the next round."""
        self._values.setdefault(key, {}).setdefault(server, []).append(value)

    def __iter__(self) -> Iterator[tuple[Key, dict[str, list[float]]]]:
        """The keys in the order in which they were first measured, each with its values by server."""
        return iter(self._values.items())


def ratio(metric: Metric, ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """How many times as good as theirs ours is, round by round; above 1, ours is better.

    Raises:
        ValueError: there are not as many rounds of one as of the other.
    """
    pairs = zip(ours, theirs, strict=True)
    return Spread.of([a / b if metric.more_is_better else b / a for a, b in pairs])


def geometric_mean(values: Sequence[float]) -> float:
    """The mean of ratios, of which there is at least one; all are above 0."""
    return math.exp(sum(math.log(value) for value in values) / len(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that at least `percent` % of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def short(value: float) -> str:
    """`value` with three significant digits, and no exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}"
