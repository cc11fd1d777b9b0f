"""Binding (level 2): a stored query's `$name` tokens become RDF terms, printed by the engine's own terms.

No value is ever pasted as text: what stands in the query after binding is one IRI or one literal for each token.
`?name` and `$name` are one variable to the engine, so a parameter may be written as `$name` only.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pyoxigraph as ox

from kg.rest.stored_query import Parameter, StoredQuery
from kg.sparql.tokens import TOKEN

Term = ox.NamedNode | ox.Literal

WITH_SOURCES: Final = "sources"  # $sources is true when the passages are asked for; bound by the binder itself
_UNDEF: Final = "UNDEF"  # a parameter without a value; only a VALUES block takes it (SPARQL 1.1, section 10.2)


def bind(stored: StoredQuery, values: Mapping[str, Term], *, with_sources: bool = False) -> str:
    """The text of `stored` with every parameter replaced by its value; one without a value becomes UNDEF.

    The line of everything stays the same, since a printed term has no line break.
    """
    return bind_parameters(stored.text, stored.parameters, values, with_sources=with_sources)


def bind_parameters(
    text: str, parameters: Iterable[Parameter], values: Mapping[str, Term], *, with_sources: bool = False
) -> str:
    """As `bind`, for the text of a query that is not read in full yet."""
    terms = {parameter.name: str(values.get(parameter.name, _UNDEF)) for parameter in parameters}
    return bind_text(text, {**terms, WITH_SOURCES: "true" if with_sources else "false"})


def bind_text(text: str, printed: Mapping[str, str]) -> str:
    """`text` with each token `$name` replaced by `printed[name]`; other tokens stay as they are."""

    def replaced(match: re.Match[str]) -> str:
        token = match[0]
        return printed.get(token[1:], token) if match.lastgroup == "variable" and token[0] == "$" else token

    return TOKEN.sub(replaced, text)


def variables(text: str) -> Iterator[tuple[str, int]]:
    """The variables of `text` as written, `?x` or `$x`, each with the line, from 1, on which it stands."""
    return _tokens(text, "variable")


def doubtful_iris(text: str) -> Iterator[tuple[str, int]]:
    """What may be an IRI or two comparisons, as in `?a<$x&&?b>3`, with its line; a space after `<` decides it."""
    return ((token, line) for token, line in _tokens(text, "iri") if "$" in token or "?" in token)


def _tokens(text: str, kind: str) -> Iterator[tuple[str, int]]:
    for match in TOKEN.finditer(text):
        if match.lastgroup == kind:
            yield match[0], text.count("\n", 0, match.start()) + 1
