"""Keeps what a check of a sender domain found, and moves the domain's status by it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import SYSTEM, Actor
from posthouse.core.dns.records import Record
from posthouse.core.verification import grace
from posthouse.core.verification.checks import CheckResult, Verdict
from posthouse.core.verification.diagnosis import Diagnosis
from posthouse.core.verification.status import Status, after_check
from posthouse.domains import claims, keys, ownership, proofs
from posthouse.domains.errors import NameHeld
from posthouse.domains.examine import Examination
from posthouse.domains.models import DomainCheck, DomainKey, DomainRecord, SenderDomain
from posthouse.domains.services import announce
from posthouse.domains.turns import take_turn

KEPT_CHECKS = 200  # of one domain, however often somebody asks
_MOST_SEEN, _LONGEST_SEEN = 10, 500  # a stranger's zone may hold 64 kB at one name
_KEPT_OF_RECORD = ("state", "code", "seen", "finding", "advice")


@dataclass(frozen=True, slots=True)
class Asked:
    """A domain whose records are being looked up: as it was when that began."""

    domain: SenderDomain
    rows: tuple[DomainRecord, ...]

    @property
    def records(self) -> list[Record]:
        """The records to look up, in the order of `rows`."""
        return [row.as_published() for row in self.rows]

    @property
    def earlier(self) -> list[Record]:
        """The ownership records of earlier sets, which prove nothing any more."""
        return proofs.earlier(self.domain)

    @property
    def closely(self) -> bool:
        """Whether to look behind what is right: before a domain sends, and while it has trouble."""
        return self.domain.status != SenderDomain.Status.ENABLED or self.domain.failures_in_row > 0


@dataclass(frozen=True, slots=True)
class Settled:
    """The domain after the check; `held`: all is right, but the name is another account's."""

    domain: SenderDomain
    held: NameHeld | None = None


def asked_of(domain: SenderDomain) -> Asked:
    """What to look up for the domain."""
    rows = list(domain.records.all())
    prefetch_related_objects([row for row in rows if not row.required], "key")
    wanted = (row for row in rows if row.is_wanted)
    return Asked(domain, tuple(sorted(wanted, key=lambda row: row.position)))


@transaction.atomic
def settle(actor: Actor, asked: Asked, examination: Examination) -> Settled:
    """Keeps the answers; moves nothing if the records were made anew while DNS was asked."""
    take_turn(asked.domain.registered)
    domain = SenderDomain.objects.select_for_update().get(pk=asked.domain.pk)
    if not _is_still(asked, domain):
        return Settled(domain)
    domain.account = asked.domain.account
    _keep(asked.rows, examination.diagnoses)
    domain.advice = [each.told for each in examination.advice]
    domain.dns_provider = examination.provider or domain.dns_provider
    before = Status(domain.status)
    coming = keys.put_to_work(actor, domain, asked.rows)
    held = _move(actor, domain, examination, coming)
    domain.save()
    _remember(actor, domain, examination)
    if actor is not SYSTEM or domain.status != before:
        _record(actor, domain, before, examination.result)
    announce(domain, before)
    return Settled(domain, held)


def _is_still(asked: Asked, domain: SenderDomain) -> bool:
    """True if the domain has the records that were looked up; none of them came in meanwhile."""
    counting = domain.records.filter(required=True).values_list("pk", flat=True)
    return domain.random == asked.domain.random and set(counting) == {
        row.pk for row in asked.rows if row.required
    }


def _keep(rows: Sequence[DomainRecord], diagnoses: Sequence[Diagnosis]) -> None:
    changed = []
    for row, diagnosis in zip(rows, diagnoses, strict=True):
        before = [getattr(row, field) for field in _KEPT_OF_RECORD]
        row.state, row.code = diagnosis.verdict, diagnosis.fault
        row.seen = [value[:_LONGEST_SEEN] for value in diagnosis.seen[:_MOST_SEEN]]
        row.finding = diagnosis.problem
        row.advice = " ".join(part for part in (diagnosis.advice, diagnosis.visible) if part)
        if before != [getattr(row, field) for field in _KEPT_OF_RECORD]:
            changed.append(row)
    DomainRecord.objects.bulk_update(changed, _KEPT_OF_RECORD)


def _move(
    actor: Actor, domain: SenderDomain, examination: Examination, coming: Sequence[DomainKey]
) -> NameHeld | None:
    """Sets what the check makes of the domain; NameHeld if the name is another account's."""
    now, result = timezone.now(), examination.result
    before = Status(domain.status)
    chance = random.random()  # noqa: S311 (a spread, no secret)
    domain.checked_at = now
    if grace.counts(result, domain.failed_at, now, settings.DNS_RECHECK):
        held = _count(actor, domain, before, examination)
    else:
        held = None
    usual = grace.next_check(
        now,
        result,
        settings.DNS_RECHECK,
        chance,
        is_sending=domain.status != SenderDomain.Status.PENDING,
        waited=now - (domain.waiting_since or now),
        clears_in=examination.clears_in,
    )
    domain.next_check_at = keys.sooner(usual, now, coming)
    return held


def _count(
    actor: Actor, domain: SenderDomain, before: Status, examination: Examination
) -> NameHeld | None:
    """Lets the check move the domain; NameHeld if the name is another account's."""
    result = examination.result
    status, domain.failures_in_row, domain.proven = after_check(
        before, result, domain.failures_in_row, proven=domain.proven
    )
    if result is CheckResult.VERIFIED:
        return _pass(actor, domain, status)
    if result is CheckResult.FAILED:
        domain.failed_at = domain.checked_at
        _fail(domain, before, status, examination)
    return None


def _pass(actor: Actor, domain: SenderDomain, status: Status) -> NameHeld | None:
    domain.verified_at, domain.failed_at, domain.warning = domain.checked_at, None, ""
    domain.owner_proven = ownership.proves(domain)
    if status is Status.ENABLED:
        held = claims.take_name(actor, domain)
        if held:
            domain.warning = str(held)
            return held
    domain.status = SenderDomain.Status(status.value)
    return None


def _fail(domain: SenderDomain, before: Status, status: Status, examination: Examination) -> None:
    domain.status = SenderDomain.Status(status.value)
    if status is Status.PENDING:
        domain.holds_name = domain.owner_proven = False
        if before is not status:
            domain.waiting_since = domain.checked_at
    if before is Status.ENABLED:
        failing = _failing(examination)
        names = [f"{record.host} ({record.type})" for record, _ in failing]
        domain.warning = grace.warning(domain.failures_in_row, names, len(_required(examination)))
        audit.announce(
            "domain.warning",
            domain.account,
            domain=domain.pk,
            failures=domain.failures_in_row,
            warning=domain.warning,
        )


def _remember(actor: Actor, domain: SenderDomain, examination: Examination) -> None:
    failing, total = _failing(examination), len(_required(examination))
    wrong = [
        {"host": record.host, "type": record.type, "state": verdict} for record, verdict in failing
    ]
    if actor is SYSTEM and _said_already(domain, examination.result, wrong):
        return
    DomainCheck.objects.create(
        account_id=domain.account_id,
        domain=domain,
        at=domain.checked_at or timezone.now(),
        by=actor.name,
        result=examination.result.value,
        status=domain.status,
        right=total - len(failing),
        total=total,
        wrong=wrong,
    )
    if actor is not SYSTEM:
        kept = domain.checks.order_by("-id").values_list("pk", flat=True)
        last = kept[KEPT_CHECKS - 1 : KEPT_CHECKS].first() if kept.count() > KEPT_CHECKS else None
        if last:
            domain.checks.filter(pk__lt=last).delete()


def _said_already(domain: SenderDomain, result: CheckResult, wrong: list[dict[str, Any]]) -> bool:
    """A domain that waits is looked at often; its history tells when something changed."""
    if domain.status != SenderDomain.Status.PENDING:
        return False
    last = domain.checks.order_by("-id").first()
    return last is not None and (last.result, last.status, last.wrong) == (
        result.value,
        domain.status,
        wrong,
    )


def _required(examination: Examination) -> list[Diagnosis]:
    """Those of the records on which the domain depends."""
    return [each for each in examination.diagnoses if each.finding.record.required]


def _failing(examination: Examination) -> list[tuple[Record, Verdict]]:
    return [
        (each.finding.record, each.verdict)
        for each in _required(examination)
        if each.verdict is not Verdict.OK
    ]


def _record(actor: Actor, domain: SenderDomain, before: Status, result: CheckResult) -> None:
    audit.record(
        actor,
        "domain.verify",
        domain,
        account=domain.account,
        before={"status": before},
        after={"status": domain.status, "result": result},
    )
