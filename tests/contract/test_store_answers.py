"""What every store answers, whatever holds the data: the same bytes as the engine in place."""

import asyncio
import io

import pytest
from stores import POINT, PRODUCT_OF_2, SAMPLE, Collected, Opener, ask, every_store, query

from kg.errors import (
    KgError,
    NotAcceptable,
    NotFound,
    ParameterError,
    QueryEvaluationError,
    QuerySyntaxError,
)
from kg.formats import HTML, OFFERED, RESULTS_CSV, RESULTS_JSON, TURTLE, Family, Format
from kg.namespaces import BASE, SHAPES_GRAPH
from kg.store.base import DumpRequest, Lane, QueryRequest, Request, Store
from kg.store.evaluation import evaluate
from kg.store.memory import load_dataset

TEXTS = {
    Family.SOLUTIONS: PRODUCT_OF_2,
    Family.BOOLEAN: "ASK { <id/pharos> ?p ?o }",
    Family.GRAPH: "CONSTRUCT { ?a ?e ?c } WHERE { ?a ?b ?c . ?d ?e ?f }",
}
QUERIES = [(TEXTS[family], offered) for family in Family for offered in OFFERED[family]]


def directly(*requests: Request) -> list[bytes]:
    """The answers of the engine in place."""
    store = load_dataset(SAMPLE).store
    outputs = [io.BytesIO() for _ in requests]
    for request, output in zip(requests, outputs, strict=True):
        evaluate(store, request, output)
    return [output.getvalue() for output in outputs]


@every_store
def test_every_form_is_answered_in_every_format(open_store: Opener) -> None:
    async def scenario(store: Store) -> list[bytes]:
        return [await ask(store, text, offered) for text, offered in QUERIES]

    answers = open_store(scenario)

    assert answers == directly(*(query(text, offered) for text, offered in QUERIES))


@every_store
def test_the_outcome_names_version_time_and_the_number_of_triples(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        outcome = await store.run(query("DESCRIBE <id/sostratus>", TURTLE), Collected())

        assert store.ready
        assert outcome.version == store.version == load_dataset(SAMPLE).version
        assert outcome.rows == 2
        assert 0 < outcome.elapsed_s < 20

    open_store(scenario)


@every_store
def test_an_empty_graph_is_a_complete_answer_without_bytes_to_write(open_store: Opener) -> None:
    async def scenario(store: Store) -> None:
        sink = Collected()

        outcome = await store.run(query("DESCRIBE <urn:nothing>", OFFERED[Family.GRAPH][1]), sink)

        assert (sink.chunks, outcome.rows) == ([], 0)

    open_store(scenario)


@every_store
@pytest.mark.parametrize("answer_format", OFFERED[Family.GRAPH], ids=lambda f: f.name)
def test_default_and_named_graphs_are_dumped(open_store: Opener, answer_format: Format) -> None:
    requests = [DumpRequest(answer_format, 5.0), DumpRequest(answer_format, 5.0, SHAPES_GRAPH)]

    async def scenario(store: Store) -> list[bytes]:
        sinks = [Collected() for _ in requests]
        for request, sink in zip(requests, sinks, strict=True):
            await store.run(request, sink)
        return [sink.content for sink in sinks]

    answers = open_store(scenario)

    assert answers == directly(*requests)
    assert answers[0] != answers[1]


@every_store
def test_two_at_once_in_both_lanes_do_not_mix(open_store: Opener) -> None:
    async def scenario(store: Store) -> list[bytes]:
        return list(
            await asyncio.gather(
                ask(store, PRODUCT_OF_2),
                ask(store, PRODUCT_OF_2, RESULTS_CSV),
                ask(store, POINT, lane=Lane.RESERVED),
            )
        )

    answers = open_store(scenario)

    assert answers == directly(query(PRODUCT_OF_2), query(PRODUCT_OF_2, RESULTS_CSV), query(POINT))


@every_store
@pytest.mark.parametrize("executors", [1, 3])
def test_twenty_first_queries_at_once_after_a_cold_start_are_all_right(open_store: Opener, executors: int) -> None:
    wanted = [QUERIES[index % len(QUERIES)] for index in range(20)]

    async def scenario(store: Store) -> list[bytes]:
        return await asyncio.gather(*(ask(store, text, offered) for text, offered in wanted))

    answers = open_store(scenario, executors=executors)

    assert answers == directly(*(query(text, offered) for text, offered in wanted))


ERRORS: list[tuple[Request, type[KgError], dict[str, object]]] = [
    (query("SELECT * WHERE {\n ?s ?p }"), QuerySyntaxError, {"line": 2}),
    (query("DELETE WHERE { ?s ?p ?o }"), QuerySyntaxError, {"line": 1}),
    (query("SELECT (<urn:f>(1) AS ?x) WHERE {}"), QueryEvaluationError, {}),
    (query("ASK {}", TURTLE), NotAcceptable, {"asked": "text/turtle"}),
    (query("ASK {}", HTML), NotAcceptable, {"asked": "text/html"}),
    (DumpRequest(TURTLE, 1.0, "urn:no-such-graph"), NotFound, {}),
    (
        QueryRequest("ASK {}", RESULTS_JSON, BASE, 1.0, ("relative",)),
        ParameterError,
        {"name": "default-graph-uri"},
    ),
]


@every_store
@pytest.mark.parametrize(("request_", "kind", "facts"), ERRORS, ids=lambda value: getattr(value, "__name__", None))
def test_a_wrong_request_is_an_error_with_its_facts_and_the_next_one_is_answered(
    open_store: Opener, request_: Request, kind: type[KgError], facts: dict[str, object]
) -> None:
    async def scenario(store: Store) -> bytes:
        with pytest.raises(kind) as caught:
            await store.run(request_, Collected())
        assert vars(caught.value).items() >= facts.items()
        return await ask(store, POINT)

    answer = open_store(scenario, executors=1)

    assert [answer] == directly(query(POINT))
