"""The whole dataset as a file (level 3): /dataset.ttl and /dataset.nt, streamed, with a digest that names the bytes."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from kg.errors import NotFound
from kg.formats import N_TRIPLES, TURTLE, Format
from kg.settings import Settings
from kg.store.base import DumpRequest, Lane, Store
from kg.web.answers import answer_request, while_client_stays
from kg.web.exchange import Exchange

_FORMATS: Final = {f"/dataset.{known.extension}": known for known in (TURTLE, N_TRIPLES)}
PATHS: Final = tuple(_FORMATS)


class _Digest:
    """A sink that keeps nothing but the SHA-256 of what it was given."""

    def __init__(self) -> None:
        self.sha256 = sha256()

    async def write(self, chunk: bytes) -> None:
        self.sha256.update(chunk)


class Downloads:
    """Sends the default graph. A dump is made of one version, which writes the same bytes each time."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._digests: dict[tuple[str, Format], bytes] = {}

    async def __call__(self, exchange: Exchange) -> None:
        """Answer /dataset.{extension}, or 304 without making the dump."""
        exchange.require_method("GET")
        chosen = _FORMATS.get(exchange.path)
        if chosen is None:
            raise NotFound(f"the dataset is at {' and '.join(PATHS)}")
        request = DumpRequest(chosen, self._settings.max_timeout_s)
        digest = await self._digest(exchange, request)
        etag = f'"{digest.hex()[:32]}"'
        headers = (
            ("ETag", etag),
            ("Cache-Control", "no-cache"),
            ("Repr-Digest", f"sha-256=:{b64encode(digest).decode()}:"),  # RFC 9530
        )
        if exchange.has_current(etag):
            await exchange.start(304, headers)
            await exchange.send_body(b"", more=False)
            return
        name = ("Content-Disposition", f'inline; filename="dataset.{chosen.extension}"')
        # A buffer of one byte: the digest is known, so nothing is gained by waiting for the end.
        await answer_request(exchange, self._store, request, 1, Lane.RESERVED, (*headers, name))

    async def _digest(self, exchange: Exchange, request: DumpRequest) -> bytes:
        """The SHA-256 of the dump: made once for each version and format, by a dump that nobody sees."""
        key = (self._store.version, request.format)
        if key not in self._digests:
            sink = _Digest()
            await while_client_stays(exchange.receive, self._store.run(request, sink, Lane.RESERVED))
            self._digests = {known: digest for known, digest in self._digests.items() if known[0] == key[0]}
            self._digests[key] = sink.sha256.digest()
        return self._digests[key]
