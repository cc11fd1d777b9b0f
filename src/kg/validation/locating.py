"""Locating (level 2): on which line of a Turtle file the block of a subject begins.

No RDF parser tells where a triple stood. A small lexer finds where blocks begin; what their subjects are (prefixes,
escapes, base) is then left to the engine's own parser, which reads a skeleton of the file: its directives, and of each
block the subject and the number of its line.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pyoxigraph as ox

# The terminals of RDF 1.1 Turtle, section 6.5, and the brackets of RDF 1.2.
_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHARS = _BASE + r"_\-0-9\u00b7\u0300-\u036f\u203f-\u2040"
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_UCHAR = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_PREFIX = rf"(?:[{_BASE}](?:[{_CHARS}.]*[{_CHARS}])?)?"
_LOCAL = rf"(?:(?:[{_BASE}_:0-9]|{_ESCAPED})(?:(?:[{_CHARS}.:]|{_ESCAPED})*(?:[{_CHARS}:]|{_ESCAPED}))?)?"
_LONG_STRING = r'"""(?:"{0,2}(?:[^"\\]|\\.))*"""' + r"|'''(?:'{0,2}(?:[^'\\]|\\.))*'''"
_STRING = r'"(?:[^"\\\r\n]|\\.)*"' + r"|'(?:[^'\\\r\n]|\\.)*'"
_TOKEN = re.compile(
    "|".join(
        (
            r"(?P<blank>[ \t\r\n]+|#[^\r\n]*)",
            rf"(?P<string>{_LONG_STRING}|{_STRING})",
            r"(?P<open>\[|<<\(?|\(|\{\|)",
            r"(?P<close>\]|\)?>>|\)|\|\})",
            rf'(?P<iri><(?:[^\x00-\x20<>"{{}}|^`\\]|{_UCHAR})*>)',
            rf"(?P<label>_:[{_BASE}_0-9](?:[{_CHARS}.]*[{_CHARS}])?)",
            rf"(?P<name>{_PREFIX}:{_LOCAL})",
            r"(?P<directive>@(?:prefix|base|version)(?![A-Za-z0-9-]))",
            r"(?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[A-Za-z]+)?)",
            r"(?P<number>[+-]?(?:[0-9]+\.[0-9]*|\.?[0-9]+)[eE][+-]?[0-9]+|[+-]?[0-9]*\.[0-9]+|[+-]?[0-9]+)",
            r"(?P<word>[A-Za-z]+)",
            r"(?P<dot>\.)",
            r"(?P<other>.)",
        )
    ),
    re.DOTALL,
)
_DIRECTIVE_LENGTHS = {"PREFIX": 2, "BASE": 1, "VERSION": 1}  # tokens after the SPARQL form, which no dot ends
_LINE = "<urn:x-kg:line>"


class Token(NamedTuple):
    """A terminal of Turtle: its kind (a group of the pattern above), text, and line counted from 1."""

    kind: str
    text: str
    line: int


def tokens(turtle: str) -> Iterator[Token]:
    """The terminals of a well-formed Turtle text, in order, without white space and comments."""
    line, seen = 1, 0
    for match in _TOKEN.finditer(turtle):
        if match.lastgroup != "blank":
            line += turtle.count("\n", seen, match.start())
            seen = match.start()
            yield Token(match.lastgroup or "other", match.group(), line)


def locate_subjects(turtle: str) -> dict[str, int]:
    """The line on which the first block of each subject begins, by the subject's IRI, in the order of the file.

    The text must be well-formed, its IRIs absolute or resolved by its own `@base`. Subjects without IRI are left out.
    """
    lines: dict[str, int] = {}
    for quad in ox.parse("\n".join(_skeleton(turtle)), ox.RdfFormat.TURTLE):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
            lines.setdefault(quad.subject.value, int(quad.object.value))
    return lines


def _skeleton(turtle: str) -> Iterator[str]:
    """Each directive as it is, and for each block with a named subject one triple that says its line."""
    stream = tokens(turtle)
    for token in stream:
        if token.kind == "directive":
            yield " ".join([token.text, *(t.text for t in _rest_of_block(stream, 0)), "."])
        elif token.kind == "word" and token.text.upper() in _DIRECTIVE_LENGTHS:
            length = _DIRECTIVE_LENGTHS[token.text.upper()]
            yield " ".join([token.text, *(next(stream).text for _ in range(length))])
        else:
            if token.kind in {"iri", "name"}:
                yield f"{token.text} {_LINE} {token.line} ."
            for _ in _rest_of_block(stream, int(token.kind == "open")):
                pass


def _rest_of_block(stream: Iterator[Token], depth: int) -> Iterator[Token]:
    """The tokens up to the dot that ends the block; `depth` counts the brackets that are open."""
    for token in stream:
        if token.kind == "dot" and not depth:
            return
        depth += (token.kind == "open") - (token.kind == "close")
        yield token
