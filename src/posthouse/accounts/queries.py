"""Reads of accounts worth a name: who is in what, and what was done."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from posthouse.accounts.models import (
    Account,
    ApiKey,
    AuditRecord,
    Membership,
    Role,
    User,
    UserGroup,
)
from posthouse.core.channels import Channel


@dataclass(frozen=True, slots=True)
class LoggedValue:
    """A value that an action set; ``changed`` where there was one before."""

    name: str
    before: Any
    after: Any
    changed: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """A record of the log, with its values side by side."""

    record: AuditRecord
    values: tuple[LoggedValue, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """How an account's mail of one channel leaves: by its own server, else by the group's."""

    channel: Channel
    own: str
    shared: str
    company: int  # accounts that share the group's server by being in the group, itself included


def ways_of(account: Account) -> list[Way]:
    """What is the account's own and what it shares, channel by channel (R02, R10)."""
    own = dict(account.allocations.values_list("channel", "server__name"))
    shared = dict(account.group.allocations.values_list("channel", "server__name"))
    company = account.group.accounts.count()
    return [
        Way(channel, own.get(channel, ""), shared.get(channel, ""), company) for channel in Channel
    ]


def groups() -> QuerySet[UserGroup]:
    """All groups, by name, with ``accounts_count``."""
    return UserGroup.objects.annotate(accounts_count=Count("accounts")).order_by("name")


def accounts(q: str = "", group: str = "", status: str = "") -> QuerySet[Account]:
    """Accounts with their group; ``group`` is a public id, ``q`` a part of the name."""
    found = Account.objects.select_related("group").prefetch_related("allocations__server")
    if q:
        found = found.filter(Q(name__icontains=q) | Q(slug__icontains=q))
    if group:
        found = found.filter(group__public_id=group)
    return found.filter(status=status) if status else found


def people(q: str = "", *, operators: bool = False) -> QuerySet[User]:
    """People whose name or address has ``q`` in it, with the accounts they are in."""
    found = User.objects.prefetch_related("memberships__account")
    if q:
        found = found.filter(Q(name__icontains=q) | Q(email__icontains=q))
    return found.filter(is_operator=True) if operators else found


def team(account: Account) -> QuerySet[Membership]:
    """The members of an account: owners first, then by address."""
    rank = Case(*(When(role=role, then=Value(place)) for place, role in enumerate(Role)))
    rows = Membership.objects.select_related("user").filter(account=account)
    return rows.order_by(rank, "user__email")


def keys() -> QuerySet[ApiKey]:
    """The API keys of the account in scope, working ones first, newest first."""
    rows: QuerySet[ApiKey] = ApiKey.objects.select_related("created_by")
    return rows.order_by(F("revoked_at").asc(nulls_first=True), "-pk")


def log(account: str = "", verb: str = "", actor: str = "") -> QuerySet[AuditRecord]:
    """The log of actions; ``account`` is a slug, ``verb`` begins it, ``actor`` is a part of it."""
    found = AuditRecord.objects.select_related("account")
    if account:
        found = found.filter(account__slug=account)
    if verb:
        found = found.filter(verb__startswith=verb)
    return found.filter(actor_name__icontains=actor) if actor else found


def log_line(record: AuditRecord) -> LogLine:
    """What a record's values were, and what they became; what was only before is gone."""
    before, after = record.before, record.after
    values = (
        LoggedValue(name, before.get(name), after.get(name, "–"), name in before)
        for name in {**before, **after}
    )
    return LogLine(record, tuple(values))


def verbs() -> list[str]:
    """What the log knows of, by name: ``account.create``, ``campaign.send``."""
    return list(AuditRecord.objects.order_by("verb").values_list("verb", flat=True).distinct())
