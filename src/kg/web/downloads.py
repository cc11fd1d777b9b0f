"""The whole dataset as a file (level 3): /dataset.ttl and /dataset.nt, streamed, with a digest that names the bytes.

With profile= it is made ready for a use, as for an ontology editor.

Sources: RFC 9530 (a Repr-Digest is that of the coded bytes); draft-ietf-httpbis-unencoded-digest (of the content).
"""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from kg.errors import NotFound, ParameterError
from kg.formats import N_TRIPLES, TURTLE, Format
from kg.settings import Settings
from kg.sparql.decoding import decode_pairs
from kg.sparql.profiles import profile_request
from kg.store.base import DumpRequest, Lane, Request, Store
from kg.web.answers import answer_request, while_client_stays
from kg.web.compression import Coding, StreamCoder
from kg.web.exchange import Exchange, Headers

_FORMATS: Final = {f"/dataset.{known.extension}": known for known in (TURTLE, N_TRIPLES)}
PATHS: Final = tuple(_FORMATS)


@dataclass(frozen=True, slots=True)
class _Digests:
    """The SHA-256 of a dump: of the bytes as they are sent, and of its content."""

    coded: bytes
    content: bytes

    @property
    def etag(self) -> str:
        return f'"{self.coded.hex()[:32]}"'

    def headers(self, coding: Coding) -> Headers:
        unencoded = () if coding is Coding.IDENTITY else (("Unencoded-Digest", _field(self.content)),)
        return (("ETag", self.etag), ("Cache-Control", "no-cache"), ("Repr-Digest", _field(self.coded)), *unencoded)


def _profile(exchange: Exchange) -> str | None:
    """The profile that the client asks for, None if it asks for none."""
    names = [value for name, value in decode_pairs(exchange.query_string) if name == "profile"]
    if len(names) > 1:
        raise ParameterError("profile", f"must be given once; it is given {len(names)} times")
    return names[0] if names else None


def _field(digest: bytes) -> str:
    return f"sha-256=:{b64encode(digest).decode()}:"


class _Digest:
    """A sink that keeps nothing but the SHA-256 of what it was given, and of its coded form."""

    def __init__(self, coding: Coding) -> None:
        self._content, self._coded = sha256(), sha256()
        self._coder = StreamCoder(coding)

    async def write(self, chunk: bytes) -> None:
        self._content.update(chunk)
        self._coded.update(await self._coder.encode(chunk))

    def finish(self) -> _Digests:
        self._coded.update(self._coder.finish())
        return _Digests(self._coded.digest(), self._content.digest())


class Downloads:
    """Sends the default graph. A dump is made of one version, which writes the same bytes each time."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._digests: dict[tuple[str, Request, Coding], _Digests] = {}

    async def __call__(self, exchange: Exchange) -> None:
        """Answer /dataset.{extension}, or 304 without making the dump.

        Raises:
            ParameterError: there is no such profile, or it is given twice.
        """
        exchange.require_method("GET")
        chosen = _FORMATS.get(exchange.path)
        if chosen is None:
            raise NotFound(f"the dataset is at {' and '.join(PATHS)}")
        profile = _profile(exchange)
        request = self._request(chosen, profile)
        coding = exchange.coding(chosen.content_type)
        digests = await self._digest(exchange, request, coding)
        headers = digests.headers(coding)
        if exchange.has_current(digests.etag):
            await exchange.start(304, headers)
            await exchange.send_body(b"", more=False)
            return
        name = ("Content-Disposition", f'inline; filename="{profile or "dataset"}.{chosen.extension}"')
        # A buffer of one byte: the digest is known, so nothing is gained by waiting for the end.
        await answer_request(exchange, self._store, request, 1, Lane.RESERVED, (*headers, name))

    def _request(self, chosen: Format, profile: str | None) -> Request:
        """The default graph as it is, or in a profile."""
        timeout_s = self._settings.max_timeout_s
        return DumpRequest(chosen, timeout_s) if profile is None else profile_request(profile, chosen, timeout_s)

    async def _digest(self, exchange: Exchange, request: Request, coding: Coding) -> _Digests:
        """The digests of the dump: made once for each version, request and coding, by a dump that nobody sees."""
        key = (self._store.version, request, coding)
        if key not in self._digests:
            sink = _Digest(coding)
            await while_client_stays(exchange.receive, self._store.run(request, sink, Lane.RESERVED))
            self._digests = {known: digests for known, digests in self._digests.items() if known[0] == key[0]}
            self._digests[key] = sink.finish()
        return self._digests[key]
