"""Booleans as the engine reads them (level 2): it knows `true` and `false` only, the recommendation any case of both.

Source: SPARQL 1.1 Query Language, section 19.8, note 1: keywords are matched without case, but for `a`.
"""

import re
from typing import Final

from kg.sparql.tokens import TOKEN

_BOOLEANS: Final = ("true", "false")
_IN_ANY_CASE: Final = re.compile(r"true|false", re.IGNORECASE | re.ASCII)


def with_small_booleans(text: str) -> str:
    """`text`, which the guard let pass, with TRUE and False in small letters; nothing moves, so that places stay.

    Names, variables, strings, IRIs and comments keep theirs. From where no token is found the text stays as it is.
    """
    if all(found in _BOOLEANS for found in _IN_ANY_CASE.findall(text)):
        return text
    pieces: list[str] = []
    position = taken = 0
    while match := TOKEN.match(text, position):
        position = match.end()
        if match.lastgroup == "name" and ":" not in match[0]:
            pieces += (text[taken : match.start()], _small(match[0]))
            taken = position
    return "".join((*pieces, text[taken:]))


def _small(words: str) -> str:
    """Bare words, between which full stops may stand: the engine's tokens hold them."""
    return ".".join(word.lower() if word.lower() in _BOOLEANS else word for word in words.split("."))
