"""Solutions counted in the bytes of an answer (level 1): the engine says how many there are in no other way.

Counted is what marks a solution in each format and can stand nowhere else; a test compares with the engine's own rows.
"""

import re
from collections.abc import Callable
from typing import Final

from kg.formats import RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, Format

COUNTED_BYTES: Final = 1024 * 1024  # a longer answer has sent its headers before its end, and nobody can be told

# A string may end in },{ itself: then its quote is followed by what cannot begin the name of a variable.
_SEPARATORS: Final = re.compile(rb'\},\{(?:"(?![},:])|\})')
_BEFORE_EMPTY: Final = b"},{}"  # before a solution that binds nothing, or in a string


class RowCounter:
    """Keeps the bytes of one answer while they are few, and counts its solutions at its end."""

    def __init__(self, answer_format: Format) -> None:
        self._count = _COUNTS.get(answer_format)
        self._parts: list[bytes] = []
        self._length = 0

    def take(self, data: bytes) -> None:
        """Take the next bytes."""
        self._length += len(data)
        if self._length > COUNTED_BYTES:
            self._parts.clear()
        elif self._count is not None:
            self._parts.append(data)

    def rows(self) -> int | None:
        """The solutions of the whole answer; None if it was too long to count, or is in another format."""
        if self._count is None or self._length > COUNTED_BYTES:
            return None
        return self._count(b"".join(self._parts))


def _lines(content: bytes) -> int:
    """TSV: a solution is a line, and the first line is none; what breaks a line in a term is escaped."""
    return content.count(b"\n") - 1


def _records(content: bytes) -> int:
    """CSV: a record ends with a line break that is not between quotation marks; the first is no solution."""
    return sum(part.count(b"\n") for part in content.split(b'"')[::2]) - 1


def _elements(content: bytes) -> int:
    """XML: a solution begins with its tag, whose first character is written otherwise in text."""
    return content.count(b"<result>")


def _objects(content: bytes) -> int:
    """JSON: a solution begins behind `},{`, the first behind `"bindings":[`; inside of a string a quote is escaped."""
    found = _SEPARATORS.findall(content)
    if _BEFORE_EMPTY in found:
        return _objects_outside_strings(content)
    return len(found) + (b'"bindings":[{' in content)


def _objects_outside_strings(content: bytes) -> int:
    """As `_objects`, also where a solution binds nothing and so has no quote behind its bracket; takes longer."""
    parts = content.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
    outside = b"".join(parts[::2])
    return outside.count(b"},{") + outside.count(b"[{")


_COUNTS: Final[dict[Format, Callable[[bytes], int]]] = {
    RESULTS_JSON: _objects,
    RESULTS_XML: _elements,
    RESULTS_CSV: _records,
    RESULTS_TSV: _lines,
}
