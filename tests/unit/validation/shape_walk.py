"""What a shapes graph can find: each shape that results can name, with each of its constraint components."""

from collections.abc import Iterator

from rdflib import Graph, URIRef
from rdflib.namespace import SH

# SHACL core, section 4: the parameter of each constraint component that our shapes may use.
COMPONENTS = {
    SH["class"]: "Class",
    SH.datatype: "Datatype",
    SH.disjoint: "Disjoint",
    SH.hasValue: "HasValue",
    SH["in"]: "In",
    SH.languageIn: "LanguageIn",
    SH.lessThan: "LessThan",
    SH.lessThanOrEquals: "LessThanOrEquals",
    SH.maxCount: "MaxCount",
    SH.maxInclusive: "MaxInclusive",
    SH.minCount: "MinCount",
    SH.minExclusive: "MinExclusive",
    SH.minInclusive: "MinInclusive",
    SH.node: "Node",
    SH.nodeKind: "NodeKind",
    SH["not"]: "Not",
    SH["or"]: "Or",
    SH.pattern: "Pattern",
    SH.qualifiedMinCount: "QualifiedMinCount",
    SH.uniqueLang: "UniqueLang",
    SH.xone: "Xone",
}
OTHER_TERMS = {
    SH.alternativePath,
    SH.inversePath,
    SH.message,
    SH.path,
    SH.property,
    SH.qualifiedValueShape,
    SH.targetClass,
    SH.targetSubjectsOf,
}


def constraints(shapes: Graph) -> Iterator[tuple[URIRef, str]]:
    """Each shape with a target, and each of its property shapes, with each of its constraint components."""
    targets = {s for p in (SH.targetClass, SH.targetSubjectsOf) for s in shapes.subjects(p)}
    for shape in sorted(targets | {p for s in targets for p in shapes.objects(s, SH.property)}, key=str):
        assert isinstance(shape, URIRef), f"a shape without a name: {list(shapes.predicate_objects(shape))}"
        parameters = {URIRef(str(p)) for p in shapes.predicates(shape)}
        for parameter in sorted(parameters & COMPONENTS.keys()):
            yield shape, COMPONENTS[parameter]


def terms(shapes: Graph) -> set[URIRef]:
    """The terms of SHACL that the shapes graph uses as predicates."""
    return {URIRef(str(p)) for p in shapes.predicates() if str(p).startswith(str(SH))}
