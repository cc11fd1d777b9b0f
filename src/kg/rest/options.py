"""What a client may say on every route beside the query's own parameters (level 2): format, page, sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kg.errors import ParameterError
from kg.rest.objects import Keyed
from kg.rest.parameters import Pairs, single
from kg.rest.stored_query import StoredQuery

DEFAULT_LIMIT: Final = 100  # some 50 kB of JSON: one screen of patience
MAX_LIMIT: Final = 1000

FORMAT: Final = "format"
LIMIT: Final = "limit"
AFTER: Final = "after"
SOURCES: Final = "sources"
# What is reserved on every route, whether a route has it or not, so that a query never gets in the way later.
RESERVED: Final = (FORMAT, LIMIT, AFTER, SOURCES, "lang")

_FLAGS: Final[Mapping[str, bool]] = MappingProxyType({"true": True, "false": False})


@dataclass(frozen=True, slots=True)
class Options:
    """`format_name` is None where Accept decides; `after` is the id of the last object of the page before."""

    format_name: str | None
    limit: int
    after: str | None
    with_sources: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list of `total` objects; `next_after` continues it, None at its end."""

    items: Sequence[Keyed]
    total: int
    next_after: str | None


def offered(stored: StoredQuery) -> tuple[str, ...]:
    """The names of the options that the route of `stored` has."""
    paging = () if stored.one else (LIMIT, AFTER)
    return (FORMAT, *paging, *((SOURCES,) if stored.has_sources else ()))


def read_options(stored: StoredQuery, pairs: Pairs) -> Options:
    """The options in a query string.

    Raises:
        ParameterError: one has no acceptable value or is given twice, or a name is neither an option nor a parameter of
            the route.
    """
    own = tuple(parameter.name for parameter in stored.parameters if not parameter.is_in_path)
    known = (*own, *offered(stored))
    unknown = list(dict.fromkeys(name for name, _ in pairs if name not in known))
    if unknown:
        raise ParameterError(", ".join(unknown), f"is not known here; known are {', '.join(known)}")
    return Options(single(pairs, FORMAT), _limit(pairs), single(pairs, AFTER), _flag(pairs, SOURCES))


def page_of(objects: Sequence[Keyed], options: Options) -> Page:
    """The page that `options` ask for.

    Raises:
        ParameterError: `after` is no id of this list, so that nobody can say what follows it.
    """
    start = 0
    if options.after is not None:
        places = [place for place, item in enumerate(objects) if item.key == options.after]
        if not places:
            raise ParameterError(AFTER, "is not the id of an object of this list, or is no longer; begin without it")
        start = places[0] + 1
    items = objects[start : start + options.limit]
    is_last = start + len(items) >= len(objects)
    return Page(items, len(objects), None if is_last else items[-1].key)


def _limit(pairs: Pairs) -> int:
    text = single(pairs, LIMIT)
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT)) and 1 <= int(text) <= MAX_LIMIT):
        raise ParameterError(LIMIT, f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _flag(pairs: Pairs, name: str) -> bool:
    text = single(pairs, name)
    if text is not None and text not in _FLAGS:
        raise ParameterError(name, "must be true or false")
    return _FLAGS[text or "false"]
