"""The demo's two sender domains: one goes from mistakes to Enabled, one keeps its own."""

from collections.abc import Sequence
from pathlib import Path

from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.core.dns.records import Record, RecordType
from posthouse.demo.dns.zones import publish, withdraw
from posthouse.demo.mistakes import Mistake, with_mistakes
from posthouse.domains import checking
from posthouse.domains import services as domains
from posthouse.domains.models import DomainRecord, SenderDomain


def add_with_mistakes(
    actor: Actor,
    account: Account,
    name: str,
    zones: Path,
    mistakes: Sequence[Mistake],
) -> SenderDomain:
    """Adds the domain, publishes its records as a hasty person would, and has them verified."""
    domain = domains.add(actor, account, name)
    publish(zones, with_mistakes(wanted(domain), mistakes))
    return checking.verify(actor, domain)


def mend(
    actor: Actor, domain: SenderDomain, zones: Path, mistakes: Sequence[Mistake]
) -> SenderDomain:
    """Publishes what the doctor advised, and has the domain verified once more."""
    right = wanted(domain)
    withdraw(zones, with_mistakes(right, mistakes))
    publish(zones, right)
    return checking.verify(actor, domain)


def wanted(domain: SenderDomain) -> list[Record]:
    """The records that the domain must publish."""
    rows = domain.records.order_by("position")
    return [Record(row.host, RecordType(row.type), row.value, row.purpose) for row in rows]


def failing(domain: SenderDomain) -> list[DomainRecord]:
    """The records that the last check did not find right."""
    return list(domain.records.exclude(state=DomainRecord.State.OK).order_by("position"))
