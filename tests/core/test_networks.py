"""Which addresses a tenant may have us connect to (A4)."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.networks import literal, refusal


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255",
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7",
        "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1",
        "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet_are_refused(address: str) -> None:
    assert refusal(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "64:ff9b::808:808",
    ],
)
def test_public_ones_are_not(address: str) -> None:
    assert refusal(ip_address(address)) == ""


def test_what_the_operator_opened_is_reached_and_nothing_beside_it() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    open_ones = ("10.1.2.3", "fd00::7", "64:ff9b::a01:203")
    assert [refusal(ip_address(one), allowed) for one in open_ones] == ["", "", ""]
    assert all(refusal(ip_address(one), allowed) for one in ("10.2.0.1", "fc00::1", "127.0.0.1"))


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_that_python_calls_private_is_let_through(address: IPv6Address) -> None:
    translated = address in ip_network("64:ff9b::/96")
    if not address.is_global and not translated:
        assert refusal(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_that_python_calls_private_is_let_through(address: IPv4Address) -> None:
    if not address.is_global:
        assert refusal(address)


@pytest.mark.parametrize(("host", "is_one"), [("[::1]", True), ("10.0.0.1", True), ("a.b", False)])
def test_hosts_that_are_addresses_are_known(host: str, is_one: bool) -> None:
    assert (literal(host) is not None) == is_one
