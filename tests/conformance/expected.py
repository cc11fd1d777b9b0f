"""What is known to deviate, by test IRI with the reason; whatever else fails is a fault, and one of these that passes.

Kinds: `form of literals` (the values are right), `literals by value` (terms merge that differ in their form only),
`engine` (pyoxigraph answers otherwise), `no requests` (the server sends none by itself), `no updates` (it takes none
yet).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from comparison import Verdict

_DAWG: Final = "http://www.w3.org/2001/sw/DataAccess/tests/data-r2/{}/manifest#{}"
_SPARQL_11: Final = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/{}/manifest#{}"
_SPARQL_12: Final = "https://w3c.github.io/rdf-tests/sparql/sparql12/{}/manifest#{}"

FORM: Final = "form of literals"
VALUE: Final = "literals by value"
ENGINE: Final = "engine"
REQUESTS: Final = "no requests"
UPDATES: Final = "no updates"

_FORM_REASON: Final = (
    "the store keeps numbers, booleans, dates and durations by value and returns them in canonical form, as 1 for 01; "
    "the answer is right by value"
)
_VALUE_REASON: Final = "1 and 01 are one term in a store that keeps literals by value, so that other solutions match"
_GRAPH_REASON: Final = (
    "the engine pushes GRAPH ?g into the patterns inside, so that a sub-select, VALUES, MINUS or OPTIONAL in there is "
    "not evaluated graph by graph"
)
_UPDATE_REASON: Final = "the server is read-only, and refuses updates with 403 before it looks at them"
_CONTEXT_REASON: Final = "names a remote context, and the parser loads none: reading a file sends no requests"


@dataclass(frozen=True, slots=True)
class Deviation:
    """Why a test does not pass, and with which verdict."""

    kind: str
    reason: str

    @property
    def verdict(self) -> Verdict:
        """A deviation in the form of literals passes by value; the others differ."""
        return Verdict.BY_VALUE if self.kind == FORM else Verdict.DIFFERENT


@dataclass(frozen=True, slots=True)
class _Block:
    """Tests of one folder that deviate for one reason; `names` are separated by spaces."""

    pattern: str
    folder: str
    names: str
    kind: str
    reason: str


_SPARQL_10_BLOCKS: Final = (
    _Block(_DAWG, "open-world", "open-eq-03 open-eq-04 date-3", FORM, _FORM_REASON),
    _Block(_DAWG, "expr-builtin", "dawg-datatype-1", FORM, _FORM_REASON),
    _Block(_DAWG, "expr-equals", "eq-2-1 eq-2-2", FORM, _FORM_REASON),
    _Block(_DAWG, "distinct", "no-distinct-1 no-distinct-9", FORM, _FORM_REASON),
    _Block(_DAWG, "sort", "dawg-sort-7", FORM, _FORM_REASON),
    _Block(_DAWG, "open-world", "open-eq-01", VALUE, _VALUE_REASON),
    _Block(_DAWG, "expr-equals", "eq-graph-1 eq-graph-2", VALUE, _VALUE_REASON),
    _Block(_DAWG, "distinct", "distinct-1 distinct-9", VALUE, _VALUE_REASON),
    _Block(
        _DAWG,
        "expr-builtin",
        "dawg-str-1 dawg-str-2 sameTerm-simple sameTerm-eq sameTerm-not-eq",
        VALUE,
        _VALUE_REASON,
    ),
    _Block(_DAWG, "open-world", "date-2", ENGINE, "dates without a time zone are compared as XSD 1.1 has it"),
    _Block(_DAWG, "graph", "graph-variable-scope graph-optional", ENGINE, _GRAPH_REASON),
)
_SPARQL_11_BLOCKS: Final = (
    _Block(
        _SPARQL_11,
        "aggregates",
        "agg-sum-02 agg-avg-02 agg-min-01 agg-min-02 agg-max-01 agg-max-02 agg-err-02 "
        "agg-max-distinct agg-min-distinct",
        FORM,
        _FORM_REASON,
    ),
    _Block(
        _SPARQL_11, "cast", "cast-bool cast-int cast-float cast-double cast-decimal cast-string", FORM, _FORM_REASON
    ),
    _Block(_SPARQL_11, "functions", "plus-1-corrected plus-2-corrected coalesce01", FORM, _FORM_REASON),
    _Block(_SPARQL_11, "csv-tsv-res", "tsv03", FORM, _FORM_REASON),
    _Block(
        _SPARQL_11,
        "csv-tsv-res",
        "csv03",
        VALUE,
        "1.0e6 comes back from the store as 1000000, and CSV has no types by which they would be the same number",
    ),
    _Block(_SPARQL_11, "functions", "bnode01", ENGINE, 'BNODE("x") is one blank node in all solutions'),
    _Block(
        _SPARQL_11,
        "aggregates",
        "agg-groupconcat-04 agg-groupconcat-06",
        ENGINE,
        "GROUP_CONCAT keeps a language tag that all values share; the test expects a plain string",
    ),
    _Block(_SPARQL_11, "aggregates", "agg-empty-group-count-graph", ENGINE, _GRAPH_REASON),
    _Block(_SPARQL_11, "negation", "graph-minus", ENGINE, _GRAPH_REASON),
    _Block(_SPARQL_11, "bindings", "graph", ENGINE, _GRAPH_REASON),
    _Block(
        _SPARQL_11,
        "property-path",
        "zero_or_more_set_start zero_or_more_set_end zero_or_one_set_start zero_or_one_set_end",
        ENGINE,
        "a path of length zero from a constant that no triple holds has no solution",
    ),
    _Block(
        _SPARQL_11,
        "protocol",
        "update_dataset_default_graph update_dataset_default_graphs update_dataset_named_graphs update_dataset_full "
        "update_post_form update_post_direct update_base_uri bad_multiple_updates bad_update_syntax "
        "bad_update_dataset_conflict",
        UPDATES,
        _UPDATE_REASON,
    ),
)
_SPARQL_12_BLOCKS: Final = (
    _Block(_SPARQL_12, "eval-triple-terms", "op-2", FORM, _FORM_REASON),
    _Block(_SPARQL_12, "grouping", "group01", VALUE, _VALUE_REASON + "; the manifest says that the test requires this"),
    _Block(
        _SPARQL_12,
        "grouping",
        "select-variable-reuse",
        ENGINE,
        "the alias of an aggregate cannot be used in a later expression of the same SELECT",
    ),
)
_XML_REASON: Final = "an XML literal is not put into exclusive canonical form: xmlns:rdf is added"
_RDF_BLOCKS: Final = (
    _Block(
        "https://w3c.github.io/rdf-tests/rdf/rdf11/{}/manifest.ttl#{}",
        "rdf-xml",
        "xml-canon-test001 xml-canon-test002",
        ENGINE,
        _XML_REASON,
    ),
    _Block(
        "https://w3c.github.io/rdf-tests/rdf/rdf12/{}#{}",
        "rdf-xml/eval",
        "rdf12-xml-an-13 rdf12-xml-an-14",
        ENGINE,
        _XML_REASON,
    ),
)
_JSON_LD: Final = "https://w3c.github.io/json-ld-api/tests/{}#{}"
_JSON_LD_BLOCKS: Final = (
    _Block(
        _JSON_LD,
        "toRdf-manifest",
        "tc031 tc034 te126 te127 te128 tso05 tso06 tso08 tso09 tso11",
        REQUESTS,
        _CONTEXT_REASON,
    ),
    _Block(_JSON_LD, "toRdf-manifest", "tli12", ENGINE, "an invalid @base is an error, where the test lets it pass"),
    _Block(
        _JSON_LD,
        "toRdf-manifest",
        "tdi02 tdi04 tdi05 tdi06",
        ENGINE,
        "@direction is not dropped, but makes RDF 1.2 terms",
    ),
    _Block(
        _JSON_LD,
        "toRdf-manifest",
        "t0122 t0123 tc013 te062 te091",
        ENGINE,
        "an edge case of resolving, of scoped contexts or of coercion is read in another way",
    ),
)


def _deviations() -> Iterator[tuple[str, Deviation]]:
    for block in (*_SPARQL_10_BLOCKS, *_SPARQL_11_BLOCKS, *_SPARQL_12_BLOCKS, *_RDF_BLOCKS, *_JSON_LD_BLOCKS):
        for name in block.names.split():
            yield block.pattern.format(block.folder, name), Deviation(block.kind, block.reason)


EXPECTED: Final = dict(_deviations())
