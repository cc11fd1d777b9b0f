"""A request is read as the SPARQL 1.1 Protocol says (its section 2.1; field notes, D 1 to 11)."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import (
    BodyTooLarge,
    KgError,
    MalformedRequest,
    MethodNotAllowed,
    ParameterError,
    UnsupportedMediaType,
    WriteRefused,
)
from kg.formats import FORM, SPARQL_QUERY, SPARQL_UPDATE
from kg.settings import Settings
from kg.sparql.protocol import ProtocolQuery, read_query

ASK: Final = "ASK { ?s ?p 'ç + %2B Я' }"
GRAPHS: Final = ("http://example.org/a", "http://example.org/b")


def by_get(*pairs: tuple[str, str], method: str = "GET") -> ProtocolQuery | None:
    return read_query(method, urlencode(pairs).encode(), None, b"", Settings())


def by_form(*pairs: tuple[str, str], url: str = "", content_type: str | None = FORM) -> ProtocolQuery | None:
    return read_query("POST", url.encode(), content_type, urlencode(pairs).encode(), Settings())


def by_post(
    text: str = ASK, *, url: str = "", content_type: str | None = SPARQL_QUERY, settings: Settings | None = None
) -> ProtocolQuery | None:
    return read_query("POST", url.encode(), content_type, text.encode(), settings or Settings())


Ask = Callable[[], ProtocolQuery | None]


def text_of(query: ProtocolQuery | None) -> str:
    assert query is not None
    return query.text


def test_the_three_ways_to_ask_give_the_same_query() -> None:
    expected = ProtocolQuery(ASK, None, None, Settings().timeout_s, None)

    assert by_get(("query", ASK)) == by_get(("query", ASK), method="HEAD") == expected
    assert by_form(("query", ASK)) == expected
    assert by_post() == expected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_bare_get_asks_for_the_description(method: str) -> None:
    assert by_get(method=method) is None
    assert by_get(("results", "json"), ("format", "turtle"), method=method) is None


@pytest.mark.parametrize("parameters", ["charset=utf-8", "charset=UTF-8", 'charset="utf-8"', "charset=utf8", "x=y", ""])
@pytest.mark.parametrize("space", ["", " "])
def test_a_content_type_may_have_parameters(parameters: str, space: str) -> None:
    assert text_of(by_form(("query", ASK), content_type=f"{FORM};{space}{parameters}")) == ASK
    assert text_of(by_post(content_type=f"{SPARQL_QUERY.upper()};{space}{parameters}")) == ASK


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "multipart/form-data; boundary=x", "application", "application/sparql-queries", "*/*", "é"]
    + [f"{name}; charset={charset}" for name in (FORM, SPARQL_QUERY) for charset in ("UTF-16", "iso-8859-1", "x y")],
)
def test_another_body_is_not_taken(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType) as form:
        by_form(("query", ASK), content_type=content_type)
    with pytest.raises(UnsupportedMediaType) as direct:
        by_post(content_type=content_type)

    assert all(SPARQL_QUERY in caught.value.supported[0] for caught in (form, direct))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "get", "PROPFIND"])
def test_other_methods_are_not_allowed(method: str) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        by_get(("query", ASK), method=method)

    assert caught.value.allowed == ("GET", "HEAD", "POST", "OPTIONS")


def test_two_queries_are_refused() -> None:
    two = (("query", ASK), ("query", ASK))
    in_url = urlencode(two[:1])

    asks: tuple[Ask, ...] = (
        lambda: by_get(*two),
        lambda: by_form(*two),
        lambda: by_form(two[0], url=in_url),
        lambda: by_post(url=in_url),
    )

    for ask in asks:
        with pytest.raises(MalformedRequest, match="more than one"):
            ask()


@pytest.mark.parametrize("text", ["", " \r\n\t"])
def test_an_empty_query_is_refused(text: str) -> None:
    asks: tuple[Ask, ...] = (
        lambda: by_get(("query", text)),
        lambda: by_form(("query", text)),
        lambda: by_post(text),
    )

    for ask in asks:
        with pytest.raises(MalformedRequest, match="empty"):
            ask()


def test_a_form_without_a_query_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="query="):
        by_form(("format", "json"))


@pytest.mark.parametrize("raw", [b"query=%E4", b"query=%zz", b"query=ASK%00", b"%=1&query=ASK+{}"])
def test_broken_parameters_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedRequest):
        read_query("GET", raw, None, b"", Settings())
    with pytest.raises(MalformedRequest):
        read_query("POST", b"", FORM, raw, Settings())


def test_a_direct_query_in_other_bytes_than_utf_8_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="UTF-8"):
        read_query("POST", b"", SPARQL_QUERY, ASK.encode("latin-1", "replace") + b"\xe7", Settings())


@pytest.mark.parametrize(
    "pairs", [(("update", "CLEAR ALL"),), (("query", ASK), ("update", "")), (("update", "x"),) * 2]
)
def test_an_update_never_comes_by_get(pairs: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        by_get(*pairs)

    assert caught.value.allowed == ("POST",)


def test_an_update_is_refused_while_the_server_is_read_only() -> None:
    asks: tuple[Ask, ...] = (
        lambda: by_form(("update", "CLEAR ALL")),
        lambda: by_form(("query", ASK), url="update=CLEAR+ALL"),
        lambda: by_post("CLEAR ALL", content_type=SPARQL_UPDATE),
        lambda: by_post("CLEAR ALL", content_type=f"{SPARQL_UPDATE};charset=utf-8"),
        lambda: by_post(url="update=CLEAR+ALL"),
    )

    for ask in asks:
        with pytest.raises(WriteRefused):
            ask()


@pytest.mark.parametrize("parameter", ["default-graph-uri", "named-graph-uri"])
def test_graphs_are_kept_in_order_and_as_they_are(parameter: str) -> None:
    pairs = [(parameter, graph) for graph in (*GRAPHS, GRAPHS[0])]
    in_url = urlencode(pairs)
    expected = (*GRAPHS, GRAPHS[0])

    queries = [
        by_get(("query", ASK), *pairs),
        by_form(("query", ASK), *pairs),
        by_form(("query", ASK), url=in_url),
        by_post(url=in_url),
        by_form(("query", ASK), pairs[1], pairs[2], url=urlencode(pairs[:1])),
    ]

    for query in queries:
        assert query is not None
        given_graphs = (query.default_graphs, query.named_graphs)
        assert given_graphs == ((expected, None) if parameter.startswith("default") else (None, expected))


@pytest.mark.parametrize(
    "iri", ["", "a", "/a", "#a", "//example.org/a", "http://example.org/ a", "http://x/<a>", "http://[/"]
)
@pytest.mark.parametrize("parameter", ["default-graph-uri", "named-graph-uri"])
def test_a_graph_that_is_no_absolute_iri_is_refused(parameter: str, iri: str) -> None:
    with pytest.raises(ParameterError) as caught:
        by_get(("query", ASK), (parameter, iri))

    assert caught.value.name == parameter


@pytest.mark.parametrize("iri", ["http://example.org", "urn:a", "http://example.org/ä%2F", "http://example.org/%C3%A4"])
def test_a_graph_name_is_not_normalised(iri: str) -> None:
    query = by_get(("query", ASK), ("default-graph-uri", iri))

    assert query is not None
    assert query.default_graphs == (iri,)


@pytest.mark.parametrize(
    ("value", "seconds"), [("1", 1.0), ("0.5", 0.5), (".5", 0.5), ("2.", 2.0), ("30", 30.0), ("007", 7.0)]
)
def test_a_timeout_is_a_decimal_number_of_seconds(value: str, seconds: float) -> None:
    query = by_get(("query", ASK), ("timeout", value))

    assert query is not None
    assert query.timeout_s == seconds


@pytest.mark.parametrize(
    "value", ["", "0", "0.0", "30.001", "-1", "+1", "1e1", "inf", "nan", "1 ", "1,5", "1s", "\u0661", "9" * 400]
)
def test_any_other_timeout_is_refused(value: str) -> None:
    with pytest.raises(ParameterError) as caught:
        by_get(("query", ASK), ("timeout", value))

    assert caught.value.name == "timeout"
    assert "30" in str(caught.value)


def test_two_timeouts_are_refused() -> None:
    with pytest.raises(ParameterError):
        by_form(("query", ASK), ("timeout", "1"), url="timeout=1")


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ([("format", "csv")], "csv"),
        ([("output", "xml")], "xml"),
        ([("format", "json"), ("output", "json"), ("results", "json")], "json"),
        ([("output", "nonsense"), ("format", "text/csv")], "text/csv"),
        ([("format", ""), ("output", "Turtle")], "Turtle"),
        ([("format", "nonsense"), ("output", "other")], "nonsense"),
        ([("results", "json")], None),
        ([("format", "")], None),
    ],
)
def test_the_first_known_format_is_taken(pairs: list[tuple[str, str]], name: str | None) -> None:
    query = by_get(("query", ASK), *pairs)

    assert query is not None
    assert query.format_name == name


def test_unknown_parameters_are_passed_over() -> None:
    assert by_get(("query", ASK), ("maxrows", "3"), ("Query", "x"), ("", "y")) == by_get(("query", ASK))


def test_too_long_bodies_and_queries_are_refused() -> None:
    settings = Settings(max_body_bytes=1000, max_query_bytes=100)
    fits = "ASK { ?s ?p 'ä' }".ljust(99)  # one letter of two bytes

    assert text_of(by_post(fits, settings=settings)) == fits
    for method, url, content_type, body in (
        ("POST", b"", SPARQL_QUERY, (fits + " ").encode()),
        ("POST", b"", FORM, b"query=" + quote_plus(fits + " ").encode()),
        ("POST", b"", FORM, b"query=ASK+%7B%7D&x=" + b"y" * 1000),
        ("POST", b"", FORM, b"query=%zz".ljust(307)),  # too long whatever it stands for, and so not decoded
        ("GET", b"query=" + quote_plus(fits + " ").encode(), None, b""),
    ):
        with pytest.raises(BodyTooLarge):
            read_query(method, url, content_type, body, settings)


@given(
    st.sampled_from(["GET", "POST"]),
    st.binary(max_size=40),
    st.one_of(
        st.none(), st.text(max_size=30), st.sampled_from([FORM, SPARQL_QUERY]), st.text(max_size=20).map(FORM.__add__)
    ),
    st.binary(max_size=40),
)
def test_any_request_is_read_or_refused(method: str, url: bytes, content_type: str | None, body: bytes) -> None:
    try:
        query = read_query(method, url, content_type, body, Settings())
    except KgError:
        return

    assert query is None or query.text
