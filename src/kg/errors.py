"""The tree of everything that can go wrong (level 0).

The class is the kind, attributes are the facts, the message says what happened, where, and what to do next.
Which HTTP status a class gets is decided in one table, in `kg.web.problems`.
"""

from pathlib import Path


class KgError(Exception):
    """Anything that Rapallo itself reports; every other exception is a fault of ours."""


class SourceError(KgError):
    """A file of ours is wrong."""


class ParseFailure(SourceError):
    """A file is not well-formed RDF, YAML or SPARQL.

    `line` and `column` count from 1; 0 means that the parser did not say.
    """

    def __init__(self, path: Path, line: int, column: int, reason: str) -> None:
        super().__init__(f"{path}, line {line}, column {column}: {reason}")
        self.path = path
        self.line = line
        self.column = column
        self.reason = reason


class DatasetError(SourceError):
    """A dataset folder lacks what it must have, or holds what it must not."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class CheckImpossible(KgError):
    """A check that was asked for could not be carried out; whether the data are right is not known."""


class QueryError(KgError):
    """The client's query or request is wrong."""


class QuerySyntaxError(QueryError):
    """The text is not a SPARQL 1.1 query (SPARQL 1.1, section 19).

    `line` and `column` count from 1; 0 means that the engine did not say.
    """

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class QueryTooComplex(QueryError):
    """The query is nested or built in a way that the engine cannot take without harm."""


class QueryRefused(QueryError):
    """The query asks for what this server does not do, as SERVICE or LOAD: nothing was sent."""


class QueryEvaluationError(QueryError):
    """The engine understood the query and could not evaluate it, as with an unknown function."""


class ParameterError(QueryError):
    """A parameter of a request has no acceptable value."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class NotAcceptable(QueryError):
    """No format that is offered here suits the client; `offered` lists media types."""

    def __init__(self, asked: str, offered: tuple[str, ...]) -> None:
        super().__init__(f"nothing here suits {asked!r}; offered are {', '.join(offered)}")
        self.asked = asked
        self.offered = offered


class UnsupportedMediaType(QueryError):
    """The body of the request is in a format that is not taken here; `supported` lists media types."""

    def __init__(self, given: str, supported: tuple[str, ...]) -> None:
        super().__init__(f"a body of type {given!r} is not taken here; taken are {', '.join(supported)}")
        self.given = given
        self.supported = supported


class MalformedRequest(QueryError):
    """The request breaks HTTP or the SPARQL Protocol, as with invalid UTF-8 or two queries at once."""


class MethodNotAllowed(QueryError):
    """The method is not one of `allowed` (RFC 9110, section 15.5.6)."""

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{method} is not allowed here; allowed are {', '.join(allowed)}")
        self.method = method
        self.allowed = allowed


class WriteRefused(QueryError):
    """The server is read-only, or this client may not write."""


class LimitExceeded(KgError):
    """Allowed, but too much."""


class QueryTimeout(LimitExceeded):
    """The query did not end within its deadline of `timeout_s` seconds; it was stopped."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(
            f"the query was stopped at its time limit of {timeout_s:g} s; the answer is not known. "
            "Ask for less, or ask for more time with timeout="
        )
        self.timeout_s = timeout_s


class QueryOutOfMemory(LimitExceeded):
    """The query needed more than `limit_mb` MiB of memory; it was stopped."""

    def __init__(self, limit_mb: int) -> None:
        super().__init__(f"the query was stopped at its memory limit of {limit_mb} MiB; the answer is not known")
        self.limit_mb = limit_mb


class BodyTooLarge(LimitExceeded):
    """The body of the request is longer than `max_bytes` bytes."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the body is longer than the {max_bytes} bytes that are taken here")
        self.max_bytes = max_bytes


class TargetTooLong(LimitExceeded):
    """The request target is longer than `max_bytes` bytes; a query of that length goes by POST."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            f"the request target is longer than the {max_bytes} bytes that are taken here; send the query by POST"
        )
        self.max_bytes = max_bytes


class ResultTooLarge(LimitExceeded):
    """What was asked for is longer than the `max_bytes` bytes that one page is made of."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"there is more than {max_bytes} bytes of it; ask for it in another format or over SPARQL")
        self.max_bytes = max_bytes


class ServiceTimeout(LimitExceeded):
    """The endpoint that a SERVICE names did not answer within `timeout_s` seconds."""

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        super().__init__(
            f"SERVICE <{endpoint}>: it did not answer within {timeout_s:g} s; the answer is not known. "
            "Ask it for less, or write SERVICE SILENT to go on without it"
        )
        self.endpoint = endpoint
        self.timeout_s = timeout_s


class QueueFull(LimitExceeded):
    """All executors are busy and the queue is full; try again in `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"all executors are busy and the queue is full; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class ServerFull(LimitExceeded):
    """There is too much of `what` at the same time; try again in `retry_after_s` seconds."""

    def __init__(self, what: str, retry_after_s: int) -> None:
        super().__init__(f"there are too many {what} at the same time; try again in {retry_after_s} s")
        self.what = what
        self.retry_after_s = retry_after_s


class NotFound(KgError):
    """No such graph, term, stored query or route."""


class StoreUnavailable(KgError):
    """The store cannot answer, and that is not the client's fault."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"{endpoint}: {reason}")
        self.endpoint = endpoint
        self.reason = reason


class ExecutorLost(StoreUnavailable):
    """The process that evaluated the query ended before the answer was complete; `reason` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__("executor", reason)


class ServiceFailed(KgError):
    """The endpoint that a SERVICE names gave no answer that can be used; `reason` says why."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"SERVICE <{endpoint}>: {reason}; write SERVICE SILENT to go on without it")
        self.endpoint = endpoint
        self.reason = reason
