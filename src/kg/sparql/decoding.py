"""Parameters and path segments out of raw bytes (level 2), decoded exactly once, as strict UTF-8.

NUL is refused everywhere: no IRI, no path and no XML answer may hold it, and SPARQL can write it as an escape.
Sources: URL Standard, section 5.1 (application/x-www-form-urlencoded); RFC 3986, section 2.1.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from kg.errors import MalformedRequest

MAX_PAIRS: Final = 10_000  # a dataset of some thousand graphs fits; a body of 8 MiB of & does not

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})[^&]{0,2}")


def decode_pairs(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values of a query string or of a form body, in their order, repeats kept.

    `+` is a space; a name without `=` has the value "". An empty `raw` has no pairs.

    Raises:
        MalformedRequest: an escape is no two hex digits, the bytes are not UTF-8, or there are more than `MAX_PAIRS`.
    """
    if raw.count(b"&") >= MAX_PAIRS:
        raise MalformedRequest(f"more than {MAX_PAIRS} parameters; send fewer")
    parts = (part.replace(b"+", b" ").partition(b"=") for part in raw.split(b"&") if part)
    return tuple((_decode_escapes(name), _decode_escapes(value)) for name, _, value in parts)


def decode_segment(raw: bytes) -> str:
    """The text of one segment of a raw path: escapes are decoded once, `+` stays `+`.

    Raises:
        MalformedRequest: an escape is no two hex digits, or the bytes are not UTF-8.
    """
    return _decode_escapes(raw)


def decode_text(raw: bytes) -> str:
    """The text of a body that is not percent-encoded; a byte order mark at its beginning is no part of it.

    Raises:
        MalformedRequest: the bytes are not UTF-8, or hold NUL.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"byte {error.start} of the text is not UTF-8; send UTF-8") from error
    if "\0" in text:
        raise MalformedRequest(r"the text holds the character NUL; write it as \u0000 in a SPARQL string")
    return text.removeprefix("\ufeff")


def _decode_escapes(raw: bytes) -> str:
    bad = _BAD_ESCAPE.search(raw)
    if bad:
        shown = bad.group().decode("ascii", "replace")
        raise MalformedRequest(f"{shown!r} is no percent-encoded byte; write % itself as %25")
    return decode_text(unquote_to_bytes(raw))
