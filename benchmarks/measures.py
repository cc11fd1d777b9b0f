"""The phases of a run in which servers are compared; in each, the servers take turns within a round."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeVar

from benchmarks.asking import AskingFailed, Reply, ask_well
from benchmarks.figures import CPU, FIRST, GROWTH, LATE, RATE, TIME, TYPICAL, Key, Results, percentile
from benchmarks.load import Load, press
from benchmarks.peers import Ground, Kind, Server, start
from benchmarks.questions import Question, Workload, fourteen, streamed

SINGLE_S: Final = 0.1  # of asking one query again and again; the median of these counts
WARM_S: Final = 0.3
MIB: Final = 2**20

T = TypeVar("T")


class MeasureFailed(Exception):
    """What cannot be measured honestly: wrong answers under load, or a run without end."""


@dataclass
class Run:
    """A run: what is measured how often, and what came of it. `lengths` are those of right answers (`agreement`)."""

    rounds: int
    seconds: float
    connections: Sequence[int]
    ends_at: float
    results: Results = field(default_factory=Results)
    lengths: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def turns(self, servers: Sequence[T]) -> Iterator[Sequence[T]]:
        """The servers for each round, each time another one first.

        Raises:
            MeasureFailed: the run has taken as long as it may.
        """
        for number in range(self.rounds):
            first = number % len(servers)
            self.check_time()
            yield [*servers[first:], *servers[:first]]

    def check_time(self) -> None:
        """Go on, unless the run has taken as long as it may.

        Raises:
            MeasureFailed: it has.
        """
        if monotonic() > self.ends_at:
            raise MeasureFailed("the run takes longer than --limit-minutes; ask for fewer rounds, peers or triples")

    def press(self, server: Server, questions: Iterator[Question], connections: int, seconds: float) -> Load:
        """A load on a server, with right answers only.

        Raises:
            MeasureFailed: an answer was wrong, or did not come.
        """
        self.check_time()
        load = press(server.address, questions, self.lengths[server.kind.name], connections, seconds)
        if load.failures or not load.answers:
            raise MeasureFailed(f"{server.kind.name}, {connections} connections: {'; '.join(load.failures)}")
        return load


def measure_starts(run: Run, kinds: Sequence[Kind], ground: Ground, first: Question) -> None:
    """From nothing to the first answer; for servers in memory this includes reading the data."""
    key = Key("Start to first answer", "start", TIME)
    for kinds_in_turn in run.turns(kinds):
        for kind in kinds_in_turn:
            server, seconds = start(kind, ground, first)
            server.process.stop()
            run.results.add(key, kind.name, seconds * 1e3)


def measure_load(run: Run, servers: Sequence[Server], workloads: Sequence[Workload]) -> None:
    """Throughput, latency and processor time under a closed loop."""
    texts = {(server.kind.name, load.name): load.texts() for server in servers for load in workloads}
    for workload in workloads:
        for server in servers:
            run.press(server, texts[server.kind.name, workload.name], 8, WARM_S)
    for in_turn in run.turns(servers):
        for workload in workloads:
            for connections in run.connections:
                for server in in_turn:
                    questions = texts[server.kind.name, workload.name]
                    _measure_one_load(run, server, workload.name, questions, connections)


def _measure_one_load(run: Run, server: Server, workload: str, questions: Iterator[Question], connections: int) -> None:
    name = server.kind.name
    before_s = server.process.cpu_s()
    load = run.press(server, questions, connections, run.seconds)
    cpu_s = server.process.cpu_s() - before_s
    figures = {
        RATE: load.answers / load.seconds,
        TYPICAL: percentile(load.latencies_s, 50) * 1e3,
        LATE: percentile(load.latencies_s, 99) * 1e3,
        CPU: cpu_s / load.answers * 1e6,
    }
    for metric, value in figures.items():
        run.results.add(Key(f"Load: {metric.name}", f"{workload}, {connections} conn.", metric), name, value)


def measure_single_queries(run: Run, servers: Sequence[Server]) -> None:
    """The fourteen queries one by one over one connection; no text comes twice."""
    texts = {
        (server.kind.name, question.name): Workload(question.name, (question,), False, "").texts()
        for server in servers
        for question in fourteen()
    }
    for in_turn in run.turns(servers):
        for question in fourteen():
            for server in in_turn:
                load = run.press(server, texts[server.kind.name, question.name], 1, SINGLE_S)
                key = Key("Single queries", question.name, TIME)
                run.results.add(key, server.kind.name, percentile(load.latencies_s, 50) * 1e3)


def measure_stream(run: Run, servers: Sequence[Server]) -> None:
    """A large answer: when it begins and when it ends; then, apart from that, what memory it takes.

    Raises:
        MeasureFailed: the servers differ in the number of rows.
    """
    rows: set[int] = set()
    for in_turn in run.turns(servers):
        for server in in_turn:
            run.check_time()
            reply = ask_well(server.address, streamed())
            rows.add(reply.body.count(b'"copy"') - 1)
            case = f"{max(rows)} rows"
            run.results.add(Key("Large answer", case, TIME), server.kind.name, reply.whole_s * 1e3)
            run.results.add(Key("Large answer", case, FIRST), server.kind.name, reply.first_s * 1e3)
    if len(rows) != 1:
        raise MeasureFailed(f"the servers stream different numbers of rows: {sorted(rows)}")
    for server in servers:
        growth = _peak_growth(server) / MIB
        run.results.add(Key("Large answer", f"{max(rows)} rows", GROWTH), server.kind.name, growth)


def _peak_growth(server: Server) -> float:
    """Bytes that a server's processes take at most while they stream, beyond what they took before."""
    idle, peak = server.process.memory_bytes(), 0
    replies: list[Reply] = []
    client = threading.Thread(target=lambda: replies.append(ask_well(server.address, streamed())))
    client.start()
    while client.is_alive():
        peak = max(peak, server.process.memory_bytes())
        client.join(0.02)
    if not replies:
        raise AskingFailed(f"{server.kind.name} did not stream its answer while it was weighed")
    return max(0, peak - idle)
