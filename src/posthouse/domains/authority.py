"""Finds a domain's own name servers, which know a change before any resolver does."""

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from posthouse.core.dns.answers import TEMPORARY, Answer, Answers, Question
from posthouse.core.dns.names import registered_domain
from posthouse.core.verification.followups import upwards
from posthouse.domains.resolver import Resolver, look_up
from posthouse.domains.wire import Server

MOST_SERVERS = 3
SECONDS_PER_TRY = 1.5


@dataclass(frozen=True, slots=True)
class Authority:
    """The name servers of a zone: where each of them is, by its name."""

    servers: Mapping[str, tuple[Server, ...]]

    @property
    def together(self) -> Resolver:
        """Asks one after another until one replies; version 4 first."""
        known = (server for servers in self.servers.values() for server in servers)
        return _asking(sorted(known, key=lambda server: ":" in server[0]))

    async def each(self, questions: Iterable[Question], *, total: float) -> Mapping[str, Answers]:
        """What each of them says for itself, by its name."""
        questions = tuple(questions)
        told = await asyncio.gather(
            *(look_up(questions, _asking(each), total=total) for each in self.servers.values())
        )
        return dict(zip(self.servers, told, strict=True))


def _asking(servers: Iterable[Server]) -> Resolver:
    return Resolver(tuple(servers), recursive=False, seconds_per_try=SECONDS_PER_TRY)


async def authority_of(
    domain: str, resolver: Resolver, *, port: int = 53, private: bool = False
) -> Authority | None:
    """The servers of the zone that holds `domain`; None if none is found.

    Servers at addresses that are not public are left out unless `private`: a stranger's zone must
    not make us send packets into the operator's own network.
    """
    for zone in upwards(domain, registered_domain(domain)):
        found = await _named_servers(zone, resolver)
        servers = {
            name: reachable(addresses or (), port=port, private=private)
            for name, addresses in found.items()
        }
        if any(servers.values()):
            return Authority({name: places for name, places in servers.items() if places})
    return None


async def servers_of(
    zone: str, resolver: Resolver, *, port: int, private: bool
) -> tuple[Server, ...]:
    """Where the name servers of `zone` are, as the resolver says; none if it is no zone."""
    found = await _named_servers(zone, resolver)
    # Addresses of version 4 first: not every host has a way out over version 6.
    addresses = sorted(
        (each for known in found.values() for each in known or ()), key=lambda text: ":" in text
    )
    return reachable(addresses, port=port, private=private)


async def _named_servers(zone: str, resolver: Resolver) -> Mapping[str, tuple[str, ...] | None]:
    names = (await look_up([(zone, "NS")], resolver))[zone, "NS"].values
    return await addresses_of(names[:MOST_SERVERS], resolver)


async def addresses_of(
    names: Iterable[str], resolver: Resolver
) -> Mapping[str, tuple[str, ...] | None]:
    """The addresses of each host, version 4 first; None where they could not be looked up."""
    names = tuple(names)
    answers = await look_up([(name, kind) for name in names for kind in ("A", "AAAA")], resolver)
    found: dict[str, tuple[str, ...] | None] = {}
    for name in names:
        both = answers[name, "A"], answers[name, "AAAA"]
        addresses = tuple(value for answer in both for value in answer.values)
        troubled = any(answer.outcome in TEMPORARY for answer in both)
        found[name] = None if troubled and not addresses else addresses
    return found


def reachable(addresses: Iterable[str], *, port: int, private: bool) -> tuple[Server, ...]:
    """Those of the addresses that may be asked."""
    usable = (each for each in addresses if private or ipaddress.ip_address(each).is_global)
    return tuple((address, port) for address in usable)


async def what_stands_at(questions: Iterable[Question], authority: Resolver) -> Answers:
    """What a zone's servers have at the names themselves: an alias is told and not followed."""
    questions = tuple(questions)
    replies = await asyncio.gather(*(authority.ask(*question) for question in questions))
    answers = {}
    for (name, kind), reply in zip(questions, replies, strict=True):
        values, ttl = reply.values.get(name, ((), 0))
        chain = (reply.aliases[name][0],) if name in reply.aliases else ()
        answers[name, kind] = Answer(name, kind, reply.outcome, values, ttl, chain)
    return answers
