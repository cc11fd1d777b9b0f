"""The comparison of answers finds what differs, and nothing else."""

import pyoxigraph as ox
import pytest
from comparison import Result, Solutions, Verdict, compare, row
from manifests import Term
from result_files import read_csv, read_json, read_tsv, read_xml

from kg.namespaces import XSD

A, B, C = (ox.BlankNode(name) for name in "abc")
ONE, OTHER_ONE = (ox.Literal(text, datatype=ox.NamedNode(XSD + "integer")) for text in ("1", "01"))
X = ox.NamedNode("http://example.org/x")


def solutions(*rows: dict[str, Term], is_ordered: bool = False) -> Solutions:
    return Solutions(frozenset(("x", "y")), tuple(row(each) for each in rows), is_ordered)


@pytest.mark.parametrize(
    ("actual", "expected", "verdict"),
    [
        (solutions({"x": A}, {"x": B}), solutions({"x": B}, {"x": C}), Verdict.SAME),
        (solutions({"x": A, "y": A}), solutions({"x": A, "y": B}), Verdict.DIFFERENT),
        # One renaming over all solutions: the same node twice is not two nodes.
        (solutions({"x": A, "y": X}, {"x": A}), solutions({"x": A, "y": X}, {"x": B}), Verdict.DIFFERENT),
        (solutions({"x": X}, {"x": X}), solutions({"x": X}), Verdict.DIFFERENT),
        (solutions({"x": X}, {"x": ONE}), solutions({"x": ONE}, {"x": X}), Verdict.SAME),
        (solutions({"x": X}, {"x": ONE}), solutions({"x": ONE}, {"x": X}, is_ordered=True), Verdict.DIFFERENT),
        (solutions({"x": X}, {"x": ONE}), solutions({"x": X}, {"x": ONE}, is_ordered=True), Verdict.SAME),
        (solutions({"x": ONE}), solutions({"x": OTHER_ONE}), Verdict.BY_VALUE),
        (solutions({"x": ONE}), solutions({"x": ox.Literal("1")}), Verdict.DIFFERENT),
        (solutions({}), solutions(), Verdict.DIFFERENT),
        (solutions(), Solutions(frozenset("x"), ()), Verdict.DIFFERENT),
        (True, True, Verdict.SAME),
        (True, False, Verdict.DIFFERENT),
        (True, solutions(), Verdict.DIFFERENT),
        (frozenset([ox.Quad(A, X, B)]), frozenset([ox.Quad(B, X, C)]), Verdict.SAME),
        (frozenset([ox.Quad(A, X, A)]), frozenset([ox.Quad(B, X, C)]), Verdict.DIFFERENT),
        (frozenset([ox.Quad(A, X, B)]), frozenset([ox.Quad(A, X, B, X)]), Verdict.DIFFERENT),
    ],
)
def test_verdicts(actual: Result, expected: Result, verdict: Verdict) -> None:
    assert compare(actual, expected) is verdict


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [([X], Verdict.SAME), ([X, X], Verdict.SAME), ([X, X, X], Verdict.DIFFERENT), ([ONE], Verdict.DIFFERENT)],
)
def test_a_reduced_answer_may_have_fewer_duplicates_but_no_more(rows: list[Term], verdict: Verdict) -> None:
    actual = solutions(*({"x": term} for term in rows))

    assert compare(actual, solutions({"x": X}, {"x": X}), is_lax=True) is verdict


def test_all_formats_say_the_same() -> None:
    store = ox.Store()
    text = """SELECT ?a ?b ?c ?d ?e WHERE { VALUES (?a ?b ?c ?d) {
        (<http://example.org/x> "a,\\"b\\"\\tc\\nd"@de UNDEF 1) (UNDEF UNDEF UNDEF UNDEF) }
        BIND(IF(BOUND(?a), <<( ?a <http://example.org/p> "x" )>>, 2.5) AS ?e) }"""

    def answer(format_: ox.QueryResultsFormat) -> bytes:
        results = store.query(text)
        assert isinstance(results, ox.QuerySolutions)
        return results.serialize(format=format_) or b""

    by_json = read_json(answer(ox.QueryResultsFormat.JSON))

    assert isinstance(by_json, Solutions)
    assert len(by_json.rows) == 2
    assert compare(read_xml(answer(ox.QueryResultsFormat.XML)), by_json) is Verdict.SAME
    assert compare(read_tsv(answer(ox.QueryResultsFormat.TSV)), by_json) is Verdict.SAME


def test_csv_is_read_by_name_of_the_column() -> None:
    read = read_csv(b'y,x\r\n"1,""2",_:b0\r\n,http://example.org/x\r\n')

    expected = solutions({"x": A, "y": ox.Literal('1,"2')}, {"x": ox.Literal(X.value)})
    assert compare(read, expected) is Verdict.SAME
