"""One request on the engine (level 1): from the text of a query to the last byte, in the calling thread.

The engine's results must not change thread, or the process aborts; so nothing of the engine leaves `evaluate`.
"""

import re
from collections.abc import Callable, Iterable
from typing import IO, Final, Protocol, cast

import pyoxigraph as ox

from kg.errors import NotAcceptable, NotFound, ParameterError, QueryEvaluationError, QuerySyntaxError
from kg.formats import OFFERED, RDF_XML, RESULTS_XML, Family, Format
from kg.namespaces import BLANK_NODE_FUNCTION, BLANK_NODES, PREFIXES
from kg.store.base import DumpRequest, QueryRequest, Request
from kg.store.rows import RowCounter

_Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_PLACE: Final = re.compile(r"error at (\d+):(\d+): (?:expected )?(?:one of )?(.*)", re.DOTALL)
# The engine lists every token that it would take. Only the rules that were broken (SPARQL 1.1, section 19.8) help a
# reader; they are the sentences in that list.
_SENTENCE: Final = re.compile(r"[A-Z][a-z]*(?: [\w?'-]+){2,}")
_NO_PREFIX: Final = "Prefix not found"
_PREFIX_IN_USE: Final = re.compile(r"(?<![\w<:?$@/#.-])((?:[^\W\d_][\w.-]*)?):(?=[\w%\\])")
# Characters that XML cannot write in any way, as UTF-8 (XML 1.0, section 2.2); the engine writes them as they are.
_XML_LACKS: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_LONGEST: Final = 3  # bytes of one of them


def _blank_node(term: _Term) -> _Term:
    """The blank node that the IRI stands for, where it stands for one; so text can hold those of another endpoint."""
    if not isinstance(term, ox.NamedNode) or not term.value.startswith(BLANK_NODES):
        return term
    try:
        return ox.BlankNode(term.value.removeprefix(BLANK_NODES))
    except ValueError:
        return term


_FUNCTIONS: Final[dict[ox.NamedNode, Callable[..., _Term | None]]] = {ox.NamedNode(BLANK_NODE_FUNCTION): _blank_node}


class Output(Protocol):
    """Where the bytes of an answer go; an exception from `write` ends the evaluation and comes out of `evaluate`."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes; the engine gives about 8 KiB at a time."""


def evaluate(store: ox.Store, request: Request, output: Output) -> int | None:
    """Answer `request` into `output`; return the number of solutions or triples written, None where not counted.

    Nothing limits time or memory here: that is for the process in which it runs.

    Raises:
        QuerySyntaxError: the text is not a query (an update is none); with line and column.
        QueryEvaluationError: the engine cannot evaluate it, or cannot write its answer in this format.
        NotAcceptable: the format is not one of the family of the query's form.
        ParameterError: the name of a graph is not an absolute IRI.
        NotFound: there is no graph of the name that is to be dumped.
    """
    writer = _Writer(output, _XML_LACKS if request.format in (RESULTS_XML, RDF_XML) else None)
    try:
        if isinstance(request, DumpRequest):
            _dump(store, request, writer)
            return None
        return _answer(store, request, writer)
    except (RuntimeError, ValueError, OSError) as error:
        if writer.failure is not None:
            raise writer.failure from None
        raise QueryEvaluationError(str(error)) from error


def _answer(store: ox.Store, request: QueryRequest, writer: "_Writer") -> int | None:
    """Evaluate a query; as soon as one parameter names graphs, both replace the query's own (`QueryRequest`)."""
    default_graphs, named_graphs = request.default_graphs, request.named_graphs
    is_given = default_graphs is not None or named_graphs is not None
    try:
        results = store.query(
            request.text,
            base_iri=request.base_iri,
            default_graph=[*_names("default-graph-uri", default_graphs or ())] if is_given else None,
            named_graphs=[*_names("named-graph-uri", named_graphs or ())] if is_given else None,
            custom_functions=_FUNCTIONS,
        )
    except SyntaxError as error:
        raise _syntax_error(error, request.text) from error
    if isinstance(results, ox.QueryTriples):
        counted = _Counted(results)
        ox.serialize(counted, writer.file, _rdf_format(request.format), prefixes=dict(PREFIXES))
        return counted.count
    if isinstance(results, ox.QueryBoolean):
        results.serialize(writer.file, _results_format(request.format, Family.BOOLEAN))
        return None
    writer.counter = RowCounter(request.format)
    results.serialize(writer.file, _results_format(request.format, Family.SOLUTIONS))
    return writer.counter.rows()


def _dump(store: ox.Store, request: DumpRequest, writer: "_Writer") -> None:
    """Write all triples of one graph."""
    graph_name: ox.NamedNode | ox.DefaultGraph = ox.DefaultGraph()
    if request.graph_name is not None:
        (graph_name,) = _names("graph", (request.graph_name,))
        if not store.contains_named_graph(graph_name):
            raise NotFound(f"there is no named graph {request.graph_name}")
    store.dump(writer.file, _rdf_format(request.format), from_graph=graph_name, prefixes=dict(PREFIXES))


def _names(parameter: str, iris: Iterable[str]) -> list[ox.NamedNode]:
    """The names of graphs that `parameter` gives, compared as they are written.

    Raises:
        ParameterError: one is not an absolute IRI.
    """
    try:
        return [ox.NamedNode(iri) for iri in iris]
    except ValueError as error:
        raise ParameterError(parameter, f"must be an absolute IRI: {error}") from error


def _results_format(asked: Format, family: Family) -> ox.QueryResultsFormat:
    """The engine's name for a format of solutions or of a boolean."""
    engine_format = ox.QueryResultsFormat.from_media_type(asked.media_type)
    if asked not in OFFERED[family] or engine_format is None:
        raise NotAcceptable(asked.media_type, tuple(offered.media_type for offered in OFFERED[family]))
    return engine_format


def _rdf_format(asked: Format) -> ox.RdfFormat:
    """The engine's name for a format of a graph."""
    engine_format = ox.RdfFormat.from_media_type(asked.media_type)
    if asked not in OFFERED[Family.GRAPH] or engine_format is None:
        raise NotAcceptable(asked.media_type, tuple(offered.media_type for offered in OFFERED[Family.GRAPH]))
    return engine_format


def _syntax_error(error: SyntaxError, text: str) -> QuerySyntaxError:
    """The engine's refusal of `text`, with the place as numbers and the reason in a sentence."""
    place = _PLACE.match(error.msg)
    if place is None:
        return QuerySyntaxError(error.msg)
    line, column = int(place[1]), int(place[2])
    sentence = _SENTENCE.search(place[3])
    reason = sentence[0] if sentence and sentence[0] != _NO_PREFIX else _guess(text, line, column)
    return QuerySyntaxError(f"line {line}, column {column}: {reason}", line, column)


def _guess(text: str, line: int, column: int) -> str:
    """What may be wrong at a place for which the engine names no rule: an undeclared prefix is the usual mistake."""
    lines = text.split("\n")
    before, after = lines[line - 1][:column], [lines[line - 1][column - 1 :], *lines[line:]]
    used = _PREFIX_IN_USE.findall(before)
    if used and not re.search(rf"\bprefix\s+{re.escape(used[-1])}:", text, re.IGNORECASE):
        return f"the query cannot be read here, since the prefix {used[-1]}: is not declared"
    if not "".join(after).strip():
        return "something is missing at the end of the query, or too much" if text.strip() else "there is no query"
    return "the query cannot be read here"


class _Counted:
    """Triples, counted while they pass."""

    def __init__(self, triples: ox.QueryTriples) -> None:
        self._triples = triples
        self.count = 0

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> ox.Triple:
        triple: ox.Triple = next(self._triples)
        self.count += 1
        return triple


class _Writer:
    """The output as the engine wants it; remembers the output's own error, to tell it from one of the engine.

    What the format `lacks` is not written: an answer that no parser could read is none.
    """

    def __init__(self, output: Output, lacks: re.Pattern[bytes] | None) -> None:
        self._output = output
        self._lacks = lacks
        self._end = b""  # of what was written last, in which a character may have begun
        self.failure: Exception | None = None
        self.counter: RowCounter | None = None

    @property
    def file(self) -> IO[bytes]:
        """The writer itself; the engine calls `write` and `flush` only."""
        return cast("IO[bytes]", self)

    def write(self, data: bytes) -> int:
        """Pass `data` on."""
        if self.counter is not None:
            self.counter.take(data)
        try:
            self._check(data)
            self._output.write(data)
        except Exception as error:
            self.failure = error
            raise
        return len(data)

    def _check(self, data: bytes) -> None:
        """Look for what the format lacks.

        Raises:
            QueryEvaluationError: there is such a character.
        """
        if self._lacks is None:
            return
        if self._lacks.search(self._end + data):
            raise QueryEvaluationError("the answer has a character that XML cannot write; ask for another format")
        self._end = data[1 - _LONGEST :]

    def flush(self) -> None:
        """Nothing is held back here."""
