"""Make ontology/core.html and docs/model.svg from ontology/core.ttl: `python docs/ontology_page.py`.

pyLODE (of the extra `test`) writes the documentation. What it writes is then put in order for a page that loads nothing
from elsewhere and runs no script: anchors are the names of terms, labels have their languages, the style is our own.
"""

import argparse
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

from diagram import draw
from pylode.profiles.ontpub import OntPub
from pylode.rdf_elements import CLASS_PROPS, PROP_PROPS
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS

ROOT = Path(__file__).parents[1]
FRAME = ROOT / "docs" / "ontology_page.html"
ELSEWHERE = "https://w3id.org/rapallo/"  # not registered yet: a link there would lead nowhere
KEPT = Namespace("urn:kept:")  # labels, until pyLODE has chosen its headings


def main() -> None:
    """Write both files."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ontology", type=Path, default=ROOT / "ontology" / "core.ttl")
    arguments.add_argument("--page", type=Path, default=ROOT / "ontology" / "core.html")
    arguments.add_argument("--diagram", type=Path, default=ROOT / "docs" / "model.svg")
    chosen = arguments.parse_args()
    ontology = Graph(bind_namespaces="core").parse(chosen.ontology)
    page = make_page(ontology)  # both are made before the first is written
    chosen.diagram.write_text(draw(ontology), encoding="utf-8")
    chosen.page.write_text(page, encoding="utf-8")


def make_page(ontology: Graph) -> str:
    """The page about `ontology`: the same text for the same ontology."""
    header = next(ontology.subjects(RDF.type, OWL.Ontology))
    terms = sorted(ontology.subjects(RDFS.isDefinedBy, header), key=lambda term: str(term).casefold())
    body = ET.fromstring(_document(ontology, header, terms))  # noqa: S314 - what pyLODE has just written
    content, contents = _by_id(body, "content"), _by_id(body, "toc")
    _set_language(content, ontology)
    _mend(content)
    heading = _by_id(content, "metadata")[0]
    heading.text = next(str(o) for o in ontology.objects(header, DCTERMS.title) if _language(o) == "en")
    for item in contents.iter():
        item.tag = {"h3": "h2", "h4": "strong"}.get(item.tag, item.tag)
    places = {
        "TITLE": heading.text,
        "CONTENTS": _html(list(contents)),
        "METADATA": _html([_by_id(content, "metadata")]),
        "DIAGRAM": draw(ontology, with_links=True),
        "SECTIONS": _html([part for part in content if part.get("id") not in ("metadata", "legend")]),
        "VERSION": version("pylode"),
    }
    page = FRAME.read_text(encoding="utf-8")
    for name, text in places.items():
        page = page.replace(f"[[{name}]]", text)
    return page


def _document(ontology: Graph, header: object, terms: Iterable[object]) -> str:
    """The body that pyLODE writes about the header and the terms, in which the name of a term is its anchor."""
    graph = Graph(bind_namespaces="core")
    for prefix, namespace in ontology.namespaces():
        graph.bind(prefix, namespace)
    for subject in (header, *terms):
        for predicate, value in sorted(ontology.predicate_objects(URIRef(str(subject)))):
            if predicate != RDFS.isDefinedBy:
                graph.add((URIRef(str(subject)), KEPT.label if predicate == RDFS.label else predicate, value))
    for term in terms:
        graph.add((URIRef(str(term)), DCTERMS.title, Literal(_name(term))))
    for properties in (CLASS_PROPS, PROP_PROPS):
        if RDFS.label not in properties:
            properties.insert(0, RDFS.label)
    page = OntPub(ontology=graph)
    for term, label in list(graph.subject_objects(KEPT.label)):
        graph.add((term, RDFS.label, label))
    html: str = page.make_html()
    return html[html.index("<body>") : html.index("</html>")]


def _set_language(content: ET.Element, ontology: Graph) -> None:
    """Give each German label its language, by which a browser reads it aloud, and say it."""
    german = {str(o) for p in (RDFS.label, DCTERMS.title) for o in ontology.objects(None, p) if _language(o) == "de"}
    for row in content.iter():
        if _first_link(row).endswith(("rdf-schema#label", "dc/terms/title")):
            for words in (p for p in row.iter("p") if p.text in german):
                words.set("lang", "de")
                words.tail = " (de)"


def _first_link(row: ET.Element) -> str:
    """Where the head of a row of a table or list leads."""
    link = row.find("./th/a") if row.tag == "tr" else row.find("./dt/a")
    return "" if link is None else str(link.get("href"))


def _mend(content: ET.Element) -> None:
    """Take away what pyLODE does not know ("None") and links to addresses that nobody answers at."""
    for link in list(content.iter("a")):
        address = link.get("href", "")
        if link.get("class") == "hover_property":
            told = link.get("title", "None")
            link.tag, link.attrib = "span", {} if told.startswith("None") else {"title": told}
            link.text = "Label" if link.text == "None" else link.text
        elif address.startswith(ELSEWHERE):
            link.tag, link.attrib = "code", {}


def _by_id(element: ET.Element, identifier: str) -> ET.Element:
    return next(part for part in element.iter() if part.get("id") == identifier)


def _html(elements: Iterable[ET.Element]) -> str:
    return "".join(ET.tostring(element, encoding="unicode", method="html") for element in elements)


def _name(term: object) -> str:
    return str(term).rsplit("#", 1)[-1]


def _language(term: object) -> str | None:
    return term.language if isinstance(term, Literal) else None


if __name__ == "__main__":
    main()
