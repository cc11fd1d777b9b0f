"""The seam between the store and everything above it (level 1): what is asked, what comes back.

A store answers a request by writing bytes to a sink and returning an outcome. If it returns, the answer is complete;
every other end is an exception from `kg.errors`, and then the bytes already written are not an answer.
Readers see one version of the dataset, named by the store.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kg.formats import Format


class Lane(StrEnum):
    """Which executors a request may use: those of everybody, or also the one kept for stored queries and pages."""

    GENERAL = "general"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A SPARQL 1.1 query and how to answer it.

    `default_graphs` and `named_graphs` are the dataset of the protocol; as soon as one is not None both replace the
    query's own FROM and FROM NAMED, and None then means none (SPARQL 1.1 Protocol, section 2.1.4).
    `format` must be of the family of the query's form. `timeout_s` counts from the start of the evaluation.
    """

    text: str
    format: Format
    base_iri: str
    timeout_s: float
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DumpRequest:
    """All triples of one graph, the default graph if `graph_name` is None, in a graph format."""

    format: Format
    timeout_s: float
    graph_name: str | None = None


Request = QueryRequest | DumpRequest


class Sink(Protocol):
    """Where an answer goes. Awaiting `write` is the back-pressure; an exception from it stops the evaluation."""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes of the answer, in order; `chunk` is not empty."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A complete answer. `rows` counts solutions or triples where known; `elapsed_s` is the time of evaluation."""

    version: str
    elapsed_s: float
    rows: int | None = None


class Store(Protocol):
    """A store that is read; writing (`propose`, `commit`) joins this seam when it is served."""

    @property
    def version(self) -> str:
        """Names the state of the dataset that a request starting now will see."""

    @property
    def ready(self) -> bool:
        """Whether a request would be answered now."""

    async def start(self) -> None:
        """Make the store ready, in the event loop that will use it.

        Raises:
            StoreUnavailable: it cannot be made ready.
        """

    async def run(self, request: Request, sink: Sink, lane: Lane = Lane.GENERAL) -> Outcome:
        """Answer `request` into `sink`; return only when the answer is complete.

        Cancelling the task, or an exception from the sink, ends the evaluation and frees its executor.

        Raises:
            QuerySyntaxError, QueryTooComplex, QueryEvaluationError: the query is wrong.
            QueryTimeout, QueryOutOfMemory, QueueFull: it was too much.
            ExecutorLost, StoreUnavailable: it is not the client's fault.
        """

    async def stop(self) -> None:
        """End every process and connection of the store; it answers nothing afterwards."""
