"""The header Accept picks a format of the query's family (field notes, D 17 to 22)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import NotAcceptable
from kg.formats import (
    HTML,
    JSON_LD,
    N_TRIPLES,
    OFFERED,
    RDF_XML,
    RESULTS_CSV,
    RESULTS_JSON,
    RESULTS_TSV,
    RESULTS_XML,
    TURTLE,
    Family,
    Format,
)
from kg.sparql.negotiation import by_name, names_of, negotiate

GRAPH = OFFERED[Family.GRAPH]
TABLE = OFFERED[Family.SOLUTIONS]
PAGE = (HTML, *GRAPH)

RDFLIB = (
    "application/rdf+xml,text/rdf+n3;q=0.9,application/xhtml+xml;q=0.5, */*;q=0.1",
    "application/rdf+xml, text/turtle, application/n-triples, application/ld+json",
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


@pytest.mark.parametrize(
    ("accept", "offered", "chosen"),
    [
        # no preference
        (None, GRAPH, TURTLE),
        ("", TABLE, RESULTS_JSON),
        ("*/*", TABLE, RESULTS_JSON),
        # quality
        ("text/turtle;q=0.5, application/n-triples;q=0.6", GRAPH, N_TRIPLES),
        ("text/turtle;q=0.5,application/n-triples", GRAPH, N_TRIPLES),
        ("text/turtle ; q=0.123 , application/n-triples;\tq=0.124", GRAPH, N_TRIPLES),
        ("text/turtle;Q=0.1,application/n-triples;q=0.2", GRAPH, N_TRIPLES),
        ("text/turtle;q=.1,application/n-triples;q=.2", GRAPH, N_TRIPLES),
        # wildcards, and the more specific range
        ("text/*", TABLE, RESULTS_CSV),
        ("text/*;q=0.5, */*;q=0.4", TABLE, RESULTS_CSV),
        ("application/*", GRAPH, N_TRIPLES),
        ("*/*, text/turtle;q=0.1", GRAPH, N_TRIPLES),
        ("*/*;q=0.9, application/ld+json;q=0.9", GRAPH, JSON_LD),
        ("text/*, text/turtle;q=0.2, application/n-triples;q=0.1", GRAPH, TURTLE),
        # q=0 excludes
        ("*/*, text/turtle;q=0", GRAPH, N_TRIPLES),
        ("*/*;q=0.1, application/sparql-results+json;q=0.0", TABLE, RESULTS_XML),
        ("text/*;q=0, */*", TABLE, RESULTS_JSON),
        # equal: our order decides, not the header's
        ("application/rdf+xml, text/turtle", GRAPH, TURTLE),
        (RDFLIB[0], GRAPH, RDF_XML),
        (RDFLIB[1], GRAPH, TURTLE),
        ("text/csv,application/sparql-results+xml", TABLE, RESULTS_XML),
        # capital letters, parameters, duplicates
        ("TEXT/Turtle", GRAPH, TURTLE),
        ("text/turtle;charset=utf-8", GRAPH, TURTLE),
        ("application/n-triples;profile=x;q=0.9, text/turtle;q=0.8", GRAPH, N_TRIPLES),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', GRAPH, JSON_LD),
        ("text/turtle;q=0.3, application/n-triples;q=0.2, text/turtle;q=0.3", GRAPH, TURTLE),
        # aliases stand for the format, by their name only
        ("application/json", TABLE, RESULTS_JSON),
        ("application/json", GRAPH, JSON_LD),
        ("text/xml", TABLE, RESULTS_XML),
        ("text/plain", GRAPH, N_TRIPLES),
        ("application/json;q=0, */*;q=0.1", TABLE, RESULTS_JSON),
        # D 17, 19: both families in one header
        ("application/rdf+xml;q=0.9, text/turtle;q=0.9, application/sparql-results+xml;q=0.6", TABLE, RESULTS_XML),
        ("application/rdf+xml;q=0.9, text/turtle;q=0.9, application/sparql-results+xml;q=0.6", GRAPH, TURTLE),
        ("application/sparql-results+json, text/turtle, text/html;q=0.5", OFFERED[Family.BOOLEAN], RESULTS_JSON),
        # D 18: a wildcard at low quality changes nothing
        ("application/sparql-results+json", TABLE, RESULTS_JSON),
        ("application/sparql-results+json,*/*;q=0.1", (HTML, *TABLE), RESULTS_JSON),
        # D 20, 21
        ("text/csv", OFFERED[Family.BOOLEAN], RESULTS_CSV),
        ("text/tab-separated-values", TABLE, RESULTS_TSV),
        # people and old clients
        (BROWSER, PAGE, HTML),
        (JAVA, TABLE, RESULTS_JSON),
        # one broken range does not hide the others
        ("text/turtle;q=nonsense, application/n-triples;q=0.5", GRAPH, TURTLE),
        ("nonsense, application/n-triples", GRAPH, N_TRIPLES),
        (",,;;,application/n-triples,", GRAPH, N_TRIPLES),
        ("a/b/c, /, application/n-triples", GRAPH, N_TRIPLES),
        ("té/xt, application/n-triples", GRAPH, N_TRIPLES),
    ],
)
def test_the_best_format_is_chosen(accept: str | None, offered: tuple[Format, ...], chosen: Format) -> None:
    assert negotiate(accept, offered) == chosen


@pytest.mark.parametrize(
    "accept", [";;", ",", "nonsense", "\x7f", "Ж", ";q=1", "a" * 10_240, "," * 10_240, '"' * 10_240]
)
def test_a_header_from_which_nothing_can_be_read_counts_as_absent(accept: str) -> None:
    assert negotiate(accept, GRAPH) == TURTLE


@pytest.mark.parametrize(
    "accept", ["*", "text/turtle;q=", "text/turtle;q", "text/turtle;;q=1", "text/turtle;q=2", "text/turtle;q=-1"]
)
def test_a_half_broken_range_is_read_kindly(accept: str) -> None:
    assert negotiate(accept, GRAPH) == TURTLE


def test_of_a_very_long_header_the_beginning_is_read() -> None:
    long = ", ".join(f"application/x-{number};q=0.5" for number in range(500))

    assert len(long) > 10_000
    assert negotiate(f"application/n-triples;q=0.1, {long}", GRAPH) == N_TRIPLES


@pytest.mark.parametrize(
    ("accept", "offered"),
    [
        ("text/html", TABLE),
        ("text/boolean", OFFERED[Family.BOOLEAN]),
        ("text/turtle", TABLE),
        ("*/*;q=0", GRAPH),
        ("text/turtle;q=0", GRAPH),
        ("image/*", PAGE),
    ],
)
def test_where_nothing_fits_the_error_lists_what_is_offered(accept: str, offered: tuple[Format, ...]) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate(accept, offered)

    assert caught.value.offered == tuple(format_.media_type for format_ in offered)


@pytest.mark.parametrize("family", list(Family))
def test_every_name_of_a_format_finds_a_format_of_its_family(family: Family) -> None:
    for format_ in OFFERED[family]:
        assert by_name(format_.name, OFFERED[family]) == format_
        assert by_name(format_.extension.upper(), OFFERED[family]) == format_
        for name in names_of(format_):
            assert name in names_of(by_name(name, OFFERED[family]))


@pytest.mark.parametrize("name", ["", "turtle", "svg", "*/*", "text/*", "x" * 1000])
def test_an_unknown_name_is_not_acceptable(name: str) -> None:
    with pytest.raises(NotAcceptable):
        by_name(name, TABLE)


TYPES = [format_.media_type for family in OFFERED.values() for format_ in family] + ["text/*", "*/*", "text/html"]
QUALITIES = st.integers(0, 1000)
PREFERENCES = st.dictionaries(st.sampled_from(TYPES), QUALITIES, min_size=1)
OFFERS = st.sampled_from([GRAPH, TABLE, PAGE]).flatmap(st.permutations)


def header_of(preferences: dict[str, int]) -> str:
    return ", ".join(f"{media_type};q={quality / 1000}" for media_type, quality in preferences.items())


def choose(preferences: dict[str, int], offered: list[Format]) -> Format | None:
    try:
        return negotiate(header_of(preferences), offered)
    except NotAcceptable:
        return None


@given(PREFERENCES, OFFERS)
def test_what_is_chosen_is_offered_and_liked(preferences: dict[str, int], offered: list[Format]) -> None:
    chosen = choose(preferences, offered)

    if chosen is not None:
        assert chosen in offered
        assert preferences.get(chosen.media_type) != 0


@given(PREFERENCES, OFFERS, st.data())
def test_to_like_a_type_more_never_makes_another_win(
    preferences: dict[str, int], offered: list[Format], data: st.DataObject
) -> None:
    media_type = data.draw(st.sampled_from([format_.media_type for format_ in offered]))
    before = choose(preferences, offered)

    after = choose(preferences | {media_type: data.draw(st.integers(preferences.get(media_type, 1000), 1000))}, offered)

    if media_type in preferences and after != before:
        assert after is not None
        assert after.media_type == media_type


@given(st.permutations(GRAPH), st.sampled_from(["*/*", "", ", ".join(format_.media_type for format_ in GRAPH)]))
def test_the_order_of_what_is_offered_breaks_ties(offered: list[Format], accept: str) -> None:
    assert negotiate(accept, offered) == offered[0]


@given(st.text(max_size=200))
def test_no_header_breaks_the_negotiation(accept: str) -> None:
    try:
        chosen = negotiate(accept, PAGE)
    except NotAcceptable:
        return

    assert chosen in PAGE
