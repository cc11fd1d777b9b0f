import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg import errors
from kg.web.problems import _KINDS, problem_of

# Those that only gather others, and those that no request is the cause of.
NOT_RAISED = {errors.KgError, errors.QueryError, errors.LimitExceeded, errors.CheckImpossible}


def kinds_of(root: type[errors.KgError]) -> Iterator[type[errors.KgError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == "kg.errors" and child is not errors.SourceError:
            yield from kinds_of(child)


def test_every_error_that_a_request_can_cause_has_a_status_of_its_own() -> None:
    assert [
        kind for kind in kinds_of(errors.KgError) if kind not in NOT_RAISED and not set(kind.__mro__) & _KINDS.keys()
    ] == []


@pytest.mark.parametrize(
    ("error", "status", "facts"),
    [
        (errors.QuerySyntaxError("no", 2, 7), 400, {"line": 2, "column": 7}),
        (errors.QuerySyntaxError("no"), 400, {}),
        (errors.ParameterError("timeout", "no"), 400, {"parameter": "timeout"}),
        (errors.NotAcceptable("a/b", ("c/d",)), 406, {"offered": ["c/d"]}),
        (errors.MethodNotAllowed("PUT", ("GET",)), 405, {"allowed": ["GET"]}),
        (errors.QueryTimeout(2.5), 504, {"timeout_s": 2.5}),
        (errors.QueryOutOfMemory(512), 507, {"limit_mb": 512}),
        (errors.BodyTooLarge(9), 413, {"max_bytes": 9}),
        (errors.ExecutorLost("signal 9"), 500, {}),
        (errors.StoreUnavailable("store", "is not ready"), 503, {}),
    ],
)
def test_the_facts_of_an_error_are_members_of_its_problem(
    error: errors.KgError, status: int, facts: dict[str, object]
) -> None:
    answer = problem_of(error).answer("an-id")

    members = json.loads(answer.body)
    assert answer.status == members.pop("status") == status
    assert members.pop("request_id") == "an-id"
    for name in ("type", "title", "detail"):
        assert members.pop(name)
    assert members == facts


def test_who_may_try_again_is_told_when() -> None:
    assert ("Retry-After", "7") in problem_of(errors.QueueFull(7)).headers
    assert ("Retry-After", "1") in problem_of(errors.StoreUnavailable("store", "is stopping")).headers
    assert problem_of(errors.ExecutorLost("signal 9")).headers == ()


def test_a_parameter_of_rest_is_unprocessable() -> None:
    assert problem_of(errors.ParameterError("since", "no"), parameter_status=422).status == 422


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ParseFailure(Path("/secret/place.ttl"), 1, 2, "no"), 500),
        (errors.StoreUnavailable("dataset", "/secret/place.ttl, line 1, column 2: no"), 503),
        (errors.ExecutorLost("signal 6 (Aborted): panicked at /secret/engine.rs:7"), 500),
        (RuntimeError("/secret"), 500),
    ],
)
def test_a_file_of_the_server_is_not_named_to_a_client(error: Exception, status: int) -> None:
    problem = problem_of(error)

    assert problem.status == status
    assert "secret" not in problem.detail
    assert "log" in problem.detail
