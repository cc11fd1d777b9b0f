"""Errors as HTTP: the one table from class to status, type and title (level 3; RFC 9457; design.md, section 5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from kg import errors
from kg.formats import PROBLEM_JSON
from kg.namespaces import BASE
from kg.web.exchange import Answer, Headers

Fact = str | int | float | list[str]

PROBLEMS: Final = BASE + "problems/"  # identifies a kind of problem; nothing needs to be fetched there
RETRY_AFTER_S: Final = 1  # a new executor takes milliseconds; a client that waits a second finds it


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a client sees it; `facts` are members of the JSON object beside the standard ones."""

    status: int
    type: str
    title: str
    detail: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    headers: Headers = ()

    def answer(self, request_id: str) -> Answer:
        """The response, with the id under which the log has it."""
        members = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
            **self.facts,
        }
        body = json.dumps(members, ensure_ascii=False).encode()
        return Answer(self.status, PROBLEM_JSON, body, (*self.headers, ("Cache-Control", "no-store")))


@dataclass(frozen=True, slots=True)
class _Kind:
    """A row of the table; `detail` stands for the error's own words where these are no business of a client."""

    status: int
    name: str
    title: str
    detail: str = ""


# What no request is the cause of may name files and processes of the server.
_IN_THE_LOG: Final = "the reason is in the server's log, under the id of this request"
_FAILURE: Final = _Kind(500, "internal-error", "The server failed", _IN_THE_LOG)

_KINDS: Final[Mapping[type, _Kind]] = MappingProxyType(
    {
        errors.QuerySyntaxError: _Kind(400, "query-syntax", "The query is not SPARQL"),
        errors.QueryTooComplex: _Kind(400, "query-too-complex", "The query is too complex"),
        errors.QueryRefused: _Kind(400, "query-refused", "The query asks for what is not done here"),
        errors.QueryEvaluationError: _Kind(400, "query-evaluation", "The query cannot be evaluated"),
        errors.ParameterError: _Kind(400, "parameter", "A parameter has no acceptable value"),
        errors.MalformedRequest: _Kind(400, "malformed-request", "The request is malformed"),
        errors.WriteRefused: _Kind(403, "read-only", "Nothing can be written here"),
        errors.NotFound: _Kind(404, "not-found", "There is nothing at this address"),
        errors.MethodNotAllowed: _Kind(405, "method-not-allowed", "The method is not allowed here"),
        errors.NotAcceptable: _Kind(406, "not-acceptable", "No offered format is acceptable"),
        errors.BodyTooLarge: _Kind(413, "body-too-large", "The body is too large"),
        errors.TargetTooLong: _Kind(414, "target-too-long", "The request target is too long"),
        errors.UnsupportedMediaType: _Kind(415, "unsupported-media-type", "The format of the body is not taken here"),
        errors.ExecutorLost: _Kind(500, "executor-lost", "The evaluation ended unexpectedly", _IN_THE_LOG),
        errors.ServiceFailed: _Kind(502, "service-failed", "An endpoint that the query asks failed"),
        errors.QueueFull: _Kind(503, "queue-full", "The server is busy"),
        errors.ServerFull: _Kind(503, "server-full", "The server is busy"),
        errors.StoreUnavailable: _Kind(503, "store-unavailable", "The store is not available", _IN_THE_LOG),
        errors.QueryTimeout: _Kind(504, "query-timeout", "The query took too long"),
        errors.ServiceTimeout: _Kind(504, "service-timeout", "An endpoint that the query asks took too long"),
        errors.QueryOutOfMemory: _Kind(507, "query-out-of-memory", "The query needed too much memory"),
        errors.ResultTooLarge: _Kind(507, "result-too-large", "The result is too large for a page"),
    }
)

# Kinds that no class of ours stands for.
_HTTP_KINDS: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        400: ("malformed-request", "The request is malformed"),
        408: ("too-slow", "The request did not arrive in time"),
        431: ("headers-too-large", "The headers of the request are too large"),
        503: ("stopping", "The server is stopping"),
    }
)


def problem_of(error: Exception, *, parameter_status: int = 400) -> Problem:
    """The problem that `error` is for a client; what is none of `kg.errors`, or a file of ours, is a failure of ours.

    `parameter_status` is the status of a ParameterError: 400 on /sparql, where the protocol wants it, 422 in REST.
    """
    kind = next((_KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in _KINDS), _FAILURE)
    status = parameter_status if isinstance(error, errors.ParameterError) else kind.status
    return Problem(status, PROBLEMS + kind.name, kind.title, kind.detail or str(error), _facts(error), _headers(error))


def problem_of_status(status: int, detail: str, headers: Headers = ()) -> Problem:
    """The problem for a status that no error of ours stands for."""
    name, title = _HTTP_KINDS[status]
    return Problem(status, PROBLEMS + name, title, detail, headers=headers)


def _facts(error: Exception) -> Mapping[str, Fact]:
    match error:
        case errors.QuerySyntaxError(line=line, column=column) if line:
            return {"line": line, "column": column}
        case errors.ParameterError(name=name):
            return {"parameter": name}
        case errors.NotAcceptable(offered=offered):
            return {"offered": list(offered)}
        case errors.UnsupportedMediaType(supported=supported):
            return {"supported": list(supported)}
        case errors.MethodNotAllowed(allowed=allowed):
            return {"allowed": list(allowed)}
        case errors.QueryTimeout(timeout_s=timeout_s):
            return {"timeout_s": timeout_s}
        case errors.ServiceTimeout() | errors.ServiceFailed():
            return {"endpoint": error.endpoint}
        case errors.QueryOutOfMemory(limit_mb=limit_mb):
            return {"limit_mb": limit_mb}
        case errors.BodyTooLarge() | errors.TargetTooLong() | errors.ResultTooLarge():
            return {"max_bytes": error.max_bytes}
        case _:
            return {}


def _headers(error: Exception) -> Headers:
    match error:
        case errors.MethodNotAllowed(allowed=allowed):
            return (("Allow", ", ".join(allowed)),)
        case errors.QueueFull(retry_after_s=retry_after_s) | errors.ServerFull(retry_after_s=retry_after_s):
            return (("Retry-After", str(retry_after_s)),)
        case errors.ExecutorLost():
            return ()
        case errors.StoreUnavailable():
            return (("Retry-After", str(RETRY_AFTER_S)),)
        case _:
            return ()
