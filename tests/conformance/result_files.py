"""Results as they are written down: of queries in XML, JSON, CSV, TSV and the result set vocabulary; and of graphs.

The readers of solutions are not the engine's, since the engine writes the answers that are read with them here.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pyoxigraph as ox
from comparison import Quads, Result, Solutions, row
from manifests import RDFS_LABEL, Manifest, Node, Term, iri_of, path_of

from kg.namespaces import RDF

_RS: Final = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
_SRX: Final = "{http://www.w3.org/2005/sparql-results#}"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_DIRECTION: Final = "{http://www.w3.org/2005/11/its}dir"


def read_result(path: Path) -> Result:
    """What a file of expected results says."""
    reader = READERS.get(path.suffix)
    return reader(path.read_bytes()) if reader else _read_graph_or_set(read_quads(path))


def read_quads(path: Path) -> list[ox.Quad]:
    """The quads of an RDF file, whose published IRI is the base; blank nodes differ from those of any other reading.

    Raises:
        SyntaxError: it cannot be read.
    """
    format_ = ox.RdfFormat.from_extension(path.suffix.removeprefix("."))
    if format_ is None:
        raise ValueError(f"no RDF format has the extension of {path.name}")
    return list(ox.parse(path.read_bytes(), format_, base_iri=iri_of(path), rename_blank_nodes=True))


def read_dataset(manifest: Manifest, node: Node, vocabulary: str) -> list[ox.Quad]:
    """The dataset that `node` names by data and graphData: a named graph is called by its label, else by its file."""
    quads = [quad for data in manifest.values(node, vocabulary + "data") for quad in read_quads(path_of(data))]
    for data in manifest.values(node, vocabulary + "graphData"):
        file, label = manifest.value(data, vocabulary + "graph") or data, manifest.value(data, RDFS_LABEL)
        quads += read_named_graph(path_of(file), label.value if isinstance(label, ox.Literal) else None)
    return quads


def read_named_graph(path: Path, name: str | None = None) -> list[ox.Quad]:
    """The triples of an RDF file in the graph `name`, which is the file's published IRI if none is given."""
    graph_name = ox.NamedNode(name or iri_of(path))
    return [ox.Quad(quad.subject, quad.predicate, quad.object, graph_name) for quad in read_quads(path)]


def read_xml(content: bytes) -> Result:
    """SPARQL Query Results XML Format."""
    document = ET.fromstring(content)  # noqa: S314 - files of the suites, and our own answers
    boolean = document.find(f"{_SRX}boolean")
    if boolean is not None:
        return (boolean.text or "").strip() == "true"
    variables = frozenset(found.attrib["name"] for found in document.iter(f"{_SRX}variable"))
    rows = (
        row({binding.attrib["name"]: _xml_term(binding[0]) for binding in found.iter(f"{_SRX}binding")})
        for found in document.iter(f"{_SRX}result")
    )
    return Solutions(variables, tuple(rows))


def _xml_term(element: ET.Element) -> Term:
    text = element.text or ""
    match element.tag.removeprefix(_SRX):
        case "uri":
            return ox.NamedNode(text.strip())
        case "bnode":
            return ox.BlankNode(text.strip())
        case "triple":
            return _triple(*(_xml_term(part[0]) for part in element))
        case _:
            datatype = element.get("datatype")
            return _literal(text, datatype, element.get(_XML_LANG), element.get(_DIRECTION))


def read_json(content: bytes) -> Result:
    """SPARQL 1.1 Query Results JSON Format."""
    document: dict[str, Any] = json.loads(content)
    if "boolean" in document:
        return bool(document["boolean"])
    rows = (
        row({name: _json_term(value) for name, value in binding.items()}) for binding in document["results"]["bindings"]
    )
    return Solutions(frozenset(document["head"]["vars"]), tuple(rows))


def _json_term(value: dict[str, Any]) -> Term:
    match value["type"]:
        case "uri":
            return ox.NamedNode(value["value"])
        case "bnode":
            return ox.BlankNode(value["value"])
        case "triple":
            inner = value["value"]
            return _triple(*(_json_term(inner[part]) for part in ("subject", "predicate", "object")))
        case _:
            return _literal(value["value"], value.get("datatype"), value.get("xml:lang"), value.get("its:dir"))


def read_tsv(content: bytes) -> Result:
    """SPARQL 1.1 Query Results TSV Format: a cell is a term as Turtle writes it."""
    header, *lines = content.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")
    names = [name.removeprefix("?") for name in header.split("\t")] if header else []
    rows = (
        row({n: _turtle_term(c) for n, c in zip(names or [""], line.split("\t"), strict=True) if c}) for line in lines
    )
    return Solutions(frozenset(names), tuple(rows))


def _turtle_term(cell: str) -> Term:
    term: Term = next(ox.parse(f"<urn:s> <urn:p> {cell} .", ox.RdfFormat.TURTLE)).object
    return term


def read_csv(content: bytes) -> Result:
    """SPARQL 1.1 Query Results CSV Format: cells have no types; an empty one may be unbound or an empty string."""
    header, *lines = csv.reader(StringIO(content.decode(), newline=""), strict=True)
    rows = (row({n: _csv_term(cell) for n, cell in zip(header, cells or [""], strict=True) if cell}) for cells in lines)
    return Solutions(frozenset(header), tuple(rows))


def _csv_term(cell: str) -> Term:
    return ox.BlankNode(cell.removeprefix("_:")) if cell.startswith("_:") else ox.Literal(cell)


READERS: Final[dict[str, Callable[[bytes], Result]]] = {
    ".srx": read_xml,
    ".srj": read_json,
    ".csv": read_csv,
    ".tsv": read_tsv,
}


def _read_graph_or_set(quads: Iterable[ox.Quad]) -> Result:
    """A graph, or what it says in the result set vocabulary."""
    graph = frozenset(quads)
    kind = ox.NamedNode(RDF + "type")
    if not any(quad.predicate == kind and quad.object == ox.NamedNode(_RS + "ResultSet") for quad in graph):
        return graph
    found = {quad.object for quad in graph if quad.predicate.value == _RS + "boolean"}
    if found:
        return any(isinstance(value, ox.Literal) and value.value == "true" for value in found)
    return _read_result_set(graph)


def _read_result_set(graph: Quads) -> Solutions:
    objects: dict[str, dict[Term, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for quad in graph:
        objects[quad.predicate.value.removeprefix(_RS)][quad.subject].append(quad.object)

    def text(subject: Term, name: str) -> str:
        (found,) = objects[name][subject]
        return found.value if isinstance(found, ox.Literal) else str(found)

    (sets,) = objects["resultVariable"].values() or [[]]
    nodes = [node for found in objects["solution"].values() for node in found]
    is_ordered = bool(objects["index"])
    if is_ordered:
        nodes.sort(key=lambda node: int(text(node, "index")))
    rows = tuple(row({text(b, "variable"): objects["value"][b][0] for b in objects["binding"][node]}) for node in nodes)
    variables = frozenset(name.value for name in sets if isinstance(name, ox.Literal))
    return Solutions(variables, rows, is_ordered)


def _literal(text: str, datatype: str | None, language: str | None, direction: str | None) -> ox.Literal:
    if language:
        base = ox.BaseDirection(direction) if direction else None
        return ox.Literal(text, language=language, direction=base)
    return ox.Literal(text, datatype=ox.NamedNode(datatype)) if datatype else ox.Literal(text)


def _triple(subject: Term, predicate: Term, object_: Term) -> ox.Triple:
    return ox.Triple(subject, predicate, object_)  # type: ignore[arg-type]
