"""`python -m benchmarks`: make the data, start the servers, check their answers, measure, write the results down."""

import argparse
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final, NoReturn

from benchmarks.agreement import Disagreement, agree
from benchmarks.archive import SMALLEST, write_archive
from benchmarks.asking import AskingFailed
from benchmarks.machine import describe_machine, load_average
from benchmarks.measures import MeasureFailed, Run, measure_load, measure_single_queries, measure_starts, measure_stream
from benchmarks.peers import PEERS, RAPALLO, Archive, Ground, Kind, PeerMissing, choose_peers, start
from benchmarks.processes import NotStarted
from benchmarks.questions import Workload, fourteen, look_ups, workloads
from benchmarks.report import Setting, write_results
from benchmarks.safety import measure_kill_safety, measure_runaway
from kg.errors import KgError

RESULTS: Final = Path(__file__).parent / "results"
WRONG_USAGE, FAILURE = 2, 3
_SIZES: Final = {"k": 1_000, "m": 1_000_000, "": 1}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; return the exit code: 0, 2 if something is missing, 3 if nothing could be measured."""
    signal.signal(signal.SIGTERM, _end)
    options = _options(arguments)
    try:
        peers = choose_peers([] if options.peers == "none" else options.peers.split(","))
        for path in measure(options, peers):
            _say(f"written: {path}")
    except PeerMissing as error:
        _say(str(error))
        return WRONG_USAGE
    except (Disagreement, MeasureFailed, NotStarted, AskingFailed, KgError) as error:
        _say(f"nothing is written: {error}")
        return FAILURE
    return 0


def measure(options: argparse.Namespace, peers: Sequence[Kind]) -> tuple[Path, Path]:
    """Measure all phases; return the files of the results.

    Raises:
        Disagreement, MeasureFailed, NotStarted, AskingFailed: there is no honest result.
    """
    kinds = (RAPALLO, *peers)
    load_before = load_average()
    asked = workloads(options.size)
    run = Run(options.rounds, options.seconds, options.connections, monotonic() + options.limit_minutes * 60)
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(TemporaryDirectory(prefix="kg-bench-")))
        folder = scratch / "archive"
        archive = Archive(options.size, folder, write_archive(folder, options.size, options.seed))
        _measure_all(run, kinds, Ground(archive, scratch, ends), asked)
    setting = Setting(
        name=options.size_name,
        date=datetime.now(UTC).date().isoformat(),
        triples=options.size,
        seed=options.seed,
        rounds=options.rounds,
        seconds=options.seconds,
        machine=describe_machine(),
        load_before=load_before,
        load_after=load_average(),
        servers=[(kind.name, kind.mode, kind.version) for kind in kinds],
        workloads={workload.name: workload.meaning for workload in asked},
    )
    return write_results(options.out, setting, run.results)


def _measure_all(run: Run, kinds: Sequence[Kind], ground: Ground, asked: Sequence[Workload]) -> None:
    """The phases, one after the other; servers live no longer than they are needed."""
    persons = look_ups(ground.archive.size)
    _say("start to first answer")
    for kind in kinds:
        if kind.prepare is not None:
            kind.prepare(kind, ground)
    measure_starts(run, kinds, ground, persons[0])
    servers = [start(kind, ground, persons[0])[0] for kind in kinds]
    _say("the same answers?")
    run.lengths = agree(servers, (*fourteen(), *persons))
    _say("load")
    measure_load(run, servers, asked)
    _say("single queries")
    measure_single_queries(run, servers)
    _say("a large answer")
    measure_stream(run, servers)
    _say("a runaway")
    measure_runaway(run, servers[0], asked[-1])
    for server in servers:
        server.process.stop()
    _say("what it costs that a query can be stopped")
    measure_kill_safety(run, ground.archive.folder, persons[0])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, checked; anything wrong ends the program with code 2."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ",".join(kind.name for kind in PEERS)
    parser.add_argument("--size", dest="size_name", default="5k", metavar="N", help="triples, as 5k or 1m; %(default)s")
    parser.add_argument("--seed", type=int, default=1922, help="of the data; %(default)s")
    parser.add_argument("--peers", default=names, metavar="NAMES", help="with commas between; or none; %(default)s")
    parser.add_argument("--rounds", type=_positive, default=3, help="%(default)s")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each load; %(default)s")
    parser.add_argument("--connections", type=_numbers, default=(1, 8, 64), metavar="N,N", help="1,8,64")
    parser.add_argument("--limit-minutes", type=float, default=60.0, help="then it gives up; %(default)s")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="benchmarks/results")
    options = parser.parse_args(arguments)
    size = re.fullmatch(r"(\d+)([km]?)", options.size_name)
    options.size = int(size[1]) * _SIZES[size[2]] if size else 0
    if options.size < SMALLEST:
        parser.error(f"--size must be a number of at least {SMALLEST} triples, as 5k")
    if not 0.05 <= options.seconds <= 60:
        parser.error("--seconds must be from 0.05 to 60")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in text.split(","))


def _say(sentence: str) -> None:
    sys.stderr.write(f"benchmarks: {sentence}\n")


def _end(number: int, _frame: object) -> NoReturn:
    """End as after an interruption, so that the servers that we started are ended too."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
