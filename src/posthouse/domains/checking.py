"""Verifies sender domains now: one, or all that an account has waiting."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F

from posthouse.accounts.actors import Actor
from posthouse.accounts.permissions import demand
from posthouse.domains import queries
from posthouse.domains.examine import Examination, NameServers, examine, examine_async
from posthouse.domains.models import SenderDomain
from posthouse.domains.resolver import resolver_addresses
from posthouse.domains.settling import Asked, asked_of, settle

MOST_AT_ONCE = 25  # domains in one call: a person waits for it
OPEN_QUESTIONS = 200  # each has a socket of its own


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of the domains of one call; `left`: how many more are waiting."""

    domains: tuple[SenderDomain, ...]
    left: int

    @property
    def enabled(self) -> tuple[str, ...]:
        """The names that are Enabled now."""
        return tuple(each.name for each in self.domains if each.status == "enabled")

    @property
    def waiting(self) -> tuple[str, ...]:
        """The names that wait on."""
        return tuple(each.name for each in self.domains if each.status != "enabled")

    @property
    def summary(self) -> str:
        """The outcome in a sentence or three."""
        if not self.domains:
            return "No domain is waiting."
        parts = [f"{_domains(len(self.domains))} checked."]
        if self.enabled:
            parts.append(f"Enabled now: {', '.join(self.enabled)}.")
        if self.waiting:
            parts.append(f"{_domains(len(self.waiting))} still waiting: each page says for what.")
        if self.left:
            parts.append(f"{_domains(self.left)} not checked yet: verify again to go on.")
        return " ".join(parts)


def verify(actor: Actor, domain: SenderDomain) -> SenderDomain:
    """Asks DNS about every record (up to 15 seconds), then keeps the answers in one transaction.

    Raises NameHeld where all is right but another account has proven the name to be its own.
    """
    demand(actor, "edit")
    asked = asked_of(domain)
    found = examine(asked.records, domain.name, name_servers(), earlier=asked.earlier)
    settled = settle(actor, asked, found)
    if settled.held:
        raise settled.held
    return settled.domain


def verify_pending(actor: Actor) -> Verified:
    """Checks the account's domains that wait, at most 25, those first that waited longest.

    A name that another account holds keeps its domain waiting; its warning says so.
    """
    demand(actor, "edit")
    waiting = queries.waiting().order_by(F("checked_at").asc(nulls_first=True), "pk")
    rows = waiting.select_related("account__group").prefetch_related("records")[:MOST_AT_ONCE]
    asked = [asked_of(domain) for domain in rows]
    examinations = asyncio.run(_examine(asked, name_servers()))
    domains = tuple(
        settle(actor, each, examination).domain
        for each, examination in zip(asked, examinations, strict=True)
    )
    left = queries.waiting().exclude(pk__in=[each.domain.pk for each in asked]).count()
    return Verified(domains, left)


def name_servers() -> NameServers:
    """Whom the installation asks, with a bound for all that share the value."""
    port: int = settings.DNS_AUTHORITY_PORT
    return NameServers(
        resolvers=resolver_addresses(settings.DNS_RESOLVERS),
        authority_port=port,
        private_authority=port != 53,
        at_once=asyncio.Semaphore(OPEN_QUESTIONS),
    )


def _domains(count: int) -> str:
    return "1 domain" if count == 1 else f"{count} domains"


async def _examine(asked: Iterable[Asked], servers: NameServers) -> Sequence[Examination]:
    return await asyncio.gather(
        *(
            examine_async(each.records, each.domain.name, servers, earlier=each.earlier)
            for each in asked
        )
    )
