"""Answers and graphs written without a server (level 2): the deeds behind `kg query` and `kg export`."""

from typing import BinaryIO

from kg.files import Dataset
from kg.formats import OFFERED, Family
from kg.namespaces import BASE
from kg.settings import Settings
from kg.sparql.guard import inspect
from kg.sparql.negotiation import by_name
from kg.store.base import DumpRequest, QueryRequest
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

DEFAULT_FORMAT = {Family.SOLUTIONS: "csv", Family.BOOLEAN: "csv", Family.GRAPH: "turtle"}


def write_query(dataset: Dataset, text: str, format_name: str | None, output: BinaryIO) -> None:
    """Evaluate `text` on the dataset's files and write the answer; there is no time limit, Ctrl-C ends it.

    Raises:
        QueryError: the query is wrong, refused, or `format_name` is not offered for its form.
        SourceError: a file of the dataset is wrong.
    """
    limits = Settings()
    family = inspect(text, max_nesting=limits.max_nesting, max_operators=limits.max_operators) or Family.SOLUTIONS
    result_format = by_name(format_name or DEFAULT_FORMAT[family], OFFERED[family])
    request = QueryRequest(text, result_format, BASE, limits.max_timeout_s)
    evaluate(load_dataset(dataset).store, request, output)


def write_graph(dataset: Dataset, format_name: str, graph_name: str | None, output: BinaryIO) -> None:
    """Write the default graph, or the one named `graph_name`, of the dataset's files.

    Raises:
        NotAcceptable: `format_name` is not a graph format.
        NotFound: there is no such named graph.
        SourceError: a file of the dataset is wrong.
    """
    request = DumpRequest(by_name(format_name, OFFERED[Family.GRAPH]), Settings().max_timeout_s, graph_name)
    evaluate(load_dataset(dataset).store, request, output)
