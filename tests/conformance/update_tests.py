"""SPARQL update tests, on the engine alone: this server takes no updates yet, and its own path to them is to come.

An update of a syntax test is only read, never carried out, since LOAD would send a request.
"""

import re
from typing import Final

import pyoxigraph as ox
from comparison import Verdict, compare
from manifests import UT, W3CTest, iri_of, path_of
from result_files import read_dataset

from kg.sparql.tokens import PROLOGUE

# An operation that always fails, though only once the whole text has been read; it stands after the prologue.
_STOP: Final = " CREATE GRAPH <urn:exists> ; "
_PROLOGUE: Final = re.compile(PROLOGUE, re.VERBOSE | re.IGNORECASE)


def run_update(test: W3CTest) -> Verdict:
    """Carry the test's update out on its data; an expected dataset can say nothing of empty graphs."""
    request = path_of(test.manifest.value(test.action, UT + "request"))
    store = ox.Store()
    store.extend(read_dataset(test.manifest, test.action, UT))
    store.update(request.read_bytes().decode(), base_iri=iri_of(request))
    result = test.result
    if not isinstance(result, ox.NamedNode | ox.BlankNode):
        raise TypeError(f"{test.iri} has no result")
    return compare(frozenset(store), frozenset(read_dataset(test.manifest, result, UT)))


def run_positive_update_syntax(test: W3CTest) -> Verdict:
    """The update can be read."""
    return Verdict.SAME if _is_update(test) else Verdict.DIFFERENT


def run_negative_update_syntax(test: W3CTest) -> Verdict:
    """The update cannot be read."""
    return Verdict.DIFFERENT if _is_update(test) else Verdict.SAME


def _is_update(test: W3CTest) -> bool:
    path = path_of(test.action)
    text = path.read_bytes().decode()
    prologue = _PROLOGUE.match(text)
    start = prologue.end() if prologue else 0
    store = ox.Store()
    store.add_graph(ox.NamedNode("urn:exists"))
    try:
        store.update(text[:start] + _STOP + text[start:], base_iri=iri_of(path))
    except SyntaxError:
        return False
    except RuntimeError:
        return True
    raise AssertionError("the operation that always fails did not")
