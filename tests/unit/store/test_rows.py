"""The number of solutions is read off the bytes of the answer; it must be the engine's own number."""

import pyoxigraph as ox
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kg.formats import OFFERED, TURTLE, Family, Format
from kg.store.rows import COUNTED_BYTES, RowCounter

FORMATS = OFFERED[Family.SOLUTIONS]
# What could be taken for the end or the beginning of a solution.
NASTY = [
    "},{",
    "[{",
    "{}",
    '"bindings":[{',
    '"},{"',
    '"}},{"',
    "\\",
    '\\"',
    '"',
    "\n",
    "\r\n",
    ",",
    "\t",
    "<result>",
    "&lt;result>",
    '\\\\"},{"',
]
TEXTS = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=3)), max_size=4).map("".join)
LITERALS = st.builds(ox.Literal, TEXTS)
TERMS = st.one_of(
    st.none(),
    LITERALS,
    st.builds(lambda value: ox.Triple(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), value), LITERALS),
    st.just(ox.NamedNode("urn:x")),
)


def written(rows: list[list[ox.Literal | ox.Triple | ox.NamedNode | None]], variables: int, chosen: Format) -> bytes:
    """`rows` as the engine writes them."""
    names = " ".join(f"?v{number}" for number in range(variables))
    values = " ".join(f"({' '.join(map(printed, row))})" for row in rows)
    results = ox.Store().query(f"SELECT {names or '*'} WHERE {{ VALUES ({names}) {{ {values} }} }}")
    assert isinstance(results, ox.QuerySolutions)
    engine_format = ox.QueryResultsFormat.from_media_type(chosen.media_type)
    assert engine_format is not None
    return results.serialize(format=engine_format) or b""


def printed(term: ox.Literal | ox.Triple | ox.NamedNode | None) -> str:
    """`term` as VALUES takes it."""
    if term is None:
        return "UNDEF"
    return f"<<( {term} )>>" if isinstance(term, ox.Triple) else str(term)


def counted(content: bytes, chosen: Format, cuts: list[int]) -> int | None:
    counter = RowCounter(chosen)
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        counter.take(content[start:end])
    return counter.rows()


@pytest.mark.parametrize("chosen", FORMATS, ids=lambda chosen: chosen.name)
@given(variables=st.integers(0, 3), data=st.data())
def test_as_many_solutions_are_counted_as_there_are(chosen: Format, variables: int, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(TERMS, min_size=variables, max_size=variables), max_size=5))
    content = written(rows, variables, chosen)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))

    assert counted(content, chosen, cuts) == len(rows)


@pytest.mark.parametrize("chosen", FORMATS, ids=lambda chosen: chosen.name)
@given(text=TEXTS)
@example(text="},{")
@example(text="{}},{")
@example(text='\\"},{"')
def test_the_count_does_not_depend_on_where_the_bytes_are_cut(chosen: Format, text: str) -> None:
    content = written([[ox.Literal(text)], [None], [ox.Literal(text)]], 1, chosen)

    assert counted(content, chosen, list(range(1, len(content)))) == 3


def test_an_answer_that_is_too_long_is_not_counted() -> None:
    counter = RowCounter(FORMATS[3])
    counter.take(b"?x\n" + b"1\n" * (COUNTED_BYTES // 2))

    assert counter.rows() is None


def test_an_answer_without_solutions_has_no_number_of_them() -> None:
    counter = RowCounter(TURTLE)
    counter.take(b"<urn:a> <urn:b> <urn:c> .\n")

    assert counter.rows() is None
