"""The one door to elsewhere (level 1): a query to an endpoint that the operator allows, and its answer.

A name is resolved once, every address that it has is checked, and the connection goes to an address that was checked,
so that a name cannot change in between. There are no redirects, proxies, cookies or retries; time and size are bounded,
and each call is in the log, without its query.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import httpx
import structlog

from kg.errors import ServiceFailed, ServiceTimeout
from kg.store.allowlist import Address, Endpoint, may_ask

_HEADERS: Final = {
    "accept": "application/sparql-results+json, application/sparql-results+xml;q=0.8",
    "accept-encoding": "identity",  # what is unpacked has no size that could be known before
    "content-type": "application/sparql-query; charset=utf-8",
    "user-agent": "rapallo",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """The whole body of an answer with status 200, and its media type without parameters."""

    media_type: str
    content: bytes


class Egress:
    """Asks endpoints, each within `timeout_s` seconds."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._tls: ssl.SSLContext | None = None

    async def ask(
        self, endpoint: Endpoint, query: str, max_bytes: int, read: Callable[[RemoteAnswer], str], *, is_silent: bool
    ) -> str:
        """What `read` makes, in a thread, of the answer of `endpoint` to `query`, of at most `max_bytes` bytes.

        An answer of which it makes nothing has failed to the log, too. Source: SPARQL 1.1 Protocol, section 2.1.3.

        Raises:
            ServiceTimeout: it took too long.
            ServiceFailed: it cannot be reached, may not be asked where its name leads, or has no answer of use.
        """
        call = _Call(endpoint, query.encode(), max_bytes)
        try:
            async with asyncio.timeout(self._timeout_s):
                addresses = await _resolve(endpoint)
                answer = await self._ask_one_of(addresses, call)
                return await asyncio.to_thread(read, answer)
        except TimeoutError:
            call.outcome = "too slow"
            raise ServiceTimeout(endpoint.iri, self._timeout_s) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            call.outcome = f"failed: {type(error).__name__}"
            raise ServiceFailed(endpoint.iri, "the connection failed or broke off") from error
        except ServiceFailed as error:
            call.outcome = f"failed: {error.reason}"
            raise
        except asyncio.CancelledError:
            call.outcome = "stopped with the query"
            raise
        finally:
            call.write_to_log(is_silent=is_silent)

    async def _ask_one_of(self, addresses: list[Address], call: "_Call") -> RemoteAnswer:
        """Ask at the first of `addresses` that takes the connection."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)  # it reads all authorities: 50 ms
        # The time limit is that of the caller, for everything together.
        async with httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=None) as client:  # noqa: S113
            for address in addresses[:-1]:
                try:
                    return await _ask_at(client, address, call)
                except httpx.ConnectError:
                    continue
            return await _ask_at(client, addresses[-1], call)


async def _ask_at(client: httpx.AsyncClient, address: Address, call: "_Call") -> RemoteAnswer:
    """Ask at `address` under the name that the endpoint has: in Host, and for TLS."""
    url = httpx.URL(call.endpoint.iri)
    async with client.stream(
        "POST",
        url.copy_with(host=str(address)),
        content=call.query,
        headers={**_HEADERS, "host": url.netloc.decode()},
        extensions={"sni_hostname": call.endpoint.host},
    ) as response:
        call.status = response.status_code
        if response.is_redirect:
            raise call.failure(f"it answered {response.status_code}, and no redirect is followed")
        if response.status_code != 200:
            raise call.failure(f"it answered with status {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise call.failure("its answer is compressed, which was not asked for")
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            call.bytes_read = len(content)
            if len(content) > call.max_bytes:
                raise call.failure(f"its answer is longer than the {call.max_bytes} bytes that are left for it")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return RemoteAnswer(media_type, bytes(content))


async def _resolve(endpoint: Endpoint) -> list[Address]:
    """The addresses of an endpoint's host, all of which may be asked.

    Raises:
        ServiceFailed: it has none, or one of them may not be asked.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServiceFailed(endpoint.iri, "its host has no address") from error
    addresses = list(dict.fromkeys(ip_address(place[0]) for *_, place in found))
    if not addresses or not all(may_ask(endpoint, address) for address in addresses):
        raise ServiceFailed(endpoint.iri, "its host is no machine of the public internet, so that it was not asked")
    return addresses


class _Call:
    """One call, and what the log says of it: whom, how it went, how long and how much; never the query."""

    def __init__(self, endpoint: Endpoint, query: bytes, max_bytes: int) -> None:
        self.endpoint = endpoint
        self.query = query
        self.max_bytes = max_bytes
        self.outcome = "answered"
        self.status: int | None = None
        self.bytes_read = 0
        self._begun = time.perf_counter()

    def failure(self, reason: str) -> ServiceFailed:
        """The error for an answer of no use."""
        return ServiceFailed(self.endpoint.iri, reason)

    def write_to_log(self, *, is_silent: bool) -> None:
        """Write one line; the room in which this runs adds the request's id."""
        log.info(
            "service call",
            target=self.endpoint.iri.partition("?")[0],
            outcome=self.outcome,
            status=self.status,
            ms=round((time.perf_counter() - self._begun) * 1000, 1),
            bytes=self.bytes_read,
            silent=is_silent,
        )
