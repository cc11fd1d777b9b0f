"""The diagram of the model: the tree of classes, read from the ontology, beside the pattern of a claim.

`ontology_page.py` writes it to docs/model.svg and into the page about the ontology.
"""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS

WIDTH, TREE_TOP, ROW, INDENT, PATTERN_HEIGHT = 1000, 62, 20, 18, 690  # all lengths are in pixels of the drawing
STYLE = """
  .m-back { fill: #ffffff } .m-box { fill: #eef3fa; stroke: #41506b } .m-line { stroke: #41506b; fill: none }
  .m-tip { fill: #41506b } .m-text { fill: #1b1b1b; font: 13px system-ui, sans-serif }
  .m-head { font-weight: 600; font-size: 15px } .m-name { font-weight: 600 } .m-link { text-decoration: underline }
  @media (prefers-color-scheme: dark) {
    .m-back { fill: #16181c } .m-box { fill: #232a36; stroke: #9fb3d1 } .m-line { stroke: #9fb3d1 }
    .m-tip { fill: #9fb3d1 } .m-text { fill: #ececec }
  }
"""
TIP = """<defs><marker id="m-tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path class="m-tip" d="M0 0 8 4 0 8z"/></marker></defs>"""
# Boxes of the pattern: left, top, width, name, lines.
BOXES = (
    (290, 62, 180, "kg:MilitaryBase", ("id:lipetsk-base",)),
    (800, 62, 180, "kg:Organisation", ("id:reichswehr",)),
    (
        520,
        168,
        230,
        "kg:Statement",
        ("kg:predicate kg:operatedBy", "kg:rank · kg:certainty", "kg:modality · kg:negated"),
    ),
    (520, 320, 230, "kg:Passage", ("src:s1-18, shown as S1#18", "kg:paragraph · kg:textHash")),
    (850, 320, 130, "kg:Source", ("src:s1",)),
    (290, 448, 165, "kg:Participation", ("kg:agent", "kg:role", "kg:in")),
    (465, 448, 165, "kg:Flow", ("kg:commodity", "kg:from · kg:to", "kg:quantity · kg:unit")),
    (640, 448, 165, "kg:Observation", ("kg:indicator", "kg:measures", "kg:quantity · kg:unit")),
    (815, 448, 165, "kg:Judgement", ("kg:about · kg:affects", "kg:relation · kg:gloss", "kg:attributedTo")),
    (290, 596, 240, "kg:Disagreement", ("kg:kind · kg:gloss", "kg:outcome")),
    (750, 584, 230, "kg:Claim", ("one account",)),
    (750, 642, 230, "kg:Claim", ("another, which cannot also hold",)),
)
# Arrows of the pattern: from, to, label and where it stands.
ARROWS = (
    ((470, 78), (800, 78), "kg:operatedBy, the direct triple", (535, 70)),
    ((570, 168), (420, 108), "kg:about", (425, 146)),
    ((700, 168), (850, 108), "kg:value", (790, 146)),
    ((635, 250), (635, 320), "kg:cite", (645, 290)),
    ((750, 345), (850, 345), "kg:passageOf", (757, 338)),
    ((635, 420), (635, 386), "kg:cite", (645, 408)),
    ((530, 620), (750, 606), "kg:between", (590, 604)),
    ((530, 636), (750, 662), "", (0, 0)),
)
HEADINGS = (
    (20, 34, "Classes"),
    (290, 34, "A statement, and the triple that it stands behind"),
    (290, 436, "Claims by nature: they cite alike, and need no second node"),
    (290, 574, "A finding of the editors about claims"),
)


def draw(ontology: Graph, *, with_links: bool = False) -> str:
    """The diagram as SVG; with links, each class leads to its place in the page that holds the diagram."""
    classes = list(_tree(ontology))
    height = max(PATTERN_HEIGHT, TREE_TOP + ROW * len(classes) + 10)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-size="13"'
        + (">" if with_links else ' role="img" aria-label="Classes of the ontology and the pattern of a claim">'),
        f"<style>{STYLE}</style>",
        TIP,
        f'<rect class="m-back" width="{WIDTH}" height="{height}"/>',
        *(_text(x, y, words, "m-head") for x, y, words in HEADINGS),
        *_rows(classes, with_links=with_links),
        *(part for box in BOXES for part in _box(*box)),
        *(part for arrow in ARROWS for part in _arrow(*arrow)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _tree(ontology: Graph) -> Iterator[tuple[int, str]]:
    """Depth and local name of each class that the ontology defines, in the order of a tree."""
    classes = {c for c in ontology.subjects(RDF.type, OWL.Class) if (c, RDFS.isDefinedBy, None) in ontology}

    def below(parent: object, depth: int) -> Iterator[tuple[int, str]]:
        for name, child in sorted((str(c).rsplit("#", 1)[-1], c) for c in classes if _parent(ontology, c) == parent):
            yield depth, name
            yield from below(child, depth + 1)

    return below(None, 0)


def _parent(ontology: Graph, child: object) -> object:
    return next((o for o in ontology.objects(URIRef(str(child)), RDFS.subClassOf) if isinstance(o, URIRef)), None)


def _rows(classes: Iterable[tuple[int, str]], *, with_links: bool) -> Iterator[str]:
    """The lines of the tree, each class below its superclass with a hook that leads up to it."""
    for number, (depth, name) in enumerate(classes):
        x, y = 20 + depth * INDENT, TREE_TOP + number * ROW
        if depth:
            yield f'<path class="m-line" d="M{x - 12} {y - 17}V{y - 4}H{x - 3}"/>'
        text = _text(x, y, f"kg:{name}", "m-link" if with_links else "")
        yield f'<a href="#{name}">{text}</a>' if with_links else text


def _box(x: int, y: int, width: int, name: str, lines: tuple[str, ...]) -> Iterator[str]:
    yield f'<rect class="m-box" x="{x}" y="{y}" width="{width}" height="{28 + 18 * len(lines)}" rx="4"/>'
    yield _text(x + 10, y + 19, name, "m-name")
    for number, line in enumerate(lines):
        yield _text(x + 10, y + 37 + 18 * number, line)


def _arrow(start: tuple[int, int], end: tuple[int, int], label: str, place: tuple[int, int]) -> Iterator[str]:
    (x1, y1), (x2, y2) = start, end
    yield f'<path class="m-line" marker-end="url(#m-tip)" d="M{x1} {y1} {x2} {y2}"/>'
    if label:
        yield _text(*place, label)


def _text(x: int, y: int, words: str, more: str = "") -> str:
    return f'<text class="{" ".join(filter(None, ("m-text", more)))}" x="{x}" y="{y}">{escape(words)}</text>'
