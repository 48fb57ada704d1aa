"""Keeps what a call came to, decides when it is made again, and when a webhook is switched off."""

import random
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from posthouse.accounts import notices
from posthouse.accounts.actors import SYSTEM
from posthouse.webhooks import schedule, services
from posthouse.webhooks.claims import Outgoing
from posthouse.webhooks.kinds import TEST
from posthouse.webhooks.models import Call, CallAttempt, Endpoint
from posthouse.webhooks.posting import Answer

_GONE = 410
_GONE_REASON = "It answered 410 Gone: nobody is there to be told any more."
_FAILING_REASON = "Nothing has reached it for {days} days. The last call came to: {answer}"


@transaction.atomic
def settle(outgoing: Outgoing, answer: Answer) -> None:
    """Writes the attempt down, and the call and its webhook as they stand now."""
    now = timezone.now()
    rows = Endpoint.objects.select_for_update(of=("self",)).select_related("account")
    endpoint = rows.filter(pk=outgoing.endpoint).first()  # before the call, as everybody does
    call = Call.objects.filter(
        pk=outgoing.call, claim=outgoing.claim, state=Call.State.PENDING
    ).first()
    if endpoint is None or call is None:
        return  # deleted, switched off, or another worker's by now
    _remember(call, endpoint, answer, now)
    if answer.succeeded:
        _end(call, Call.State.DELIVERED, now)
        endpoint.failing_since = None
        endpoint.save()
        return
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.save()
    _fail(call, endpoint, answer, now)


def _remember(call: Call, endpoint: Endpoint, answer: Answer, now: datetime) -> None:
    CallAttempt.objects.create(
        account_id=call.account_id,
        call=call,
        at=now,
        status=answer.status,
        problem=answer.problem,
        excerpt=answer.excerpt,
        milliseconds=answer.milliseconds,
    )
    call.status, call.problem, call.claim = answer.status, answer.problem, ""
    endpoint.answered_at = now
    endpoint.answer = answer.problem or f"It answered {answer.status}."


def _fail(call: Call, endpoint: Endpoint, answer: Answer, now: datetime) -> None:
    """Again later, or never; a test is made once, since somebody is waiting for its answer."""
    wished = schedule.retry_after(answer.retry_after, now) if answer.retry_after else None
    again = schedule.next_attempt(now, call.attempts, wished, random.random())  # noqa: S311
    if answer.status == _GONE:
        _end(call, Call.State.FAILED, now)
        _switch_off(endpoint, _GONE_REASON)
    elif again and call.kind != TEST:
        call.next_attempt_at = again
        call.save()
    else:
        _end(call, Call.State.FAILED, now)
        if call.kind != TEST and _fails_for_long(endpoint, now):
            days = schedule.SWITCHED_OFF_AFTER.days
            _switch_off(endpoint, _FAILING_REASON.format(days=days, answer=endpoint.answer))


def _end(call: Call, state: Call.State, now: datetime) -> None:
    call.state, call.ended_at, call.next_attempt_at = state, now, None
    call.save()


def _fails_for_long(endpoint: Endpoint, now: datetime) -> bool:
    since = endpoint.failing_since
    return since is not None and now - since >= schedule.SWITCHED_OFF_AFTER


def _switch_off(endpoint: Endpoint, reason: str) -> None:
    services.switch_off(SYSTEM, endpoint, reason[:300])
    account = endpoint.account
    notices.tell(
        account,
        f"A webhook of {account.name} was switched off",
        f"{endpoint.url} is told of no more events. {reason} Calls that waited are in its "
        "history and can be sent again once it is switched on.",
        reverse("webhooks:show", args=[account.slug, endpoint.public_id]),
    )
