"""When two answers are the same: equal up to one renaming of blank nodes over the whole of each.

The renaming is the engine library's canonicalisation of datasets; a solution sequence is first told as a dataset, one
blank node for each solution. Language tags are compared without case, which the terms do by themselves.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pyoxigraph as ox
from manifests import Term

_VARIABLE: Final = "urn:variable:"
_COUNT: Final = ox.NamedNode("urn:count")
_PLACE: Final = ox.NamedNode("urn:place")

Solution = frozenset[tuple[str, Term]]


@dataclass(frozen=True, slots=True)
class Solutions:
    """A solution sequence, in its order; what is unbound is left out. The order counts only where `is_ordered`."""

    variables: frozenset[str]
    rows: tuple[Solution, ...]
    is_ordered: bool = False


Quads = frozenset[ox.Quad]
Result = bool | Solutions | Quads


class Verdict(StrEnum):
    """How an answer compares with what is expected; BY_VALUE is a failure that only the form of literals makes."""

    SAME = "same"
    BY_VALUE = "by value"
    DIFFERENT = "different"


def compare(actual: Result, expected: Result, *, is_lax: bool = False) -> Verdict:
    """The verdict on `actual`; `is_lax` lets it have fewer duplicates of a solution (mf:LaxCardinality)."""
    if _are_same(actual, expected, is_lax=is_lax):
        return Verdict.SAME
    if _are_same(_by_value(actual), _by_value(expected), is_lax=is_lax):
        return Verdict.BY_VALUE
    return Verdict.DIFFERENT


def row(bindings: Mapping[str, Term]) -> Solution:
    """One solution."""
    return frozenset(bindings.items())


def isomorphic(first: Iterable[ox.Quad], second: Iterable[ox.Quad]) -> bool:
    """Whether two datasets are equal up to a renaming of blank nodes."""
    datasets = ox.Dataset(first), ox.Dataset(second)
    for dataset in datasets:
        dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return datasets[0] == datasets[1]


def _are_same(actual: Result, expected: Result, *, is_lax: bool) -> bool:
    if isinstance(actual, Solutions) and isinstance(expected, Solutions):
        if actual.variables != expected.variables:
            return False
        if is_lax and len(actual.rows) > len(expected.rows):
            return False
        is_ordered = expected.is_ordered
        return isomorphic(_told(actual, is_ordered, is_lax), _told(expected, is_ordered, is_lax))
    if isinstance(actual, frozenset) and isinstance(expected, frozenset):
        return isomorphic(actual, expected)
    return actual is expected  # two booleans, or of different kinds


def _told(solutions: Solutions, is_ordered: bool, is_lax: bool) -> list[ox.Quad]:
    """A solution sequence as triples; how often a solution occurs, or where it stands, is a triple of its own."""
    numbered = list(enumerate(solutions.rows)) if is_ordered else [(0, found) for found in solutions.rows]
    quads: list[ox.Quad] = []
    for number, ((place, found), count) in enumerate(Counter(numbered).items()):
        node = ox.BlankNode(f"solution{number}")
        quads.append(ox.Quad(node, _PLACE, ox.Literal(place)))
        quads.append(ox.Quad(node, _COUNT, ox.Literal(1 if is_lax else count)))
        quads += [ox.Quad(node, ox.NamedNode(_VARIABLE + name), term) for name, term in found]
    return quads


def _by_value(result: Result) -> Result:
    """`result` with each literal in the form in which the store returns it."""
    if isinstance(result, Solutions):
        rows = tuple(frozenset((name, _stored(term)) for name, term in found) for found in result.rows)
        return Solutions(result.variables, rows, result.is_ordered)
    if isinstance(result, frozenset):
        return frozenset(
            ox.Quad(quad.subject, quad.predicate, _stored(quad.object), quad.graph_name) for quad in result
        )
    return result


def _stored(term: Term) -> Term:
    store = ox.Store()
    some = ox.NamedNode("urn:some")
    store.add(ox.Quad(some, some, term))
    return next(store.quads_for_pattern(None, None, None, None)).object
