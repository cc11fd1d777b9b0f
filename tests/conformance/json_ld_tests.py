"""Tests of JSON-LD 1.1, from JSON-LD to RDF, on the same parser as the other syntaxes.

Run are the tests that need no option which the parser does not have: not those of JSON-LD 1.0, of generalized RDF, of
canonical JSON, of `rdfDirection` and of `expandContext`; nor the one whose input lies in another suite's folder.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pyoxigraph as ox
from comparison import Verdict, isomorphic
from manifests import root

_FOLDER: Final = "json-ld-api/tests/"
_OPTIONS: Final = frozenset(("base", "specVersion"))
_PUBLISHED: Final = "https://w3c.github.io/json-ld-api/tests/"


@dataclass(frozen=True, slots=True)
class JsonLdTest:
    """One test; `expected` is the file of quads, None for a test of syntax."""

    iri: str
    kind: str
    input: str
    base_iri: str
    expected: str | None


@cache
def json_ld_tests() -> tuple[JsonLdTest, ...]:
    """The tests of the manifest toRdf, in its order."""
    manifest: dict[str, Any] = json.loads((root() / _FOLDER / "toRdf-manifest.jsonld").read_bytes())
    return tuple(_read(entry) for entry in manifest["sequence"] if _is_run(entry))


def run_json_ld(test: JsonLdTest) -> Verdict:
    """The verdict on one test.

    Raises:
        SyntaxError: a document that must be read is refused.
    """
    content = (root() / _FOLDER / test.input).read_bytes()
    if test.kind == "NegativeEvaluationTest":
        return Verdict.DIFFERENT if _is_read(content, test.base_iri) else Verdict.SAME
    quads = list(ox.parse(content, ox.RdfFormat.JSON_LD, base_iri=test.base_iri))
    if test.expected is None:
        return Verdict.SAME
    expected = ox.parse((root() / _FOLDER / test.expected).read_bytes(), ox.RdfFormat.N_QUADS)
    return Verdict.SAME if isomorphic(quads, expected) else Verdict.DIFFERENT


def _read(entry: dict[str, Any]) -> JsonLdTest:
    base = entry.get("option", {}).get("base", _PUBLISHED + entry["input"])
    kind = entry["@type"][0].removeprefix("jld:")
    return JsonLdTest(f"{_PUBLISHED}toRdf-manifest{entry['@id']}", kind, entry["input"], base, entry.get("expect"))


def _is_run(entry: dict[str, Any]) -> bool:
    options: dict[str, str] = entry.get("option", {})
    if not entry["input"].startswith("toRdf/"):
        return False
    return options.keys() <= _OPTIONS and str(options.get("specVersion")) != "json-ld-1.0"


def _is_read(content: bytes, base_iri: str) -> bool:
    try:
        list(ox.parse(content, ox.RdfFormat.JSON_LD, base_iri=base_iri))
    except SyntaxError:
        return False
    return True
