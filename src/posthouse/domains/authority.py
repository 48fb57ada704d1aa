"""Finds a domain's own name servers, which know a change before any resolver does."""

import ipaddress
from collections.abc import Iterable, Iterator

from posthouse.core.dns.names import registered_domain
from posthouse.domains.resolver import Resolver, look_up
from posthouse.domains.wire import Server

MOST_SERVERS = 3
SECONDS_PER_TRY = 1.5


async def authority_of(
    domain: str, resolver: Resolver, *, port: int = 53, private: bool = False
) -> Resolver | None:
    """A resolver that asks the servers of the zone that holds `domain`; None if none is found.

    Servers at addresses that are not public are left out unless `private`: a stranger's zone must
    not make us send packets into the operator's own network.
    """
    for zone in _zones(domain):
        names = (await look_up([(zone, "NS")], resolver))[zone, "NS"].values
        servers = await _servers(names[:MOST_SERVERS], resolver, port, private)
        if servers:
            return Resolver(servers, recursive=False, seconds_per_try=SECONDS_PER_TRY)
    return None


def _zones(domain: str) -> Iterator[str]:
    """The names from `domain` up to the registered one, any of which may be a zone."""
    registered = registered_domain(domain)
    while domain != registered:
        yield domain
        domain = domain.partition(".")[2]
    yield registered


async def _servers(
    names: Iterable[str], resolver: Resolver, port: int, private: bool
) -> tuple[Server, ...]:
    # Addresses of version 4 first: not every host has a way out over version 6.
    questions = [(name, kind) for kind in ("A", "AAAA") for name in names]
    answers = await look_up(questions, resolver)
    addresses = (address for question in questions for address in answers[question].values)
    usable = (each for each in addresses if private or ipaddress.ip_address(each).is_global)
    return tuple((address, port) for address in usable)
