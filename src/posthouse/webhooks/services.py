"""The verbs on webhooks: set up, change, new secret, switch, test, send again."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.accounts.permissions import demand
from posthouse.webhooks import secrets
from posthouse.webhooks.addresses import UrlRefused, checked_url
from posthouse.webhooks.errors import StillWaiting, SwitchedOff
from posthouse.webhooks.events import body_of
from posthouse.webhooks.kinds import KINDS, TEST
from posthouse.webhooks.models import Call, Endpoint

MOST = 20  # webhooks of an account
OLD_SECRET_FOR = timedelta(hours=24)  # so long both secrets sign, and nobody misses a call


@transaction.atomic
def create(actor: Actor, account: Account, **values: Any) -> tuple[Endpoint, str]:
    """A webhook and its secret, which is shown once; takes url, kinds, description."""
    demand(actor, "edit")
    Account.objects.select_for_update().get(pk=account.pk)
    if Endpoint.objects.filter(account=account).count() >= MOST:
        raise ValidationError({"url": f"The account has {MOST} webhooks already. Delete one."})
    endpoint = Endpoint(account=account)
    _fill(endpoint, {"url": "", "kinds": []} | values)
    secret = _give_secret(endpoint)
    endpoint.save()
    after = {"url": endpoint.url, "kinds": endpoint.kinds}
    audit.record(actor, "webhook.create", endpoint, account=account, after=after)
    return endpoint, secret


@transaction.atomic
def change(actor: Actor, endpoint: Endpoint, **values: Any) -> Endpoint:
    """Changes url, kinds or description; calls that wait go to the new URL."""
    row = _locked(actor, endpoint)
    before, after = _fill(row, values)
    row.save()
    if after:
        audit.record(actor, "webhook.change", row, account=row.account, before=before, after=after)
    return row


@transaction.atomic
def rotate_secret(actor: Actor, endpoint: Endpoint) -> tuple[Endpoint, str]:
    """A new secret, shown once; for a day the old one signs beside it."""
    row = _locked(actor, endpoint)
    row.old_secret, row.old_secret_until = row.secret, timezone.now() + OLD_SECRET_FOR
    secret = _give_secret(row)
    row.save()
    audit.record(actor, "webhook.secret", row, account=row.account)
    return row, secret


@transaction.atomic
def switch_on(actor: Actor, endpoint: Endpoint) -> Endpoint:
    """Events are sent there again, from now on."""
    row = _locked(actor, endpoint)
    row.state, row.reason, row.failing_since = Endpoint.State.ON, "", None
    row.save()
    audit.record(actor, "webhook.on", row, account=row.account)
    return row


@transaction.atomic
def switch_off(actor: Actor, endpoint: Endpoint, reason: str = "") -> Endpoint:
    """No more calls; what waits has failed, and can be sent again later."""
    row = _locked(actor, endpoint)
    row.state, row.reason = Endpoint.State.OFF, reason or f"Switched off by {actor.name}."
    row.save()
    Call.objects.filter(endpoint=row, state=Call.State.PENDING).update(
        state=Call.State.FAILED,
        ended_at=timezone.now(),
        next_attempt_at=None,
        claim="",
        problem="The webhook was switched off.",
    )
    audit.record(actor, "webhook.off", row, account=row.account, after={"reason": row.reason})
    return row


@transaction.atomic
def delete(actor: Actor, endpoint: Endpoint) -> None:
    """The webhook and the history of its calls are gone."""
    row = _locked(actor, endpoint)
    audit.record(actor, "webhook.delete", row, account=row.account, before={"url": row.url})
    row.delete()


@transaction.atomic
def send_test(actor: Actor, endpoint: Endpoint) -> Call:
    """A call that says nothing but that it is a test; the worker makes it at once."""
    row = _locked(actor, endpoint)
    _demand_on(row)
    body = body_of(TEST, timezone.now(), {"webhook": row.public_id})
    call = Call.objects.create(account=row.account, endpoint=row, kind=TEST, body=body)
    audit.record(actor, "webhook.test", row, account=row.account, after={"call": call.public_id})
    return call


@transaction.atomic
def redeliver(actor: Actor, call: Call) -> Call:
    """Makes a call that ended once more, with the same id and octets, tried as often as a new."""
    endpoint = _locked(actor, call.endpoint)
    _demand_on(endpoint)
    if not _again(Call.objects.filter(pk=call.pk)):
        raise StillWaiting
    call.refresh_from_db()
    audit.record(
        actor, "webhook.redeliver", endpoint, account=call.account, after={"call": call.public_id}
    )
    return call


@transaction.atomic
def redeliver_failed(actor: Actor, endpoint: Endpoint) -> int:
    """Makes all calls again that are in the history as failed; how many they are."""
    row = _locked(actor, endpoint)
    _demand_on(row)
    count = _again(Call.objects.filter(endpoint=row, state=Call.State.FAILED))
    if count:
        audit.record(
            actor, "webhook.redeliver", row, account=row.account, after={"failed calls": count}
        )
    return count


def _again(calls: Any) -> int:
    ended = calls.exclude(state=Call.State.PENDING)
    return int(
        ended.update(
            state=Call.State.PENDING,
            attempts=0,
            next_attempt_at=timezone.now(),
            ended_at=None,
            claim="",
        )
    )


def _locked(actor: Actor, endpoint: Endpoint) -> Endpoint:
    demand(actor, "edit")
    rows = Endpoint.objects.select_for_update(of=("self",)).select_related("account")
    return rows.get(pk=endpoint.pk)


def _demand_on(endpoint: Endpoint) -> None:
    if not endpoint.is_on:
        raise SwitchedOff(endpoint.url)


def _fill(endpoint: Endpoint, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    kept = dict(values)
    if "url" in kept:
        kept["url"] = _url(kept["url"])
    if "kinds" in kept:
        kept["kinds"] = _kinds(kept["kinds"])
    before, after = audit.changes(endpoint, kept)
    for name, value in kept.items():
        setattr(endpoint, name, value)
    endpoint.clean_fields(exclude=["account", "secret"])
    return before, after


def _url(text: str) -> str:
    try:
        return checked_url(text, settings.WEBHOOKS_ALLOWED_NETWORKS)
    except UrlRefused as refused:
        raise ValidationError({"url": str(refused)}) from refused


def _kinds(names: Iterable[str]) -> list[str]:
    chosen = list(dict.fromkeys(names))
    if unknown := [name for name in chosen if name not in KINDS]:
        raise ValidationError({"kinds": f"There are no events of the kind {unknown[0]!r}."})
    if not chosen:
        raise ValidationError({"kinds": "Choose at least one kind of event."})
    return [name for name in KINDS if name in chosen]


def _give_secret(endpoint: Endpoint) -> str:
    secret = secrets.made()
    endpoint.secret = secrets.sealed(endpoint, secret)
    return secret
