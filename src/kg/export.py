"""Answers and graphs written without a server (level 2): the deeds behind `kg query` and `kg export`."""

from typing import BinaryIO

from kg.errors import ParameterError
from kg.files import Dataset
from kg.formats import OFFERED, Family
from kg.namespaces import BASE
from kg.settings import Settings
from kg.sparql.booleans import with_small_booleans
from kg.sparql.guard import inspect
from kg.sparql.negotiation import by_name
from kg.sparql.profiles import profile_request
from kg.store.base import DumpRequest, QueryRequest, Request
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
    request = QueryRequest(with_small_booleans(text), result_format, BASE, limits.max_timeout_s)
    evaluate(load_dataset(dataset).store, request, output)


def write_graph(
    dataset: Dataset, format_name: str, graph_name: str | None, output: BinaryIO, profile: str | None = None
) -> None:
    """Write the default graph, as it is or in a profile, or the graph named `graph_name`, of the dataset's files.

    Raises:
        NotAcceptable: `format_name` is not a graph format.
        NotFound: there is no such named graph.
        ParameterError: there is no such profile, or `graph_name` is given with it.
        SourceError: a file of the dataset is wrong.
    """
    if profile is not None and graph_name is not None:
        raise ParameterError("profile", "is of the default graph; leave out --graph")
    graph_format, timeout_s = by_name(format_name, OFFERED[Family.GRAPH]), Settings().max_timeout_s
    request: Request = DumpRequest(graph_format, timeout_s, graph_name)
    if profile is not None:
        request = profile_request(profile, graph_format, timeout_s)
    evaluate(load_dataset(dataset).store, request, output)
