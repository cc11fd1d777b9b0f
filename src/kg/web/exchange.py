"""One request and the way back, for the rooms of our own (level 3).

The outermost room has already set the path to the raw one (still percent-encoded), turned HEAD into GET, and bounded
the body.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from starlette.types import Receive, Scope, Send

from kg.errors import MethodNotAllowed
from kg.web.compression import Coding, choose_coding, encode_whole

Headers = tuple[tuple[str, str], ...]

READING = ("GET", "HEAD")


class ClientLeft(Exception):
    """The client closed the connection before its answer was complete."""


class BrokenAnswer(Exception):
    """An answer that began and cannot end: the connection is cut, so that nobody takes it for complete."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response. A `cacheable` one of status 200 gets a strong ETag of its bytes and may become a 304."""

    status: int
    content_type: str = ""
    body: bytes = b""
    headers: Headers = ()
    cacheable: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as ASGI gives it, with what our rooms ask of it."""

    scope: Scope
    receive: Receive
    send: Send

    @property
    def method(self) -> str:
        """The method; a HEAD request reads GET here."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The raw path: percent-encoded as the client sent it."""
        return str(self.scope["path"])

    @property
    def query_string(self) -> bytes:
        """What follows the question mark, undecoded; empty without one."""
        return bytes(self.scope["query_string"])

    def header(self, name: str) -> str | None:
        """The value of a header, several lines of it joined by commas; None if it is absent (RFC 9110, section 5.3)."""
        wanted = name.lower().encode("latin-1")
        values = [value.decode("latin-1") for key, value in self.scope["headers"] if key == wanted]
        return ", ".join(values) if values else None

    def require_method(self, *allowed: str) -> None:
        """Let only `allowed` methods pass, and HEAD with GET, which it reads as here.

        Raises:
            MethodNotAllowed: it is another one.
        """
        if self.method not in allowed:
            also = READING if "GET" in allowed else ()
            raise MethodNotAllowed(self.method, tuple(dict.fromkeys((*allowed, *also))))

    async def read_body(self) -> bytes:
        """The whole body; the outermost room bounds it.

        Raises:
            BodyTooLarge: it passes the limit.
            ClientLeft: it ends before its end.
        """
        chunks: list[bytes] = []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(chunks)

    async def answer(self, answer: Answer) -> None:
        """Send a complete response, in the coding that the client takes, or 304 if the client already has it."""
        headers = answer.headers
        coding = self.coding(answer.content_type, len(answer.body))
        if answer.cacheable and answer.status == 200:
            etag = strong_etag(answer.content_type, answer.body, coding)
            headers = (*headers, ("ETag", etag), ("Cache-Control", "no-cache"))
            if self.has_current(etag):
                await self.start(304, headers)
                await self.send_body(b"", more=False)
                return
        body = await encode_whole(answer.body, coding)
        length = () if answer.status == 204 else (("Content-Length", str(len(body))),)
        kind = (("Content-Type", answer.content_type),) if answer.content_type else ()
        await self.start(answer.status, (*kind, *coding_headers(coding), *length, *headers))
        await self.send_body(body, more=False)

    def coding(self, content_type: str, length: int | None = None) -> Coding:
        """The coding of an answer to this request; `length` is that of the content in bytes, None if it streams."""
        return choose_coding(self.header("accept-encoding"), content_type, length)

    def has_current(self, etag: str) -> bool:
        """Whether If-None-Match names `etag` or anything (RFC 9110, section 13.1.2: weak comparison)."""
        if self.method not in READING:
            return False
        named = [tag.strip().removeprefix("W/") for tag in (self.header("if-none-match") or "").split(",")]
        return etag in named or "*" in named

    async def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Send status and headers; names and values are Latin-1."""
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})

    async def send_body(self, chunk: bytes, *, more: bool) -> None:
        """Send a part of the body; returns when the client has room for the next."""
        await self.send({"type": "http.response.body", "body": chunk, "more_body": more})


def coding_headers(coding: Coding) -> Headers:
    """What says that a body is coded; empty if it is not."""
    return () if coding is Coding.IDENTITY else (("Content-Encoding", coding.value),)


def strong_etag(content_type: str, body: bytes, coding: Coding = Coding.IDENTITY) -> str:
    """An entity tag of these bytes in this format and coding; 128 bits of SHA-256 (RFC 9110, section 8.8.3)."""
    coded = "" if coding is Coding.IDENTITY else f"-{coding}"
    return f'"{sha256(content_type.encode() + bytes(1) + body).hexdigest()[:32]}{coded}"'
