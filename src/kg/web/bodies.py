"""Bodies of requests (level 3): none is longer than a limit, and all that are held are not, together.

A body is held from its first byte until its request is answered. Its beginning is free, so that who sends much, or
sends it slowly, keeps nobody from asking an ordinary question.
"""

from typing import Final

from starlette.types import Message, Receive, Scope

from kg.errors import BodyTooLarge, MalformedRequest, ServerFull

FREE_BYTES: Final = 64 * 1024  # of each body; an ordinary query has a hundredth of that
RETRY_AFTER_S: Final = 1


class HeldBodies:
    """What all requests together hold, beyond the beginning of each."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.held_bytes = 0

    def hold(self, count: int) -> None:
        """Count further bytes.

        Raises:
            ServerFull: there is no room for them.
        """
        if self.held_bytes + count > self._max_bytes:
            raise ServerFull("long bodies", RETRY_AFTER_S)
        self.held_bytes += count

    def let_go(self, count: int) -> None:
        """Count bytes no longer."""
        self.held_bytes -= count


class Body:
    """The body of one request; `receive` stands for the server's own."""

    def __init__(self, receive: Receive, scope: Scope, max_bytes: int, bodies: HeldBodies) -> None:
        self._receive = receive
        self._declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        self._max_bytes = max_bytes
        self._bodies = bodies
        self._taken_bytes = 0
        self._held_bytes = 0

    async def receive(self) -> Message:
        """The next message of ASGI.

        What a client still sends after a refusal is dropped by the server unread, so that the refusal reaches it
        (RFC 9110, section 15.5.14).

        Raises:
            BodyTooLarge: the body is, or says that it will be, longer than the limit.
            ServerFull: too much is held at the moment.
            MalformedRequest: its length is no number.
        """
        if not self._declared.isdigit():
            raise MalformedRequest("Content-Length is not a number")
        if int(self._declared) > self._max_bytes:
            raise BodyTooLarge(self._max_bytes)
        message = await self._receive()
        self._taken_bytes += len(message.get("body", b""))
        if self._taken_bytes > self._max_bytes:
            raise BodyTooLarge(self._max_bytes)
        further = max(0, self._taken_bytes - FREE_BYTES) - self._held_bytes
        self._bodies.hold(further)
        self._held_bytes += further
        return message

    def let_go(self) -> None:
        """The request is answered, and nobody has its body any more."""
        self._bodies.let_go(self._held_bytes)
        self._held_bytes = 0
