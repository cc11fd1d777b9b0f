"""Every constraint of ontology/shapes.ttl fails for a fixture, and only names of SHACL core are used."""

from collections.abc import Mapping
from functools import cache

import pyoxigraph as ox
import pyshacl
import pytest
import yaml
from patching import FIXTURES, ONTOLOGY, patched, read_base, read_turtle
from rdflib import Graph, URIRef
from rdflib.namespace import SH
from rdflib.term import Node
from shape_walk import COMPONENTS, OTHER_TERMS, constraints, terms

from kg.namespaces import KG, RDFS, SHAPES
from kg.sources import read_source
from kg.validation.shacl import print_path, to_graph, validate

BROKEN: Mapping[str, Mapping[str, str]] = yaml.safe_load((FIXTURES / "broken_shapes.yaml").read_text(encoding="utf-8"))
CASES = [(shape, component) for shape, patches in BROKEN.items() for component in patches]

NUMBERS = {
    "kg:quantity 5": True,
    "kg:quantity 5 ; kg:qualifier voc:about": True,
    "kg:quantity 5 ; kg:qualifier voc:nearly": False,
    "kg:quantityMax 5 ; kg:qualifier voc:nearly": True,
    "kg:quantityMax 5": False,
    "kg:quantityMax 5 ; kg:qualifier voc:over": False,
    "kg:quantityMin 5 ; kg:qualifier voc:over": True,
    "kg:quantityMin 5 ; kg:qualifier voc:nearly": False,
    "kg:quantityMin 5 ; kg:quantityMax 6 ; kg:qualifier voc:between": True,
    "kg:quantityMin 5 ; kg:qualifier voc:between": False,
    "kg:quantity 5 ; kg:quantityMin 5 ; kg:qualifier voc:over": False,
}


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return to_graph(read_source(ONTOLOGY / "shapes.ttl").triples)


@pytest.fixture(scope="module")
def base() -> frozenset[ox.Triple]:
    """The small world, and of the ontology the class tree, which is all that shapes need; this halves the time."""
    tree = ox.NamedNode(RDFS + "subClassOf")
    return frozenset(t for t in read_base() if t.predicate == tree or not str(t.subject).startswith(f"<{KG}"))


def alone(shapes: Graph, shape: URIRef) -> Graph:
    """The shapes graph with no targets but those of `shape`, or of the shape whose property shape it is."""
    return _targets_of(shapes, shapes.value(None, SH.property, shape) or shape)


@cache
def _targets_of(shapes: Graph, owner: Node) -> Graph:
    graph = Graph()
    for s, p, o in shapes:
        if s == owner or p not in {SH.targetClass, SH.targetSubjectsOf}:
            graph.add((s, p, o))
    return graph


def results(data: Graph, shapes: Graph) -> set[tuple[str, str, str]]:
    """Source shape, constraint component and result path of each validation result."""
    report = validate(data, shapes)
    found = set()
    for result in report.objects(None, SH.result):
        shape, component = (str(report.value(result, p)) for p in (SH.sourceShape, SH.sourceConstraintComponent))
        path = report.value(result, SH.resultPath)
        component = component.removeprefix(str(SH)).removesuffix("ConstraintComponent")
        found.add((shape.removeprefix(SHAPES), component, print_path(report, path) if path is not None else ""))
    return found


def test_the_small_world_conforms(base: frozenset[ox.Triple], shapes: Graph) -> None:
    assert results(to_graph(base), shapes) == set()


def test_every_constraint_has_a_fixture(shapes: Graph) -> None:
    expected = {(str(shape).removeprefix(SHAPES), component) for shape, component in constraints(shapes)}

    assert set(CASES) == expected


@pytest.mark.parametrize(("shape", "component"), CASES)
def test_a_broken_constraint_is_found(shape: str, component: str, base: frozenset[ox.Triple], shapes: Graph) -> None:
    node = URIRef(SHAPES + shape)
    path = shapes.value(node, SH.path)

    found = results(to_graph(patched(base, BROKEN[shape][component])), alone(shapes, node))

    assert (shape, component, print_path(shapes, path) if path is not None else "") in found


@pytest.mark.parametrize(("number", "is_right"), NUMBERS.items())
def test_number_and_qualifier_must_fit(number: str, is_right: bool, base: frozenset[ox.Triple], shapes: Graph) -> None:
    claim = read_turtle(f"st:flow-oil kg:unit voc:tonne ; {number} .")
    data = {t for t in base if not (t.subject == claim[0].subject and "quantity" in t.predicate.value)}

    found = results(to_graph(data | set(claim)), alone(shapes, URIRef(SHAPES + "QuantityForm")))

    assert (("QuantityForm", "Or", "") not in found) is is_right


def test_shapes_use_terms_that_the_walk_knows(shapes: Graph) -> None:
    """A misspelt parameter would be no constraint at all, in silence."""
    assert terms(shapes) <= COMPONENTS.keys() | OTHER_TERMS


def test_every_shape_that_is_named_is_there(shapes: Graph) -> None:
    """The engine takes no offence at `sh:node` with a shape that does not exist."""
    named = {shape for p in (SH.node, SH.property) for shape in shapes.objects(None, p)}

    assert named <= set(shapes.subjects())


def test_the_shapes_graph_is_well_formed(shapes: Graph) -> None:
    """By the shapes for shapes (SHACL, appendix C)."""
    conforms, _, text = pyshacl.validate(Graph(), shacl_graph=shapes, meta_shacl=True)

    assert conforms, text


def test_every_shape_with_constraints_says_what_to_do(shapes: Graph) -> None:
    named = {shape for shape, _ in constraints(shapes)}

    assert {shape for shape in named if shapes.value(shape, SH.message) is None} == set()
