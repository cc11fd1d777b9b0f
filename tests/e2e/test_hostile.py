"""Hostile queries by kind, over HTTP, beside others who must notice nothing (issue 4)."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from servers import Server, client_of, executors_of, starting, wait_until, write_large_dataset
from watching import LOOK_UP, SLACK, Watcher, memory_of

KG = "https://w3id.org/rapallo/ont#"
PRODUCT = "?a ?b ?c . ?d ?e ?f"  # 400 million solutions
MIB = 1024 * 1024
QUERY_MEMORY_MB = 128
# What may be kept for good: in each executor an eighth of a query's memory (executor.py), and in the front what its
# heap has once needed for the longest texts; five minutes of everything hostile take no more than the first half.
KEPT_BYTES = 3 * QUERY_MEMORY_MB // 8 * MIB + 56 * MIB
QUICK = {"memory", "nesting", "regular expressions"}  # the kinds that the quick run tries; the long one tries all
TIMEOUT_S = 2.0
ADDRESSES = (
    str(httpx.URL("/sparql", params={"query": LOOK_UP})),
    "/api/numbers?limit=5",
    "/doc/id/n7.html",
    "/health/ready",
)

NUMBERS = """#+ summary: Numbers, smallest first
#+ path: /numbers
#+ parameters:
#+   least: {type: integer, in: query, default: 0, example: 5, description: Not below}
#+ key: thing
PREFIX kg: <https://w3id.org/rapallo/ont#>
SELECT ?thing ?number WHERE { ?thing kg:number ?number . FILTER(?number >= $least) }
ORDER BY ?number ?thing
"""

X = f"'{'x' * 1000}'"


def chain(grow: str) -> str:
    """A query that applies `grow`, an expression of ?a, to 1,000 characters, and seven times to what comes of it."""
    names = "abcdefgh"
    binds = (f"BIND({grow.replace('?a', f'?{names[n]}')} AS ?{names[n + 1]})" for n in range(7))
    return f"SELECT (STRLEN(?h) AS ?n) WHERE {{ BIND({X} AS ?a) {' '.join(binds)} }}"


# Each kind with the statuses that it may have, and its queries. 200 is right where the engine can do it in time.
KINDS: dict[str, tuple[set[int], list[str]]] = {
    "time": (
        {504, 507},
        [
            f"SELECT (COUNT(*) AS ?n) WHERE {{ {PRODUCT} . ?g ?h ?i . ?j ?k ?l }}",
            f"ASK {{ {PRODUCT} . ?g ?h ?i . FILTER(?c = ?f && ?f = ?i && ?c != ?i) }}",
            f"SELECT (SUM(?c * ?f) AS ?s) (AVG(?i) AS ?t) WHERE {{ {PRODUCT} . ?g ?h ?i }}",
            f"SELECT * WHERE {{ {PRODUCT} }} LIMIT 1 OFFSET 2000000000",
            f"SELECT ?a WHERE {{ {PRODUCT} . MINUS {{ ?g ?h ?i . ?j ?k ?f }} }}",
            f"CONSTRUCT {{ ?a ?b ?f }} WHERE {{ {PRODUCT} . ?g ?h ?i . FILTER(?c = ?f && ?f = ?i && ?c != ?i) }}",
            "SELECT ?a WHERE { ?a ?b ?c FILTER NOT EXISTS { ?d ?e ?f . ?g ?h ?i . FILTER(?f = ?i && ?f != ?i) } }",
        ],
    ),
    "memory": (
        {507, 504},
        [
            f"SELECT * WHERE {{ {PRODUCT} }} ORDER BY ?f ?c",
            f"SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?c), STR(?f)); SEPARATOR=',') AS ?all) WHERE {{ {PRODUCT} }}",
            f"SELECT (COUNT(DISTINCT *) AS ?n) WHERE {{ {PRODUCT} }}",
            f"SELECT ?a ?d (COUNT(*) AS ?n) WHERE {{ {PRODUCT} }} GROUP BY ?a ?d ?c ?f HAVING (COUNT(*) > 1)",
            f"SELECT (MAX(?s) AS ?m) WHERE {{ SELECT (CONCAT(STR(?c), STR(?f)) AS ?s) {{ {PRODUCT} }} ORDER BY ?s }}",
        ],
    ),
    "blow-ups": (
        {507, 504, 400, 200},
        [
            chain("CONCAT(?a, ?a, ?a, ?a, ?a, ?a, ?a, ?a, ?a, ?a)"),
            chain("REPLACE(?a, 'x', 'xxxxxxxxxx')"),
            chain("ENCODE_FOR_URI(CONCAT(?a, '%', ?a, ?a))"),
            chain("GROUP_CONCAT(?a)"),
            "SELECT (COUNT(*) AS ?n) WHERE { "
            + " ".join(f"VALUES ?v{n} {{ {' '.join(map(str, range(100)))} }}" for n in range(8))
            + " }",
        ],
    ),
    "nesting": (
        {400},
        [
            "SELECT * WHERE " + "{" * 50_000 + "}" * 50_000,
            "SELECT * WHERE { FILTER(" + "(" * 10_000 + "1" + ")" * 10_000 + ") }",
            "SELECT * WHERE { FILTER(" + "!" * 100_000 + "true) }",
            "SELECT * WHERE { ?a ?b " + "[ ?p " * 10_000 + "1" + " ]" * 10_000 + " }",
            "SELECT * WHERE { FILTER(1" + "+1" * 100_000 + " > 0) }",
            "SELECT * WHERE { ?a " + "(" * 5000 + "<urn:p>" + ")*" * 5000 + " ?b }",
            "SELECT * WHERE { " + "OPTIONAL { ?a ?b ?c " * 3000 + "}" * 3000 + " }",
            "SELECT * WHERE { " + "{ ?a ?b ?c } UNION " * 30_000 + "{ ?a ?b ?c } }",
            "SELECT * WHERE { ?a ?b " + "<< ?s ?p " * 5000 + "?o" + " >>" * 5000 + " }",
            "SELECT * WHERE { ?a " + "<urn:p>|" * 60_000 + "<urn:p> ?b }",
            "DESCRIBE " + "<urn:x> " * 100_000,
        ],
    ),
    "planning": (
        {504, 507, 400},
        [
            "SELECT * WHERE { " + "?a ?b ?c . " * 1000 + "}",
            "SELECT * WHERE { " + "".join(f"?a <urn:p{n}> ?v{n} . " for n in range(400)) + "}",
            "SELECT * WHERE { ?a " + "<urn:p>/" * 2000 + "<urn:p> ?b }",
            "SELECT * WHERE { ?a ?b (" + "1 " * 1000 + ") }",
        ],
    ),
    "regular expressions": (
        {200, 400, 504, 507},
        [
            f"SELECT (COUNT(*) AS ?n) WHERE {{ {PRODUCT} FILTER REGEX(CONCAT(STR(?a), STR(?f)), '(a|aa)+$') }}",
            "SELECT (REGEX('%s', '^(a+)+$') AS ?x) WHERE {}" % ("a" * 5000 + "!"),
            "SELECT (REGEX('x', '((((a{100}){100}){100}){100})') AS ?x) WHERE {}",
            "SELECT (REPLACE('%s', '(x+x+)+y', '$1$1$1') AS ?x) WHERE {}" % ("x" * 100_000),
            "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . FILTER REGEX(STR(?c), CONCAT('(.*)*', STR(?c), '{1,900}')) }",
        ],
    ),
    "paths": (
        {200, 400, 504, 507},
        [
            "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<urn:x>)* ?b }",
            "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<urn:x>|^!<urn:x>)+/(!<urn:x>|^!<urn:x>)+ ?b }",
            "SELECT * WHERE { ?a ((!<urn:x>)*)* ?b . ?b (!<urn:x>)* ?c . ?c (!<urn:x>)* ?d } LIMIT 1 OFFSET 100000000",
        ],
    ),
    "large": (
        {200, 400, 413, 507},
        [
            "SELECT (COUNT(*) AS ?n) WHERE { VALUES ?v { " + "1 " * 400_000 + "} }",
            "SELECT (STRLEN('%s') AS ?n) WHERE {}" % ("y" * (MIB - 100)),
            "SELECT * WHERE { ?a ?b '%s' }" % ("z" * 2 * MIB),
            "SELECT * WHERE { VALUES (" + " ".join(f"?v{n}" for n in range(3000)) + ") { (" + "1 " * 3000 + ") } }",
            "SELECT " + " ".join(f"({n} AS ?v{n})" for n in range(2000)) + " WHERE {}",
        ],
    ),
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of 20,000 triples and one stored query, with small limits."""
    root = write_large_dataset(tmp_path_factory.mktemp("target"))
    (root / "queries" / "numbers.rq").write_text(NUMBERS, encoding="utf-8")
    with starting() as start:
        server = start(root, query_memory_mb=QUERY_MEMORY_MB, timeout_s=TIMEOUT_S, max_timeout_s=TIMEOUT_S)
        with client_of(server) as client:
            for address in ADDRESSES:
                assert client.get(address).status_code == 200, address
        yield server


def attack(server: Server, queries: list[str], clients: int, rounds: int = 1) -> Counter[int]:
    """The statuses of all `queries`, asked `rounds` times by several clients at once; no answer is cut."""
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    todo = iter([query for _ in range(rounds) for query in queries])
    lock = threading.Lock()

    def ask() -> None:
        with client_of(server) as client:
            while True:
                with lock:
                    query = next(todo, None)
                if query is None:
                    return
                response = client.post("/sparql", data={"query": query})
                with lock:
                    statuses[response.status_code] += 1
                    kind = response.headers["content-type"]
                    if response.status_code != 200 and kind != "application/problem+json":
                        failures.append(f"{response.status_code} {kind}: {query[:100]}")

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return statuses


def assert_as_before(server: Server, memory_bytes: int) -> None:
    """Places are filled again, there is no other process, and no memory is kept."""
    assert wait_until(lambda: len(executors_of(server)) == 3, timeout_s=5)
    assert wait_until(lambda: memory_of(server) <= memory_bytes + KEPT_BYTES, timeout_s=5)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.long) for kind in KINDS]
)
def test_a_kind_of_hostile_query_costs_its_sender_an_error_and_others_nothing(target: Server, kind: str) -> None:
    expected, queries = KINDS[kind]
    memory_bytes = memory_of(target)

    with Watcher(target, ADDRESSES) as watcher:
        statuses = attack(target, queries, clients=2)

    assert set(statuses) <= expected
    assert statuses.total() == len(queries)
    assert watcher.failures == []
    assert watcher.slowest_s < 0.7 * SLACK
    # 2 places, 4 in overtime, and as much again for what the queries' texts and answers take in the front
    assert watcher.most_memory_bytes < memory_bytes + 6 * (QUERY_MEMORY_MB + 16) * MIB
    assert_as_before(target, memory_bytes)


@pytest.mark.long
@pytest.mark.parametrize("query", [f"SELECT * WHERE {{ {PRODUCT} }}", KINDS["memory"][1][0]], ids=["stream", "sort"])
def test_three_hundred_at_once_are_answered_or_turned_away_and_others_notice_nothing(
    target: Server, query: str
) -> None:
    """Stored queries, pages and health have their own executor; the others share what is there."""
    memory_bytes = memory_of(target)
    statuses: Counter[int] = Counter()
    broken: list[str] = []
    lock = threading.Lock()

    def ask() -> None:
        with client_of(target) as client:
            try:
                status = client.get("/sparql", params={"query": query, "timeout": "1"}).status_code
            except (httpx.RemoteProtocolError, httpx.ReadError):
                status = 0
            with lock:
                statuses[status] += 1
                if status == 0:
                    broken.append(query)

    threads = [threading.Thread(target=ask) for _ in range(300)]
    with Watcher(target, ADDRESSES[1:]) as watcher:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert statuses.total() == 300
    assert set(statuses) <= {0, 503, 504, 507}
    assert statuses[503] > 0
    assert bool(broken) == query.startswith("SELECT * WHERE") or not broken
    assert watcher.failures == []
    assert watcher.slowest_s < 2 * SLACK
    assert watcher.most_memory_bytes < memory_bytes + 7 * (QUERY_MEMORY_MB + 64) * MIB
    assert_as_before(target, memory_bytes)


@pytest.mark.long
def test_look_ups_are_answered_all_the_time_beside_a_minute_of_everything_hostile(target: Server) -> None:
    memory_bytes = memory_of(target)
    everything = [query for _, queries in KINDS.values() for query in queries]
    begun = time.monotonic()

    with Watcher(target, ADDRESSES) as watcher:
        statuses = attack(target, everything, clients=4, rounds=4)

    assert time.monotonic() - begun > 10
    assert set(statuses) <= {200, 400, 413, 503, 504, 507}
    assert watcher.failures == []
    assert watcher.slowest_s < 1 * SLACK
    assert_as_before(target, memory_bytes)
