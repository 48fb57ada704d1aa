"""Settings > Webhooks: where the account is told of events, and whether that works."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.forms import posted, saved
from posthouse.http.filters import chosen, with_tabs
from posthouse.http.paging import page
from posthouse.http.states import LOOKS
from posthouse.webhooks import queries, services
from posthouse.webhooks.forms import EndpointForm
from posthouse.webhooks.kinds import LABELS
from posthouse.webhooks.models import Call, Endpoint

_STATES = {str(state): LOOKS["call"][state].word for state in Call.State}


@account_page("edit")
def listing(request: AccountRequest) -> HttpResponse:
    """The account's webhooks and how each stands."""
    return render(request, "webhooks/list.html", {"webhooks": queries.counted_endpoints()})


@account_page("edit")
def new(request: AccountRequest) -> HttpResponse:
    """Asks where to and what about; then shows the secret, this once."""
    form = EndpointForm(posted(request))
    if request.method == "POST" and (
        made := saved(form, services.create, request.actor, request.account)
    ):
        return _with_secret(request, *made)
    return render(request, "webhooks/write.html", {"form": form})


@account_page("edit")
def show(request: AccountRequest, webhook: str) -> HttpResponse:
    """One webhook and the history of its calls."""
    endpoint = find(webhook)
    wanted = chosen(request.GET, _STATES)
    counts = queries.counts(endpoint)
    rows = queries.calls(endpoint, wanted.state, wanted.words)
    found = page(rows, request.GET.get("cursor", ""))
    context = {
        "webhook": endpoint,
        "kinds": [(name, LABELS.get(name, name)) for name in endpoint.kinds],
        "calls": [(call, LABELS.get(call.kind, call.kind)) for call in found.rows],
        "page": found,
        "filters": with_tabs(wanted, _STATES, counts),
        "failed": counts.get(Call.State.FAILED, 0),
    }
    return render(request, "webhooks/show.html", context)


@account_page("edit")
def edit(request: AccountRequest, webhook: str) -> HttpResponse:
    """Another URL, other events."""
    endpoint = find(webhook)
    form = EndpointForm(posted(request), endpoint=endpoint)
    if (
        request.method == "POST"
        and saved(form, services.change, request.actor, endpoint) is not None
    ):
        messages.success(request, "The webhook was saved.")
        return to(request, endpoint)
    return render(request, "webhooks/write.html", {"form": form, "webhook": endpoint})


@account_page("edit")
def secret(request: AccountRequest, webhook: str) -> HttpResponse:
    """Asks, then makes a new secret and shows it, this once."""
    endpoint = find(webhook)
    if request.method == "POST":
        return _with_secret(request, *services.rotate_secret(request.actor, endpoint))
    return _confirm(
        request,
        endpoint,
        "A new secret",
        [
            "For 24 hours calls are signed with both secrets, so that none is refused meanwhile.",
            "Afterwards the old secret signs nothing any more.",
        ],
        "Make a new secret",
    )


@account_page("edit")
def switch(request: AccountRequest, webhook: str) -> HttpResponse:
    """Switches on at once; asks before switching off."""
    endpoint = find(webhook)
    if request.method == "POST":
        if request.POST.get("to") == "on":
            services.switch_on(request.actor, endpoint)
            messages.success(request, "The webhook is on: it is told of events from now on.")
        else:
            services.switch_off(request.actor, endpoint)
            messages.success(request, "The webhook is off.")
        return to(request, endpoint)
    return _confirm(
        request,
        endpoint,
        f"Switch off {endpoint.url}",
        [
            "It is told of no more events; what happens meanwhile is not sent later.",
            "Calls that wait end as failed, and can be sent again once it is on.",
        ],
        "Switch off",
    )


@account_page("edit")
def delete(request: AccountRequest, webhook: str) -> HttpResponse:
    """Says what goes, asks, and deletes."""
    endpoint = find(webhook)
    if request.method == "POST":
        services.delete(request.actor, endpoint)
        messages.success(request, f"The webhook {endpoint.url} was deleted.")
        return redirect("webhooks:list", slug=request.account.slug)
    consequences = ["It is told of no more events.", "The history of its calls is gone."]
    return _confirm(
        request, endpoint, f"Delete {endpoint.url}", consequences, "Delete the webhook", tone="red"
    )


def find(public_id: str) -> Endpoint:
    """The webhook of the account in scope."""
    return access.find(queries.endpoints(), public_id)


def to(request: AccountRequest, endpoint: Endpoint) -> HttpResponse:
    """Back to the webhook's page."""
    return redirect("webhooks:show", slug=request.account.slug, webhook=endpoint.public_id)


def _with_secret(request: AccountRequest, endpoint: Endpoint, text: str) -> HttpResponse:
    response = render(request, "webhooks/secret.html", {"webhook": endpoint, "text": text})
    response["Cache-Control"] = "no-store"
    return response


def _confirm(
    request: AccountRequest,
    endpoint: Endpoint,
    title: str,
    consequences: list[str],
    action: str,
    **more: Any,
) -> HttpResponse:
    back = reverse("webhooks:show", args=[request.account.slug, endpoint.public_id])
    context = {"title": title, "consequences": consequences, "action": action, "back": back}
    return render(request, "http/confirm.html", context | more)
