"""Literals (level 2): every literal of the files has the store's own form.

The store keeps numbers, dates and language tags by value, so that `01` comes back as `1` and `@ru-Latn` as `@ru-latn`.
Where the files have that form, going from files to store and back changes nothing.
"""

from collections.abc import Iterator

import pyoxigraph as ox

from kg.namespaces import XSD, shorten
from kg.sources import Source
from kg.validation.corpus import Corpus
from kg.validation.findings import Finding
from kg.validation.locating import tokens

# Datatypes that the engine knows by value: it has a cast for each, which gives nothing where the text is no such value.
KNOWN = tuple(
    XSD + name
    for name in (
        "boolean",
        "integer",
        "decimal",
        "float",
        "double",
        "date",
        "dateTime",
        "time",
        "gYear",
        "gYearMonth",
        "gMonthDay",
        "gMonth",
        "gDay",
        "duration",
        "dayTimeDuration",
        "yearMonthDuration",
    )
)
_PLAIN = {XSD + "boolean", XSD + "integer", XSD + "decimal"}  # written in Turtle without quotes


def check_literals(corpus: Corpus) -> Iterator[Finding]:
    """A finding for each literal that the store would change, and for each whose text is no value of its datatype."""
    changed = _changed(corpus.sources)
    for source in corpus.sources:
        for triple in source.triples:
            if isinstance(triple.object, ox.Literal) and triple.object in changed:
                subject = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else ""
                line = corpus.line_of(source.path, subject)
                yield Finding(
                    source.path, line, subject, triple.predicate.value, "literals", _advice(changed, triple.object)
                )
        yield from _language_tags(source)


def _changed(sources: tuple[Source, ...]) -> dict[ox.Literal, ox.Literal | None]:
    """What the store makes of each literal that it changes; None if the text is no value of the datatype."""
    literals = {t.object for s in sources for t in s.triples if isinstance(t.object, ox.Literal)}
    typed = [literal for literal in literals if literal.datatype.value in KNOWN]
    values, store = ox.NamedNode("urn:x-kg:value"), ox.Store()
    nodes = {ox.NamedNode(f"urn:x-kg:{number}"): literal for number, literal in enumerate(typed)}
    store.extend(ox.Quad(node, values, literal) for node, literal in nodes.items())
    kept = {nodes[quad.subject]: quad.object for quad in store if isinstance(quad.subject, ox.NamedNode)}
    changed: dict[ox.Literal, ox.Literal | None] = {
        literal: form for literal, form in kept.items() if isinstance(form, ox.Literal) and form != literal
    }
    for datatype in sorted({literal.datatype.value for literal in typed}):
        query = f"SELECT ?node {{ ?node <{values.value}> ?v FILTER(DATATYPE(?v) = <{datatype}> && !BOUND(?c))"
        query += f" BIND(<{datatype}>(STR(?v)) AS ?c) }}"
        solutions = store.query(query)
        if isinstance(solutions, ox.QuerySolutions):
            changed |= {nodes[row["node"]]: None for row in solutions if isinstance(row["node"], ox.NamedNode)}
    return changed


def _advice(changed: dict[ox.Literal, ox.Literal | None], literal: ox.Literal) -> str:
    form = changed[literal]
    if form is None:
        return f'"{literal.value}" is no {shorten(literal.datatype.value)}; write one, or another datatype'
    return f"the store would change {_written(literal)}; write {_written(form)}"


def _written(literal: ox.Literal) -> str:
    """The literal as it is written in Turtle, the datatype with its prefix."""
    if literal.datatype.value in _PLAIN:
        return literal.value
    return f'"{literal.value}"^^{shorten(literal.datatype.value)}'


def _language_tags(source: Source) -> Iterator[Finding]:
    """Language tags with capital letters, from the text, since the parser already lowers them."""
    for token in tokens(source.path.read_text(encoding="utf-8")):
        if token.kind == "language" and token.text != token.text.lower():
            message = f"the store would change the language tag {token.text}; write {token.text.lower()}"
            yield Finding(source.path, token.line, "", "", "literals", message)
