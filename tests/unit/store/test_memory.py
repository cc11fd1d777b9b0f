import hashlib
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import DatasetError, ParseFailure
from kg.files import Dataset
from kg.namespaces import CATALOGUE_GRAPH, DCTERMS, RDF, SHAPES_GRAPH, VOID
from kg.sources import read_source, version_of
from kg.store.memory import load_dataset

SAMPLE = Dataset(Path(__file__).parents[2] / "sample")
WHOLE = ox.NamedNode(CATALOGUE_GRAPH + "#dataset")


def dataset_of(root: Path, **files: str) -> Dataset:
    for folder in ("ontology", "triples", "queries"):
        (root / folder).mkdir(parents=True)
    for name, content in files.items():
        (root / "triples" / f"{name}.ttl").write_text(content, encoding="utf-8")
    return Dataset(root)


def test_ontology_and_triples_are_the_default_graph_and_shapes_and_catalogue_are_named_ones() -> None:
    loaded = load_dataset(SAMPLE)

    graph_names = {str(quad.graph_name) for quad in loaded.store}
    assert graph_names == {"DEFAULT", f"<{SHAPES_GRAPH}>", f"<{CATALOGUE_GRAPH}>"}
    expected = {triple for path in SAMPLE.data for triple in read_source(path).triples}
    assert {quad.triple for quad in loaded.store.quads_for_pattern(None, None, None, ox.DefaultGraph())} == expected


def test_the_version_is_the_same_for_the_same_files_and_another_for_others(tmp_path: Path) -> None:
    first = load_dataset(dataset_of(tmp_path / "first", a="<urn:a> <urn:b> 1 ."))
    moved = load_dataset(dataset_of(tmp_path / "moved", a="<urn:a> <urn:b> 1 ."))
    edited = load_dataset(dataset_of(tmp_path / "edited", a="<urn:a> <urn:b> 2 ."))
    renamed = load_dataset(dataset_of(tmp_path / "renamed", b="<urn:a> <urn:b> 1 ."))

    assert first.version == moved.version
    assert len({first.version, edited.version, renamed.version}) == 3
    assert len(bytes.fromhex(first.version)) == 8


def test_the_version_does_not_depend_on_the_order_of_the_files() -> None:
    sources = [read_source(path) for path in SAMPLE.data]

    assert version_of(sources) == version_of(reversed(sources))


def test_blank_nodes_keep_their_labels_over_loads_and_are_not_shared_by_files(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, a="_:x <urn:b> [ <urn:c> 1 ] .", b="_:x <urn:b> 2 . _:x <urn:b> 3 .")

    first, second = (set(load_dataset(dataset).store) for _ in range(2))

    assert first == second
    subjects = [quad.subject for quad in first if quad.graph_name == ox.DefaultGraph()]
    assert len(subjects) == 4
    assert len(set(subjects)) == 3


def test_a_file_that_is_not_turtle_is_named_with_line_and_column(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, good="<urn:a> <urn:b> 1 .", wrong="<urn:a> <urn:b> 1 .\n<urn:a> no:prefix 2 .\n")

    with pytest.raises(ParseFailure, match=r"wrong\.ttl, line 2, column 9: The prefix no: has not been declared") as e:
        load_dataset(dataset)

    assert (e.value.path, e.value.line, e.value.column) == (tmp_path / "triples" / "wrong.ttl", 2, 9)


@pytest.mark.parametrize("content", [b'<urn:a> <urn:b> "\xff" .', b"<relative> <urn:b> 1 ."])
def test_a_file_in_another_encoding_or_with_relative_iris_is_not_taken(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ttl"
    path.write_bytes(content)

    with pytest.raises(ParseFailure) as caught:
        read_source(path)

    assert caught.value.line == 1


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.ttl: cannot be read: No such file"):
        read_source(tmp_path / "none.ttl")


def test_a_source_knows_its_prefixes_and_the_digest_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text("@prefix ex: <https://example.org/> .\nex:a ex:b 01 .\n")

    source = read_source(path)

    assert source.prefixes == {"ex": "https://example.org/"}
    assert source.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(source.triples[0].object) == '"01"^^<http://www.w3.org/2001/XMLSchema#integer>'


def test_loading_leaves_the_process_with_one_thread() -> None:
    """A child forked beside a thread of the engine may hang; the template depends on there being none."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from kg.files import Dataset; from kg.store.memory import load_dataset\n"
        "loaded = load_dataset(Dataset(Path(sys.argv[1]))); print(len(loaded.store), *os.listdir('/proc/self/task'))"
    )

    run = subprocess.run([sys.executable, "-c", script, str(SAMPLE.root)], capture_output=True, text=True, check=True)

    assert len(run.stdout.split()) == 2, "the number of triples and one thread"


def catalogue_of(dataset: Dataset) -> set[ox.Triple]:
    quads = load_dataset(dataset).store.quads_for_pattern(None, None, None, ox.NamedNode(CATALOGUE_GRAPH))
    return {quad.triple for quad in quads}


def text_of(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> str:
    assert isinstance(term, ox.NamedNode | ox.Literal)
    return term.value


def parts(triples: set[ox.Triple], name: str, count: str) -> dict[str, int]:
    """The number that each part of the dataset has, by the class or property that the part is of."""
    numbers = {t.subject: int(text_of(t.object)) for t in triples if t.predicate.value == VOID + count}
    return {text_of(t.object): numbers[t.subject] for t in triples if t.predicate.value == VOID + name}


def test_the_catalogue_counts_what_the_default_graph_holds() -> None:
    held = load_dataset(SAMPLE).store
    default = {quad.triple for quad in held.quads_for_pattern(None, None, None, ox.DefaultGraph())}
    types = {triple for triple in default if triple.predicate.value == RDF + "type"}
    catalogue = catalogue_of(SAMPLE)

    totals = {t.predicate.value.removeprefix(VOID): text_of(t.object) for t in catalogue if t.subject == WHOLE}
    assert totals["triples"] == str(len(default))
    assert totals["distinctSubjects"] == str(len({triple.subject for triple in default}))
    assert totals["distinctObjects"] == str(len({triple.object for triple in default}))
    assert totals["properties"] == str(len({triple.predicate for triple in default}))
    assert totals["classes"] == str(len({triple.object for triple in types}))
    assert parts(catalogue, "class", "entities") == {
        kind: sum(text_of(t.object) == kind for t in types) for kind in {text_of(t.object) for t in types}
    }
    assert parts(catalogue, "property", "triples") == {
        name: sum(triple.predicate.value == name for triple in default) for name in {t.predicate.value for t in default}
    }


def test_the_catalogue_has_the_title_of_the_header_that_imports_the_others(tmp_path: Path) -> None:
    header = (
        "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix dcterms: <http://purl.org/dc/terms/> ."
        '<urn:whole> a owl:Ontology ; dcterms:title "The whole"@en ; owl:imports <urn:part> .'
        '<urn:part> a owl:Ontology ; dcterms:title "A part"@en ; owl:imports <urn:smaller> .'
    )

    catalogue = catalogue_of(dataset_of(tmp_path, header=header))

    titles = {text_of(triple.object) for triple in catalogue if triple.predicate.value == DCTERMS + "title"}
    assert titles == {"The whole", "Catalogue"}


def test_the_catalogue_of_no_triples_is_one_of_none_and_no_node_is_blank(tmp_path: Path) -> None:
    empty = catalogue_of(dataset_of(tmp_path))

    assert ox.Literal(0) in {triple.object for triple in empty if triple.predicate.value == VOID + "triples"}
    assert not any(isinstance(term, ox.BlankNode) for triple in catalogue_of(SAMPLE) for term in triple)


def test_two_loads_answer_with_the_same_bytes() -> None:
    first, second = (load_dataset(SAMPLE).store for _ in range(2))

    for name in (ox.DefaultGraph(), ox.NamedNode(SHAPES_GRAPH), ox.NamedNode(CATALOGUE_GRAPH)):
        dumps = [store.dump(format=ox.RdfFormat.TURTLE, from_graph=name) for store in (first, second)]
        assert dumps[0] == dumps[1]


def test_shapes_without_a_triple_are_an_empty_graph_and_no_shapes_are_none(tmp_path: Path) -> None:
    without = dataset_of(tmp_path / "without")
    empty = dataset_of(tmp_path / "empty")
    empty.shapes.write_text("# none yet\n", encoding="utf-8")

    assert not load_dataset(without).store.contains_named_graph(ox.NamedNode(SHAPES_GRAPH))
    assert load_dataset(empty).store.contains_named_graph(ox.NamedNode(SHAPES_GRAPH))


def test_further_graphs_are_loaded_beside_the_files_and_named_by_the_version() -> None:
    further = b"<urn:a> <urn:b> <urn:c> <urn:made> .\n"

    plain, more, other = (load_dataset(SAMPLE, made) for made in (b"", further, further * 2))

    assert more.store.contains_named_graph(ox.NamedNode("urn:made"))
    assert len(more.store) == len(other.store)
    assert len({plain.version, more.version, other.version}) == 3
