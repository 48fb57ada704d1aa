"""Walks down from the parent zone to a name, to see at which delegation the way ends, and why."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from posthouse.core.dns.answers import Outcome
from posthouse.core.dns.names import registered_domain
from posthouse.core.verification.delegations import Delegation, Stand
from posthouse.core.verification.followups import upwards
from posthouse.domains.authority import (
    MOST_SERVERS,
    SECONDS_PER_TRY,
    addresses_of,
    reachable,
    servers_of,
)
from posthouse.domains.resolver import Resolver
from posthouse.domains.wire import Reply, Server, exchange

MOST_WAYS = 2  # a domain's own zone, and the one its aliases lead to
ADDRESSES_OF_SERVER = 2


@dataclass(frozen=True, slots=True)
class Walk:
    """How to ask on the way: the recursor that knows where to begin, port and addresses allowed."""

    resolver: Resolver
    port: int = 53
    private: bool = False

    async def ask(self, name: str, kind: str, servers: Sequence[Server]) -> Reply:
        """What the servers themselves say."""
        return await exchange(name, kind, servers, seconds=SECONDS_PER_TRY, recursive=False)


async def broken_delegations(names: Iterable[str], walk: Walk) -> tuple[Delegation, ...]:
    """Where the ways down to the names end too early; nothing where they do not."""
    ways = {registered_domain(name): name for name in names}
    found = await asyncio.gather(
        *(_broken_delegation(name, walk) for name in list(ways.values())[:MOST_WAYS])
    )
    return tuple(delegation for delegation in found if delegation)


async def _broken_delegation(name: str, walk: Walk) -> Delegation | None:
    registered = registered_domain(name)
    parent = registered.partition(".")[2]
    if not parent:
        return None
    servers = await servers_of(parent, walk.resolver, port=walk.port, private=walk.private)
    for zone in reversed([*upwards(name, registered)]):
        if not servers:
            return None
        reply = await walk.ask(zone, "NS", servers)
        delegated = reply.referrals.get(zone) or reply.values.get(zone, ((), 0))[0]
        if not delegated:
            continue  # no zone begins here: the same servers hold it
        servers, stands = await _judged(zone, delegated[:MOST_SERVERS], reply, walk)
        if stands and not servers:
            return Delegation(zone, stands)
    return None


async def _judged(
    zone: str, names: Sequence[str], reply: Reply, walk: Walk
) -> tuple[tuple[Server, ...], tuple[tuple[str, Stand], ...]]:
    """Those of the servers that answer for the zone, and how each stands, as far as is known."""
    unknown = [name for name in names if name not in reply.glue]
    addresses = {**reply.glue, **await addresses_of(unknown, walk.resolver)}
    answering: list[Server] = []
    stands: list[tuple[str, Stand]] = []
    for name in names:
        known = addresses[name]
        if known is None:
            continue
        servers = reachable(known, port=walk.port, private=walk.private)[:ADDRESSES_OF_SERVER]
        told = await asyncio.gather(*(_stand(zone, server, walk) for server in servers))
        answering += [s for s, stand in zip(servers, told, strict=True) if stand is Stand.ANSWERS]
        stands.append((name, min(told, key=_KINDEST.index, default=Stand.NO_ADDRESS)))
    return tuple(answering), tuple(stands)


async def _stand(zone: str, server: Server, walk: Walk) -> Stand:
    reply = await walk.ask(zone, "SOA", [server])
    if reply.outcome in (Outcome.FOUND, Outcome.NODATA):
        return Stand.ANSWERS if reply.is_authoritative else Stand.NOT_ITS_ZONE
    return _TROUBLE.get(reply.outcome, Stand.NOT_ITS_ZONE)


_TROUBLE = {
    Outcome.TIMEOUT: Stand.SILENT,
    Outcome.SERVFAIL: Stand.FAILS,
    Outcome.BOGUS: Stand.FAILS,
    Outcome.LAME: Stand.FAILS,
}

# Of several addresses of a server, that which stands best speaks for it.
_KINDEST = (Stand.ANSWERS, Stand.FAILS, Stand.NOT_ITS_ZONE, Stand.SILENT, Stand.NO_ADDRESS)
