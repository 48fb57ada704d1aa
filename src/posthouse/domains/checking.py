"""Verifies a sender domain: looks its records up, keeps what was found, moves its status."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import access, audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.dns_configuration import configuration
from posthouse.accounts.permissions import demand
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.verification.checks import CheckResult
from posthouse.core.verification.diagnosis import Diagnosis
from posthouse.core.verification.status import Event, Status, after, after_check
from posthouse.domains.errors import NameHeld
from posthouse.domains.examine import Examination, NameServers, examine
from posthouse.domains.models import DomainRecord, SenderDomain
from posthouse.domains.resolver import resolver_addresses
from posthouse.domains.services import announce

_MOST_SEEN, _LONGEST_SEEN = 10, 500  # a stranger's zone may hold 64 kB at one name


def verify(actor: Actor, domain: SenderDomain) -> SenderDomain:
    """Asks DNS about every record (up to 15 seconds), then keeps the answers in one transaction.

    Raises NameHeld where all is right but another account has proven the name to be its own.
    """
    demand(actor, "edit")
    rows = list(domain.records.order_by("position"))
    records = [Record(r.host, RecordType(r.type), r.value, r.purpose) for r in rows]
    examination = examine(records, domain.name, _name_servers())
    held = False
    with transaction.atomic():
        current = SenderDomain.objects.select_for_update().get(pk=domain.pk)
        if current.random != domain.random:
            return current  # its records were made anew meanwhile: what was asked is void
        _keep(rows, examination.diagnoses)
        held = not _move(actor, current, examination)
    if held:
        raise NameHeld(domain.name)
    return current


def _name_servers() -> NameServers:
    port: int = settings.DNS_AUTHORITY_PORT
    return NameServers(
        resolvers=resolver_addresses(settings.DNS_RESOLVERS),
        authority_port=port,
        private_authority=port != 53,
    )


def _keep(rows: Sequence[DomainRecord], diagnoses: Sequence[Diagnosis]) -> None:
    for row, diagnosis in zip(rows, diagnoses, strict=True):
        row.state = diagnosis.verdict
        row.seen = [value[:_LONGEST_SEEN] for value in diagnosis.finding.answer.values[:_MOST_SEEN]]
        row.finding = diagnosis.problem
        row.advice = " ".join(part for part in (diagnosis.advice, diagnosis.visible) if part)
    DomainRecord.objects.bulk_update(rows, ["state", "seen", "finding", "advice"])


def _move(actor: Actor, domain: SenderDomain, examination: Examination) -> bool:
    """Moves the status by the result; False: the name is held by another account."""
    before = Status(domain.status)
    now = timezone.now()
    status, failures, proven = after_check(
        before, examination.result, domain.failures_in_row, proven=domain.proven
    )
    domain.checked_at, domain.failures_in_row, domain.proven = now, failures, proven
    if examination.result is CheckResult.VERIFIED:
        domain.verified_at = now
        domain.owner_proven = _proves_ownership(domain)
    free = status is not Status.ENABLED or _take_name(actor, domain)
    domain.status = SenderDomain.Status(status.value if free else before.value)
    domain.holds_name = domain.holds_name if status is not Status.PENDING else False
    domain.save()
    audit.record(
        actor,
        "domain.verify",
        domain,
        account=domain.account,
        before={"status": before},
        after={"status": domain.status, "result": examination.result},
    )
    announce(domain, before)
    return free


def _take_name(actor: Actor, domain: SenderDomain) -> bool:
    """Makes the domain the holder of its name. Who has proven nothing gives way (A13)."""
    if domain.holds_name:
        return True
    with access.across_tenants():
        holder = SenderDomain.objects.filter(name=domain.name, holds_name=True).first()
        if holder and (holder.owner_proven or not domain.owner_proven):
            return False
        if holder:
            _give_way(actor, holder)
    domain.holds_name = True
    return True


def _give_way(actor: Actor, holder: SenderDomain) -> None:
    before = holder.status
    if Status(before) is Status.ENABLED:
        holder.status = SenderDomain.Status(after(Status.ENABLED, Event.FAILED_THREE_TIMES).value)
    holder.holds_name = holder.proven = False
    holder.save()
    audit.record(
        actor,
        "domain.give-way",
        holder,
        account=holder.account,
        before={"status": before},
        after={"status": holder.status},
    )
    announce(holder, before)


def _proves_ownership(domain: SenderDomain) -> bool:
    """Did the check find a record that only this account could know?"""
    template = configuration().campaign.get(domain.template)
    return bool(template and template.proves_ownership)
