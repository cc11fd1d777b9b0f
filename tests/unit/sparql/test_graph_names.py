"""Which graph a request of the Graph Store Protocol means (section 4; notes on conformance, 3.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import MalformedRequest, MethodNotAllowed, ParameterError, WriteRefused
from kg.sparql.graph_names import read_graph_name, require_reading

ADDRESS = "https://example.org/kg/graph-store/person/1.ttl"


@pytest.mark.parametrize(
    ("query_string", "name"),
    [
        (b"default", None),
        (b"default=", None),
        (b"default&format=nt", None),
        (b"graph=http://example.org/a", "http://example.org/a"),
        (b"graph=http%3A%2F%2Fexample.org%2Fa", "http://example.org/a"),
        (b"graph=http://example.org", "http://example.org"),
        (b"graph=http://example.org/%31.ttl", "http://example.org/1.ttl"),
        (b"graph=http://example.org/%2531.ttl", "http://example.org/%31.ttl"),
        (b"graph=http://example.org/a/../b", "http://example.org/a/../b"),
        (b"graph=HTTP://Example.org:80/", "HTTP://Example.org:80/"),
        (b"graph=urn:x:%C3%A9&x=y", "urn:x:\u00e9"),
        (b"graph=urn:a%2Bb", "urn:a+b"),
    ],
)
def test_the_query_string_names_a_graph_which_is_decoded_once_and_left_alone(
    query_string: bytes, name: str | None
) -> None:
    assert read_graph_name(query_string, None) == name


@pytest.mark.parametrize(
    "query_string",
    [b"", b"format=nt", b"default&graph=urn:a", b"graph=urn:a&graph=urn:b", b"graph=urn:a&graph=urn:a", b"graph=%FF"],
)
def test_none_or_more_than_one_graph_is_malformed(query_string: bytes) -> None:
    with pytest.raises(MalformedRequest):
        read_graph_name(query_string, None)


@pytest.mark.parametrize("name", ["", "a", "/a", "//example.org/a", "http://a b", "http://a/<b>", "1:a"])
def test_a_name_that_is_no_absolute_iri_is_refused_by_its_parameter(name: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_graph_name(f"graph={name}".encode(), None)

    assert caught.value.name == "graph"


def test_an_address_is_the_name_itself() -> None:
    assert read_graph_name(b"", ADDRESS) == ADDRESS
    assert read_graph_name(b"format=nt", ADDRESS.replace("1", "%31")) == ADDRESS.replace("1", "%31")


@pytest.mark.parametrize("query_string", [b"default", b"graph=urn:a", b"graph=" + ADDRESS.encode()])
def test_an_address_and_a_parameter_are_two_names(query_string: bytes) -> None:
    with pytest.raises(MalformedRequest):
        read_graph_name(query_string, ADDRESS)


@given(st.binary(max_size=60), st.sampled_from([None, ADDRESS]))
def test_any_query_string_is_read_or_refused(query_string: bytes, address: str | None) -> None:
    try:
        name = read_graph_name(query_string, address)
    except (MalformedRequest, ParameterError):
        return

    assert name == address if address else name is None or ":" in name


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_writing_is_refused(method: str) -> None:
    with pytest.raises(WriteRefused):
        require_reading(method)


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "get", "MKCOL"])
def test_a_method_of_another_protocol_is_not_allowed(method: str) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        require_reading(method)

    assert caught.value.allowed == ("GET", "HEAD", "OPTIONS")
