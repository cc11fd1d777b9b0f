"""Whom the operator's list admits, and which addresses are public."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kg.settings import Settings
from kg.store.allowlist import AllowList, Endpoint, is_public, may_ask

LIST = AllowList(
    "https://example.org/sparql http://data.example/ds/* private+http://fuseki.local:3030/ds/sparql "
    "http://127.0.0.1:8080/* https://[2001:db8::1]/sparql https://example.net/sparql?graph=a"
)


@pytest.mark.parametrize(
    ("iri", "endpoint"),
    [
        ("https://example.org/sparql", Endpoint("https://example.org/sparql", "https", "example.org", 443, False)),
        ("http://data.example/ds/", Endpoint("http://data.example/ds/", "http", "data.example", 80, False)),
        ("http://data.example/ds/a?b=c", Endpoint("http://data.example/ds/a?b=c", "http", "data.example", 80, False)),
        ("http://127.0.0.1:8080/a", Endpoint("http://127.0.0.1:8080/a", "http", "127.0.0.1", 8080, True)),
        (
            "http://fuseki.local:3030/ds/sparql",
            Endpoint("http://fuseki.local:3030/ds/sparql", "http", "fuseki.local", 3030, True),
        ),
        ("https://[2001:db8::1]/sparql", Endpoint("https://[2001:db8::1]/sparql", "https", "2001:db8::1", 443, True)),
    ],
)
def test_what_is_listed_is_found_with_its_host_and_port(iri: str, endpoint: Endpoint) -> None:
    assert LIST.find(iri) == endpoint


@pytest.mark.parametrize(
    "iri",
    [
        "http://example.org/sparql",
        "https://example.org/sparql/",
        "https://example.org/sparql?x",
        "https://example.org:443/sparql",
        "https://example.org.evil.example/sparql",
        "https://EXAMPLE.org/sparql",
        "https://example.org@evil.example/sparql",
        "https://example.net/sparql",
        "http://data.example/ds",
        "http://data.example/ds/../admin",
        "http://data.example/ds/..",
        "http://data.example/ds/./a",
        "http://data.example/ds/%2e%2e/admin",
        "http://data.example/ds/..%2Fadmin",
        "http://data.example/ds/a#b",
        "http://data.example/ds/\\..\\admin",
        "http://data.example/ds/\u0430",
        "http://data.example/ds/ a",
        "http://data.example/ds/\r\nHost: x",
        "http://127.0.0.1:80800/a",
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_else_is_found(iri: str) -> None:
    assert LIST.find(iri) is None


def test_an_empty_list_admits_nobody() -> None:
    assert not AllowList("")
    assert AllowList("").find("https://example.org/sparql") is None


@pytest.mark.parametrize(
    "entry",
    [
        "*",
        "http://*",
        "http://*.example.org/",
        "http://example.org*",
        "http://example.org/a*",
        "http://example.org/*/sparql",
        "http://user@example.org/",
        "http://example.org/#a",
        "ftp://example.org/",
        "example.org/sparql",
        "public+http://example.org/",
    ],
)
def test_an_entry_that_does_not_say_whom_it_means_is_no_setting(entry: str) -> None:
    with pytest.raises(ValidationError, match=r"KG_SERVICE_ALLOW|service_allow"):
        Settings(service_allow=f"https://example.org/sparql {entry}")


PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34", "2002:5db8:d822::1"]
NOT_PUBLIC = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.0.1"),  # noqa: S104
    *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::93.184.216.34"),
    *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::93.184.216.34", "2002:7f00:1::1", "2002:a00:1::1"),
    *("2001:0:53aa:64c:0:5efe:7f00:1", "fe80::1%eth0"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_machine_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_other_address_is_public_in_whatever_form(address: str) -> None:
    assert not is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_of_version_4_is_the_same_in_its_forms_of_version_6(address: object) -> None:
    mapped, translated = ip_address(f"::ffff:{address}"), ip_address(f"64:ff9b::{address}")

    assert is_public(mapped) == is_public(translated) == is_public(ip_address(str(address)))


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0"])  # noqa: S104
def test_what_is_no_single_machine_is_never_asked(address: str) -> None:
    listed = Endpoint("http://x/", "http", "x", 80, may_be_private=True)

    assert not may_ask(listed, ip_address(address))
    assert may_ask(listed, ip_address("10.0.0.1"))
