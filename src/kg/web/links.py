"""Addresses of ours for IRIs, and back (level 3): /id/x stands for the IRI that ends in id/x, under any public base."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from kg.namespaces import BASE, KG, ONTOLOGY, SHAPES, SPACES
from kg.sparql.decoding import decode_segment

# What an IRI may hold and a path can carry as it is (RFC 3987, section 2.2; RFC 3986, section 3.3).
_KEPT: Final = "!$&'()*+,;=:@/-._~%"
_ASCII_TRIPLET: Final = re.compile(rb"%[0-7][0-9A-Fa-f]")
_OTHER_TRIPLETS: Final = re.compile(rb"(?:%[89A-Fa-f][0-9A-Fa-f])+")
# Encoded and plain, these differ in an IRI, or may not stand in one plain.
_STAYS_ENCODED: Final = frozenset(b'/?#%<>"{}|^`\\ \x7f') | frozenset(range(0x20))
_PATH_LIKE: Final = re.compile(r'[^?#<>"{}|^`\\\s]+')


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links for pages; `prefix` is the path of the public base, empty at the root of a host."""

    prefix: str

    def href(self, iri: str) -> str | None:
        """Where a page leads for `iri`: a page of ours for what is ours, the web for http, else None."""
        local = self._own(iri)
        if local is not None:
            return local
        return iri if iri.startswith(("http://", "https://")) else None

    def _own(self, iri: str) -> str | None:
        if not iri.startswith(BASE):
            return None
        if iri == ONTOLOGY:
            return f"{self.prefix}/ont"
        for namespace, path in ((KG, "/ont#"), (SHAPES, "/shapes#")):
            if iri.startswith(namespace):
                return f"{self.prefix}{path}{quote(iri.removeprefix(namespace), safe=_KEPT)}"
        space, _, name = iri.removeprefix(BASE).partition("/")
        if space in SPACES and _PATH_LIKE.fullmatch(name):
            return f"{self.prefix}/{space}/{path_of_name(name)}"
        return f"{self.prefix}/resource?iri={quote(iri, safe='')}"


def path_of_name(name: str) -> str:
    """The name of an IRI as it stands in a path: letters beyond ASCII encoded, what was encoded left alone."""
    return quote(name, safe=_KEPT)


def name_of_path(raw: str) -> str:
    """The name of an IRI that a raw path stands for; the way back of `path_of_name`.

    Letters are decoded, delimiters are not: %2F and / are two names (RFC 3987, section 3.2).

    Raises:
        MalformedRequest: an escape is none, or what is encoded is not UTF-8.
    """
    decode_segment(raw.encode("latin-1"))
    encoded = _OTHER_TRIPLETS.sub(lambda found: decode_segment(found[0]).encode(), raw.encode("latin-1"))
    return _ASCII_TRIPLET.sub(_plain_character, encoded).decode()


def _plain_character(found: re.Match[bytes]) -> bytes:
    character = unquote_to_bytes(found[0])
    return found[0] if character[0] in _STAYS_ENCODED else character
