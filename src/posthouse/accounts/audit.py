"""Writes the audit trail and the events outbox, in the transaction of the change they tell of."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account, AuditRecord, Event


def record(
    actor: Actor,
    verb: str,
    row: Model,
    *,
    account: Account | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Keeps who did what to which row. Values are JSON; secrets never go in."""
    AuditRecord.objects.create(
        actor_kind=actor.kind,
        actor_name=actor.name,
        user=actor.user,
        account=account,
        verb=verb,
        object_kind=str(row._meta.verbose_name),
        object_id=str(getattr(row, "public_id", row.pk)),
        object_name=str(row)[:254],
        before=dict(before or {}),
        after=dict(after or {}),
    )


def announce(kind: str, account: Account | None = None, **payload: Any) -> None:
    """Tells whoever listens (campaigns, webhooks, notices) that something came to pass."""
    Event.objects.create(kind=kind, account=account, payload=payload)


def changes(row: Model, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that differ, as (before, after), both plain JSON."""
    differing = {name for name, value in values.items() if getattr(row, name) != value}
    before = {name: plain(getattr(row, name)) for name in sorted(differing)}
    after = {name: plain(values[name]) for name in sorted(differing)}
    return before, after


def plain(value: Any) -> Any:
    """What JSON can hold of it: texts and numbers as they are, rows by name."""
    return value if isinstance(value, str | int | bool | type(None)) else str(value)
