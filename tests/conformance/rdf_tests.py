"""Tests of the RDF syntaxes, on the parser with which the server reads files (`kg.sources`).

The base of a file is its published IRI, which is also what each manifest has as mf:assumedTestBase.
"""

from typing import Final

import pyoxigraph as ox
from comparison import Verdict, isomorphic
from manifests import W3CTest, path_of
from result_files import read_quads

_CANONICAL: Final = {".nt": ox.RdfFormat.N_TRIPLES, ".nq": ox.RdfFormat.N_QUADS}


def run_eval(test: W3CTest) -> Verdict:
    """The file says what the expected file says.

    Raises:
        SyntaxError: it cannot be read.
    """
    actual = read_quads(path_of(test.action))
    return _verdict(isomorphic(actual, read_quads(path_of(test.result))))


def run_positive(test: W3CTest) -> Verdict:
    """The file can be read.

    Raises:
        SyntaxError: it cannot.
    """
    read_quads(path_of(test.action))
    return Verdict.SAME


def run_negative(test: W3CTest) -> Verdict:
    """The file is refused."""
    try:
        read_quads(path_of(test.action))
    except SyntaxError:
        return Verdict.SAME
    return Verdict.DIFFERENT


def run_canonical(test: W3CTest) -> Verdict:
    """The file, read and written, is byte for byte the expected file: that is in the canonical form."""
    path = path_of(test.action)
    format_ = _CANONICAL[path.suffix]
    written = ox.serialize(ox.parse(path.read_bytes(), format_), format=format_)
    return _verdict(written == path_of(test.result).read_bytes())


def _verdict(is_same: bool) -> Verdict:
    return Verdict.SAME if is_same else Verdict.DIFFERENT
