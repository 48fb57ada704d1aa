"""Whose a name is: the proof an account publishes, and the accounts that stand in the way."""

import hashlib
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db.models import Q, QuerySet

from posthouse.accounts import access
from posthouse.core.dns.names import normal_name, registered_domain
from posthouse.core.dns.ownership import ownership_hash
from posthouse.domains import proofs
from posthouse.domains.errors import NameHeld, NameLeftBehind, NeighbourHeld
from posthouse.domains.models import SenderDomain


def token(domain: SenderDomain) -> str:
    """What only this account is asked to publish, for this name and this random label."""
    key = hashlib.sha256(b"sender domain ownership" + settings.TOKEN_KEY.encode()).digest()
    return ownership_hash(
        key, account_id=domain.account_id, domain=domain.name, random=domain.random
    )


def proves(domain: SenderDomain) -> bool:
    """True if its records hold the token: when all of them are found, the name is the account's."""
    wanted = token(domain)
    return any(row.required and wanted in row.value for row in domain.records.all())


def refusal(domain: SenderDomain, *, proof: bool) -> NameHeld | None:
    """Why the account cannot have the name; None if it can. `proof`: it has found its token.

    Whoever has proven the exact name keeps it. A name above or below one that another account
    verified is to be had with a proof only, and so is one that another account verified once: its
    aliases to our hosts may have been left in DNS (A13).
    """
    with access.across_tenants():
        holder = holder_of(domain)
        if holder and (holder.owner_proven or not proof):
            return NameHeld(domain.name)
        if proof:
            return None
        if left_behind(domain):
            return NameLeftBehind(domain.name)
        neighbour = neighbours(domain).filter(verified_at__isnull=False).first()
        return NeighbourHeld(domain.name, neighbour.name) if neighbour else None


def holder_of(domain: SenderDomain) -> SenderDomain | None:
    """The other account's domain that holds the exact name. To be asked across tenants."""
    holders = SenderDomain.objects.filter(name=domain.name, holds_name=True)
    return holders.exclude(pk=domain.pk).select_related("account").first()


def left_behind(domain: SenderDomain) -> bool:
    """True if another account verified the exact name at some time, and has deleted it or waits.
    To be asked across tenants.
    """
    others = SenderDomain.objects.filter(
        registered=domain.registered,  # has an index
        name=domain.name,
        verified_at__isnull=False,
    )
    return others.exclude(account_id=domain.account_id).exists()


def neighbours(domain: SenderDomain) -> QuerySet[SenderDomain]:
    """Other accounts' holders of a name above or below. To be asked across tenants."""
    above_or_below = Q(name__in=list(_above(domain.name, domain.registered))) | Q(
        name__endswith=f".{domain.name}"
    )
    holders = SenderDomain.objects.filter(registered=domain.registered, holds_name=True)
    return (
        holders.filter(above_or_below)
        .exclude(account_id=domain.account_id)
        .select_related("account")
        .order_by("name")
    )


def taken(account_id: int, addresses: Iterable[str]) -> frozenset[str]:
    """The domains of the addresses that are at or below a name which another account verified.

    The nearest verified name decides, so that an account which has proven a subdomain keeps it.
    """
    hosts = {normal_name(address.rpartition("@")[2]) for address in addresses if address}
    ways = {host: (host, *_above(host, registered_domain(host))) for host in hosts}
    with access.across_tenants():
        found = SenderDomain.objects.filter(
            name__in=[name for way in ways.values() for name in way],
            holds_name=True,
            verified_at__isnull=False,
        )
        holders = dict(found.values_list("name", "account_id"))
    nearest = {
        host: next((holders[name] for name in way if name in holders), account_id)
        for host, way in ways.items()
    }
    return frozenset(host for host, holder in nearest.items() if holder != account_id)


def forget(domain: SenderDomain) -> None:
    """Leaves of a deleted domain only the name: nothing to verify again, no key to sign with."""
    proofs.remember(domain)
    domain.records.all().delete()
    domain.keys.all().delete()
    domain.random, domain.next_check_at, domain.warning, domain.advice = "", None, "", []
    domain.proven = domain.owner_proven = False
    domain.failures_in_row = 0
    domain.save()


def _above(name: str, registered: str) -> Iterator[str]:
    while name != registered and "." in name:
        name = name.partition(".")[2]
        yield name
