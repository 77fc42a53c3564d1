"""Which addresses a file's URL may lead to."""

import asyncio
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.files.addresses import is_public, resolve

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2400:3200::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
]

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_what_python_knows_to_be_special_is_not_public(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(str(address))


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_that_holds_an_ipv4_address_is_not_public(address: IPv4Address) -> None:
    number = int(address)
    teredo = 0x2001_0000 << 96 | number ^ 0xFFFF_FFFF
    for holder in (number, 0xFFFF << 32 | number, 0x64_FF9B << 96 | number, 0x2002 << 112 | number << 80, teredo):
        assert not is_public(str(IPv6Address(holder)))


@given(st.text())
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(f"{text}!")


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "017700000001", "0x7f000001", "2130706433"]
)
def test_the_resolver_reads_every_spelling_of_an_address(spelling: str) -> None:
    assert asyncio.run(resolve(spelling, 80)) == ["127.0.0.1"]


def test_the_resolver_finds_all_that_a_name_stands_for() -> None:
    addresses = asyncio.run(resolve("localhost", 443))
    assert addresses
    assert set(addresses) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", ["", "a..b", "a" * 64, "a" * 300, "127.0.0.1:80", "[::1]"])
def test_what_cannot_be_a_host_has_no_address(host: str) -> None:
    with pytest.raises((OSError, ValueError)):
        asyncio.run(resolve(host, 80))


def test_a_host_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(ValueError, match="ascii"):
        asyncio.run(resolve("１２７.0.0.1", 80))
