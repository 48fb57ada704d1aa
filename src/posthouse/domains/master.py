"""Checks the operator's own domain: looks it up, and keeps what was found for the page."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.dns_configuration import configuration
from posthouse.accounts.permissions import demand_operator
from posthouse.core.composition.dkim import UnusableKey, load_key
from posthouse.core.dns.answers import Answer, Question
from posthouse.core.dns.masterdomain import (
    INHERITED,
    Expected,
    MasterFinding,
    State,
    expected,
    judge,
    next_questions,
    public_key_of,
)
from posthouse.domains.checking import name_servers
from posthouse.domains.models import DomainRecord, MasterCheck, SenderDomain
from posthouse.domains.resolver import TOTAL_SECONDS, Resolver, look_up

ROUNDS = 8  # an SPF policy that includes, which includes, ...
SECONDS = 3 * TOTAL_SECONDS  # for all of them


@dataclass(frozen=True, slots=True)
class LastCheck:
    """What the page shows: findings as rows, and whether all of them are fine."""

    at: datetime
    findings: list[dict[str, Any]]
    fine: bool


def check(actor: Actor) -> MasterCheck:
    """Looks everything up now (up to 30 seconds); the newest findings replace the older ones."""
    demand_operator(actor)
    findings = _look()
    with transaction.atomic():
        row = _keep(findings)
        audit.record(actor, "master-domain.check", row)
    return row


def check_due() -> bool:
    """Checks again what was checked a day ago, once an Enabled domain leads there; was it done?

    Forecasts rest on it. While something cannot be looked up, what was found earlier stays.
    """
    last = MasterCheck.objects.first()
    leading = DomainRecord.objects.filter(domain__status=SenderDomain.Status.ENABLED, type="CNAME")
    if (last and last.at > timezone.now() - settings.DNS_RECHECK) or not leading.exists():
        return False
    findings = _look()
    if last and any(finding.state is State.COULD_NOT_CHECK for finding in findings):
        return False
    with transaction.atomic():
        _keep(findings)
    return True


def answers_about(wanted: Expected) -> dict[Question, Answer]:
    """All that DNS says of what is wanted; what is not known within SECONDS is not there."""
    return asyncio.run(_ask(wanted))


def _look() -> tuple[MasterFinding, ...]:
    wanted = expected(configuration(), _public_key())
    return judge(wanted, answers_about(wanted))


def _keep(findings: tuple[MasterFinding, ...]) -> MasterCheck:
    MasterCheck.objects.all().delete()
    return MasterCheck.objects.create(findings=[asdict(finding) for finding in findings])


def last_check() -> LastCheck | None:
    """The findings of the last check; None before the first."""
    row = MasterCheck.objects.first()
    if row is None:
        return None
    findings = [each | {"inherited": INHERITED.get(each["check"], "")} for each in row.findings]
    return LastCheck(row.at, findings, all(each["state"] == State.OK for each in findings))


def _public_key() -> str:
    """The public half of the key that this installation signs with; empty without one."""
    pem: str = settings.DKIM_PRIVATE_KEY
    if not pem:
        return ""
    try:
        return public_key_of(load_key(pem.encode(), "localhost", "key").private)
    except UnusableKey:
        return ""  # `posthouse check` and the engine say what is wrong with it


async def _ask(wanted: Expected) -> dict[Question, Answer]:
    servers = name_servers()
    resolver = Resolver(servers.resolvers, at_once=servers.at_once)
    answers: dict[Question, Answer] = {}
    end = asyncio.get_running_loop().time() + SECONDS
    for _ in range(ROUNDS):
        questions = next_questions(wanted, answers)
        left = end - asyncio.get_running_loop().time()
        if not questions or left <= 0:
            break
        answers |= await look_up(questions, resolver, total=min(left, TOTAL_SECONDS))
    return answers
