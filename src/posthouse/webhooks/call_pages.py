"""The calls of a webhook: one in full, made again, and tests."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.http.live import live
from posthouse.webhooks import queries, services
from posthouse.webhooks.errors import WebhookRefused
from posthouse.webhooks.kinds import LABELS
from posthouse.webhooks.models import Call
from posthouse.webhooks.pages import find, to


@account_page("edit")
def show(request: AccountRequest, webhook: str, call: str) -> HttpResponse:
    """What was sent, and what came back each time."""
    return render(request, "webhooks/call.html", _about(webhook, call))


@account_page("edit")
def standing(request: AccountRequest, webhook: str, call: str) -> HttpResponse:
    """The part that refreshes by itself while the call waits."""
    context = _about(webhook, call)
    return live(request, "webhooks/attempts.html", context, moving=context["moving"])


@require_POST
@account_page("edit")
def test(request: AccountRequest, webhook: str) -> HttpResponse:
    """Sends a test, and shows what comes of it."""
    endpoint = find(webhook)
    try:
        call = services.send_test(request.actor, endpoint)
    except WebhookRefused as refused:
        messages.error(request, str(refused))
        return to(request, endpoint)
    return _to_call(request, webhook, call)


@require_POST
@account_page("edit")
def again(request: AccountRequest, webhook: str, call: str) -> HttpResponse:
    """Makes a call that ended once more."""
    row = queries.find_call(find(webhook), call)
    try:
        services.redeliver(request.actor, row)
    except WebhookRefused as refused:
        messages.error(request, str(refused))
    return _to_call(request, webhook, row)


@require_POST
@account_page("edit")
def again_failed(request: AccountRequest, webhook: str) -> HttpResponse:
    """Makes all calls again that have failed."""
    endpoint = find(webhook)
    try:
        count = services.redeliver_failed(request.actor, endpoint)
    except WebhookRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{count} {'call is' if count == 1 else 'calls are'} made again.")
    return to(request, endpoint)


def _to_call(request: AccountRequest, webhook: str, call: Call) -> HttpResponse:
    return redirect(
        "webhooks:call", slug=request.account.slug, webhook=webhook, call=call.public_id
    )


def _about(webhook: str, public_id: str) -> dict[str, Any]:
    endpoint = find(webhook)
    call = queries.find_call(endpoint, public_id)
    return {
        "webhook": endpoint,
        "call": call,
        "label": LABELS.get(call.kind, call.kind),
        "attempts": queries.attempts(call)[:50],
        "body": json.dumps(json.loads(call.body), indent=2, ensure_ascii=False),
        "moving": call.state == Call.State.PENDING,
    }
