"""The format of an answer (level 2): by the header Accept, or by a name that the client gave.

The query's form has decided the family before; `offered` is that family, so a mixed header cannot pick a wrong pair.
Parsing is python-mimeparse; why that one, is in docs/decisions/0101-negotiation.md.
Source: RFC 9110, section 12.5.1.
"""

from collections.abc import Sequence
from typing import Final

from mimeparse import MimeTypeParseException, parse_media_range, quality_and_fitness_parsed

from kg.errors import NotAcceptable
from kg.formats import Format

MAX_ACCEPT: Final = 8192  # characters that are read; the longest header of a real client has some 500

_MediaRange = tuple[str, str, dict[str, str]]


def negotiate(accept: str | None, offered: Sequence[Format]) -> Format:
    """Choose the offered format that the client likes best.

    Order of preference: quality, then how specific the range is, then our own order. Wildcards match a format's own
    media type, never an alias. No header, or one from which nothing can be read, means anything.

    Raises:
        NotAcceptable: no offered format matches; lists what is offered.
    """
    ranges = _read_ranges(accept or "")
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda format_: _rank(format_, ranges))
    if _rank(best, ranges)[0] == 0:
        raise NotAcceptable((accept or "")[:200], tuple(format_.media_type for format_ in offered))
    return best


def by_name(name: str, offered: Sequence[Format]) -> Format:
    """The first offered format that has `name` as its name, extension, media type or alias, in any case.

    Raises:
        NotAcceptable: no offered format is called so; lists the names of what is offered.
    """
    wanted = name.strip().lower()
    for format_ in offered:
        if wanted in names_of(format_):
            return format_
    raise NotAcceptable(name[:200], tuple(format_.name for format_ in offered))


def names_of(format_: Format) -> frozenset[str]:
    """Everything that `format=` may call `format_`."""
    return frozenset((format_.name, format_.extension, format_.media_type, *format_.aliases))


def _read_ranges(accept: str) -> list[_MediaRange]:
    """The media ranges of `accept` that can be read; the others are as if they were not there."""
    ranges: list[_MediaRange] = []
    text = accept.lower()
    if len(text) > MAX_ACCEPT:
        text = text[:MAX_ACCEPT].rpartition(",")[0]
    for part in text.split(","):
        try:
            ranges.append(parse_media_range(part.strip()))
        except MimeTypeParseException:
            continue  # a broken range says nothing about the others
    return ranges


def _rank(format_: Format, ranges: list[_MediaRange]) -> tuple[float, float]:
    """Quality and specificity of `format_`; 0 and -1 if nothing matches."""
    exact = [range_ for range_ in ranges if "*" not in range_[:2]]
    aliases = [alias for alias in format_.aliases if "/" in alias]
    ranks = [quality_and_fitness_parsed(format_.media_type, ranges)]
    ranks += [quality_and_fitness_parsed(alias, exact) for alias in aliases]
    return max((float(quality), float(fitness)) for quality, fitness in ranks)
