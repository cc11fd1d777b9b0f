"""Triples as a reader sees them (level 3): labels, links and footnotes, for the templates; nothing here is HTML."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

import pyoxigraph as ox

from kg.namespaces import DCTERMS, KG, RDF, RDFS, SKOS, XSD, shorten
from kg.web.links import Links

Subject = ox.NamedNode | ox.BlankNode
Object = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Properties = Mapping[ox.NamedNode, list[Object]]

LABELS: Final = (RDFS + "label", SKOS + "prefLabel", DCTERMS + "title")
# What a reader looks for first stands first; the rest follows by its label.
_FIRST: Final = (RDF + "type", *LABELS, SKOS + "altLabel", SKOS + "definition", KG + "kind")
_PLAIN_TYPES: Final = (XSD + "string", RDF + "langString")


@dataclass(frozen=True, slots=True)
class Value:
    """One thing to show: its text, where it leads (None: nowhere), its language, and the passages that it rests on."""

    text: str
    href: str | None = None
    language: str = ""
    notes: tuple["Value", ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A property with all its values for one subject."""

    name: Value
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A subject with its facts; `anchor` is its name within the page."""

    heading: Value
    anchor: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What is known of one thing: its own facts, what it is a part of or named by, and the claims that involve it."""

    heading: Value
    iri: str
    facts: tuple[Fact, ...]
    mentions: tuple[Fact, ...]
    claims: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Terms of one kind, as all classes."""

    heading: Value
    entries: tuple[Entry, ...]


class Facts:
    """The triples of one answer, read for people; labels are taken from the triples themselves."""

    def __init__(self, triples: Iterable[ox.Triple], links: Links) -> None:
        self._links = links
        subjects: dict[Subject, dict[ox.NamedNode, list[Object]]] = defaultdict(lambda: defaultdict(list))
        for triple in triples:
            if isinstance(triple.subject, ox.NamedNode | ox.BlankNode):
                subjects[triple.subject][triple.predicate].append(triple.object)
        self._subjects: Mapping[Subject, Properties] = {node: dict(found) for node, found in subjects.items()}
        self._cited = _cited_passages(self._subjects.values())

    def document(self, iri: ox.NamedNode) -> Document:
        """Everything about `iri`."""
        mentions: dict[ox.NamedNode, list[Object]] = defaultdict(list)
        claims: list[Entry] = []
        for subject, properties in self._subjects.items():
            if subject == iri or not isinstance(subject, ox.NamedNode):
                continue
            told = {name: values for name, values in properties.items() if name.value not in LABELS}
            if sum(map(len, told.values())) == 1 and iri in next(iter(told.values())):
                mentions[next(iter(told))].append(subject)
            elif told:
                claims.append(self._entry(subject))
        return Document(
            heading=self._value(iri),
            iri=iri.value,
            facts=self._facts(iri),
            mentions=tuple(self._fact(name, values, None) for name, values in mentions.items()),
            claims=tuple(sorted(claims, key=lambda entry: entry.anchor)),
        )

    def sections(self) -> tuple[Section, ...]:
        """All named subjects by their first type; types and entries in the order of their labels."""
        by_type: dict[Value, list[Entry]] = defaultdict(list)
        for subject, properties in self._subjects.items():
            types = properties.get(ox.NamedNode(RDF + "type"))
            if types and isinstance(subject, ox.NamedNode):
                by_type[self._value(types[0])].append(self._entry(subject))
        return tuple(
            Section(heading, tuple(sorted(entries, key=lambda entry: entry.heading.text.casefold())))
            for heading, entries in sorted(by_type.items(), key=lambda pair: pair[0].text)
        )

    def _entry(self, subject: ox.NamedNode) -> Entry:
        return Entry(self._value(subject), local_name(subject.value), self._facts(subject))

    def _facts(self, subject: ox.NamedNode) -> tuple[Fact, ...]:
        properties = self._subjects.get(subject, {})
        facts = [(name.value, self._fact(name, values, subject)) for name, values in properties.items()]
        facts.sort(key=lambda pair: (_place(pair[0]), pair[1].name.text))
        return tuple(fact for _, fact in facts)

    def _fact(self, name: ox.NamedNode, values: Iterable[Object], subject: ox.NamedNode | None) -> Fact:
        shown = [self._value(value, self._notes(subject, name, value)) for value in values]
        return Fact(self._value(name), tuple(sorted(shown, key=lambda value: (value.text.casefold(), value.language))))

    def _notes(self, subject: ox.NamedNode | None, name: ox.NamedNode, value: Object) -> tuple[Value, ...]:
        """The passages that the statements behind this very triple cite."""
        if subject is None:
            return ()
        cited = {self._value(cite) for cite in self._cited.get((subject, name, value), ())}
        return tuple(sorted(cited, key=lambda note: note.text))

    def _value(self, term: Object, notes: tuple[Value, ...] = ()) -> Value:
        match term:
            case ox.NamedNode():
                text, language = self._label(term)
                return Value(text, self._links.href(term.value), language, notes)
            case ox.Literal():
                plain = term.datatype.value in _PLAIN_TYPES or term.datatype.value.startswith(XSD)
                text = term.value if plain else f"{term.value} ({shorten(term.datatype.value)})"
                return Value(text, language=term.language or "", notes=notes)
            case ox.BlankNode():
                return Value("(unnamed)", notes=notes)
            case _:
                return Value(str(term), notes=notes)

    def _label(self, node: ox.NamedNode) -> tuple[str, str]:
        """The label of `node` and its language: English, else without language, else the first; else a short name."""
        properties = self._subjects.get(node, {})
        labels = [label for key in LABELS for label in properties.get(ox.NamedNode(key), ())]
        literals = [label for label in labels if isinstance(label, ox.Literal)]
        if not literals:
            return shorten(node.value), ""
        chosen = min(literals, key=lambda label: (label.language != "en", label.language is not None, label.value))
        return chosen.value, chosen.language or ""


def _cited_passages(subjects: Iterable[Properties]) -> Mapping[tuple[Object, Object, Object], list[Object]]:
    """For each triple that a statement states (about, predicate, value) what that statement cites."""
    about, predicate, value, cite = (ox.NamedNode(KG + name) for name in ("about", "predicate", "value", "cite"))
    cited: dict[tuple[Object, Object, Object], list[Object]] = defaultdict(list)
    for properties in subjects:
        for stated in product(*(properties.get(key, ()) for key in (about, predicate, value))):
            subject, name, object_ = stated
            cited[subject, name, object_] += properties.get(cite, ())
    return cited


def local_name(iri: str) -> str:
    """What follows the last # or / of `iri`."""
    return iri.rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def _place(iri: str) -> int:
    return _FIRST.index(iri) if iri in _FIRST else len(_FIRST)
