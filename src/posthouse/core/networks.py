"""Which IP addresses a tenant may have us connect to: those of the public Internet, no others (A4).

The tables are IANA's special-purpose registries (RFC 6890) and the multicast ranges. The standard
library's ``is_global`` is not asked: it lets multicast, 6to4 and site-local addresses through.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED_V4 = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's inner network"),
        ("127.0.0.0/8", "this host"),
        ("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")  # all that was ever given out (RFC 4291); the rest is refused
_REFUSED_V6 = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("2001::/23", "reserved, or a Teredo tunnel"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "for documentation"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address stands in the last 32 bits


def refusal(address: Address, allowed: Sequence[Network] = ()) -> str:
    """Why nobody may have us connect there, in words; empty: it may be connected to.

    ``allowed`` are networks of the operator's own that are open all the same.
    """
    if is_allowed(address, allowed):
        return ""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return refusal(IPv4Address(address.packed[-4:]), allowed)
        if address not in _PUBLIC_V6:
            return "not an address of the public Internet"
        return _first(address, _REFUSED_V6)
    return _first(address, _REFUSED_V4)


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Does it stand in a network that the operator opened?"""
    return any(address in network for network in allowed if network.version == address.version)


def literal(host: str) -> Address | None:
    """The address that a host of a URL is, brackets or not; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _first(address: Address, table: Sequence[tuple[Network, str]]) -> str:
    return next((why for network, why in table if address in network), "")
