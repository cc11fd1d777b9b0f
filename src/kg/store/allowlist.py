"""Whom this server may ask (level 1): the operator's list of endpoints, and which addresses of the network are public.

https://query.wikidata.org/sparql       this address exactly as a query writes it
https://example.org/sparql/*            every address that begins so
http://127.0.0.1:3030/ds/sparql         a number as host says which machine is meant, private or not
private+http://fuseki.local/ds/sparql   the same for a name: it may lead into the operator's own network
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from kg.settings import SERVICE_ENTRY

Address = IPv4Address | IPv6Address

_TARGET: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/?\-]*)?"
)
# What another server may read as "one folder up" or as a slash, so that the beginning of the path says nothing.
_WINDING: Final = re.compile(r"/\.{1,2}(?:[/?]|$)|%2e|%2f|%5c", re.IGNORECASE)
# IPv6 addresses that stand for the IPv4 address in their last 32 bits (RFC 4291, section 2.5.5.2; RFC 6052).
_TRANSLATED: Final = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
# Compatible, translated locally (RFC 8215), Teredo (RFC 4380), site-local (RFC 3879): no registry says where they lead.
_UNCLEAR: Final = tuple(map(IPv6Network, ("::/96", "64:ff9b:1::/48", "2001::/32", "fec0::/10")))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that may be asked; `may_be_private` says that its host may be a machine of the operator's network."""

    iri: str
    scheme: str
    host: str
    port: int
    may_be_private: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    iri: str
    is_beginning: bool
    may_be_private: bool

    def admits(self, iri: str) -> bool:
        """Whether `iri`, compared as it is written, is what the entry names."""
        if self.is_beginning:
            return iri.startswith(self.iri) and not _WINDING.search(iri)
        return iri == self.iri


class AllowList:
    """The endpoints of `KG_SERVICE_ALLOW`."""

    def __init__(self, setting: str) -> None:
        self._entries = tuple(map(_read_entry, setting.split()))

    def __bool__(self) -> bool:
        """Whether anything is allowed."""
        return bool(self._entries)

    def find(self, iri: str) -> Endpoint | None:
        """The endpoint at `iri`, an absolute IRI as the query has it; None if it is not allowed."""
        target = _TARGET.fullmatch(iri)
        entries = [entry for entry in self._entries if entry.admits(iri)]
        if target is None or not entries:
            return None
        port = int(target["port"] or (443 if target["scheme"] == "https" else 80))
        host = target["host"].strip("[]")
        may_be_private = any(entry.may_be_private for entry in entries)
        return Endpoint(iri, target["scheme"], host, port, may_be_private) if 0 < port < 65_536 else None


def _read_entry(text: str) -> _Entry:
    """One entry of the list.

    Raises:
        ValueError: it is none; the settings take no such list.
    """
    read = SERVICE_ENTRY.fullmatch(text)
    if read is None:
        raise ValueError(f"{text!r} is no entry of KG_SERVICE_ALLOW")
    is_number = _read_address(read["host"].strip("[]")) is not None
    return _Entry(read["iri"], read["star"] is not None, is_number or read["private"] is not None)


def _read_address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether `address` is a single machine of the public internet, in whatever form it is written.

    Not public are loopback, link-local, private, shared, reserved, unspecified and multicast addresses (the registries
    of RFC 6890), and each of these inside of an IPv6 address: mapped, NAT64, 6to4.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    if any(address in network for network in _TRANSLATED):
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.sixtofour is not None:
        return is_public(address.sixtofour)
    is_unclear = any(address in network for network in _UNCLEAR)
    return address.is_global and not address.is_multicast and not address.is_reserved and not is_unclear


def may_ask(endpoint: Endpoint, address: Address) -> bool:
    """Whether `endpoint` may be asked at `address`; at the unspecified and at multicast ones nobody ever is."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if any(each.is_unspecified or each.is_multicast for each in (address, inner) if each is not None):
        return False
    return endpoint.may_be_private or is_public(address)
