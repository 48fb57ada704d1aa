"""The verbs on lists, subscribers, their standing in lists, and suppressions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.accounts.permissions import demand
from posthouse.audience import queries, storage
from posthouse.audience.errors import LeavesAlone, ListBusy
from posthouse.audience.models import (
    Import,
    ListMembership,
    Subscriber,
    SubscriberList,
    Suppression,
)
from posthouse.audience.validation import field_changes, line, mailbox
from posthouse.core.addresses import comparison_key

SUBSCRIBED = ListMembership.Status.SUBSCRIBED
UNSUBSCRIBED = ListMembership.Status.UNSUBSCRIBED

# A person who unsubscribed or complained said so; only who runs the installation may overrule it.
_LIFTED_BY_ACCOUNT = {Suppression.Reason.MANUAL, Suppression.Reason.BOUNCED}


# --- lists ---------------------------------------------------------------------------------------
@transaction.atomic
def create_list(
    actor: Actor, account: Account, *, name: str, sender_name: str = "", sender_address: str = ""
) -> SubscriberList:
    """A new list, with nobody on it."""
    demand(actor, "edit")
    given = {"name": name, "sender_name": sender_name, "sender_address": sender_address}
    row = SubscriberList(account=account, **_list_values(given))
    _save_list(row)
    audit.record(actor, "list.create", row, account=account, after={"name": row.name})
    return row


@transaction.atomic
def change_list(actor: Actor, row: SubscriberList, **values: str) -> SubscriberList:
    """Changes the named fields (name, sender_name, sender_address), leaves the others."""
    demand(actor, "edit")
    kept = _list_values(values)
    before, after = audit.changes(row, kept)
    for name, value in kept.items():
        setattr(row, name, value)
    _save_list(row)
    if after:
        audit.record(actor, "list.change", row, account=row.account, before=before, after=after)
    return row


@transaction.atomic
def delete_list(actor: Actor, row: SubscriberList) -> None:
    """Deletes a list with its memberships and imports; the subscribers stay in the account."""
    demand(actor, "edit")
    if queries.imports_in_motion(row).exists():
        raise ListBusy(row.name)
    gone = {"gone with it": ", ".join(queries.goes_with(row))}
    audit.record(actor, "list.delete", row, account=row.account, before=gone)
    audit.announce("list.deleted", row.account, list=row.public_id)
    for finished in Import.objects.filter(list=row):
        storage.forget(finished)
    row.delete()


# --- subscribers ---------------------------------------------------------------------------------
@transaction.atomic
def save_subscriber(
    actor: Actor, account: Account, *, address: str, fields: Mapping[str, object] | None = None
) -> tuple[Subscriber, bool]:
    """The person with this address, new or known, with these fields filled; True: new.

    The address stays as it was first given; letter case makes no other person.
    """
    demand(actor, "edit")
    parsed = mailbox("address", address)
    changes = field_changes(fields or {}, queries.custom_fields())
    row, is_new = Subscriber.objects.select_for_update().get_or_create(
        account=account,
        normalised=comparison_key(parsed),
        defaults={"address": str(parsed), "fields": changes.applied({})},
    )
    if is_new:
        audit.record(actor, "subscriber.create", row, account=account)
    else:
        _write_fields(actor, row, changes.applied(row.fields))
    return row, is_new


@transaction.atomic
def change_subscriber(
    actor: Actor, subscriber: Subscriber, *, fields: Mapping[str, object]
) -> Subscriber:
    """Sets the named fields; blank clears one."""
    demand(actor, "edit")
    row = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    changes = field_changes(fields, queries.custom_fields())
    _write_fields(actor, row, changes.applied(row.fields))
    return row


@transaction.atomic
def delete_subscriber(actor: Actor, row: Subscriber) -> None:
    """Deletes a person. For lists that they left, the address stays suppressed: it is not mailed
    when somebody imports it again."""
    demand(actor, "edit")
    left = row.memberships.filter(status=UNSUBSCRIBED).select_related("list")
    for membership in left:
        Suppression.objects.get_or_create(
            account=row.account,
            list=membership.list,
            normalised=row.normalised,
            defaults={"reason": Suppression.Reason.UNSUBSCRIBED},
        )
    audit.record(actor, "subscriber.delete", row, account=row.account)
    row.delete()


# --- standing in a list --------------------------------------------------------------------------
@transaction.atomic
def add_to_list(
    actor: Actor,
    in_list: SubscriberList,
    subscriber: Subscriber,
    *,
    source: str = "by hand",
    consent: str = "",
    asked_again: bool = False,
) -> ListMembership:
    """Puts a person on a list. Who left it comes back only if they ``asked_again``."""
    demand(actor, "edit")
    Subscriber.objects.select_for_update().get(pk=subscriber.pk)  # one at a time for each person
    row = ListMembership.objects.filter(list=in_list, subscriber=subscriber).first()
    if row and row.status == SUBSCRIBED:
        return row
    departure = _departures(in_list, subscriber)
    left_at = row.changed_at if row else departure.values_list("created_at", flat=True).first()
    if left_at and not asked_again:
        raise _they_left(in_list, subscriber, left_at)
    row = row or ListMembership(account=in_list.account, list=in_list, subscriber=subscriber)
    row.status, row.source, row.changed_at = SUBSCRIBED, source, timezone.now()
    row.consent = _evidence(actor, consent)
    row.save()
    departure.delete()
    audit.record(actor, "list.add", row, account=in_list.account, after={"again": bool(left_at)})
    return row


@transaction.atomic
def add_person(
    actor: Actor,
    account: Account,
    in_list: SubscriberList,
    *,
    address: str,
    fields: Mapping[str, object] | None = None,
    **how: Any,
) -> ListMembership:
    """Puts the person with this address on a list, new to the account or known.

    ``how``: source, consent and asked_again of ``add_to_list``.
    """
    subscriber, _ = save_subscriber(actor, account, address=address, fields=fields)
    return add_to_list(actor, in_list, subscriber, **how)


@transaction.atomic
def remove_from_list(actor: Actor, membership: ListMembership) -> ListMembership:
    """The person is unsubscribed from the list, and an import does not bring them back."""
    demand(actor, "edit")
    row = ListMembership.objects.select_for_update().get(pk=membership.pk)
    if row.status == SUBSCRIBED:
        row.status, row.changed_at = UNSUBSCRIBED, timezone.now()
        row.save(update_fields=["status", "changed_at"])
        audit.record(actor, "list.remove", row, account=row.account)
        audit.announce(
            "list.left", row.account, list=row.list.public_id, subscriber=row.subscriber.public_id
        )
    return row


# --- suppressions --------------------------------------------------------------------------------
@transaction.atomic
def suppress(actor: Actor, account: Account, *, address: str) -> tuple[Suppression, bool]:
    """The address gets no mail from the account any more; True: it did until now."""
    demand(actor, "edit")
    row, is_new = Suppression.objects.get_or_create(
        account=account,
        list=None,
        normalised=comparison_key(mailbox("address", address)),
        defaults={"reason": Suppression.Reason.MANUAL},
    )
    if is_new:
        audit.record(actor, "suppression.add", row, account=account)
        audit.announce("suppression.added", account, suppression=row.public_id)
    return row, is_new


@transaction.atomic
def lift(actor: Actor, row: Suppression) -> None:
    """The address may be mailed again; raises LeavesAlone where the account has no say in it."""
    demand(actor, "edit")
    if row.reason not in _LIFTED_BY_ACCOUNT and actor.kind not in {"operator", "system"}:
        said = row.get_reason_display().lower()
        raise LeavesAlone(row.normalised, f"the person {said}. Ask your operator.")
    audit.record(actor, "suppression.lift", row, account=row.account, before={"reason": row.reason})
    row.delete()


def _list_values(values: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: line(name, values[name], 100, required=name == "name")
        for name in ("name", "sender_name")
        if name in values
    }
    if "sender_address" in values:
        typed = values["sender_address"].strip()
        kept["sender_address"] = str(mailbox("sender_address", typed)) if typed else ""
    return kept


def _save_list(row: SubscriberList) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        taken = f"There is a list “{row.name}” already; choose another name."
        raise ValidationError({"name": taken}) from None


def _write_fields(actor: Actor, row: Subscriber, fields: dict[str, Any]) -> None:
    if fields == row.fields:
        return
    changed = sorted(k for k in row.fields | fields if row.fields.get(k) != fields.get(k))
    row.fields = fields
    row.save(update_fields=["fields"])
    # The trail is kept for good: it names the fields, and not what they say of a person.
    after = {"changed": ", ".join(changed)}
    audit.record(actor, "subscriber.change", row, account=row.account, after=after)


def _departures(in_list: SubscriberList, subscriber: Subscriber) -> QuerySet[Suppression]:
    """What is kept of a person who left the list and was deleted later."""
    return Suppression.objects.filter(
        account=in_list.account,
        list=in_list,
        normalised=subscriber.normalised,
        reason=Suppression.Reason.UNSUBSCRIBED,
    )


def _they_left(in_list: SubscriberList, subscriber: Subscriber, at: datetime) -> ValidationError:
    sentence = (
        f"{subscriber.address} left the list {in_list.name} on {at:%-d %B %Y}. "
        "Add them again only if they asked for it."
    )
    return ValidationError({"address": ValidationError(sentence, code="left")})


def _evidence(actor: Actor, consent: str) -> dict[str, str]:
    text = line("consent", consent, 200, required=False)
    return {"by": actor.name} | ({"text": text} if text else {})
