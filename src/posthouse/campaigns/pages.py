"""Campaigns of an account: the list, sending, pausing, resuming, cancelling, copying."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from posthouse.accounts.actors import Actor
from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.permissions import may
from posthouse.campaigns import queries, reviews, services
from posthouse.campaigns.errors import CampaignRefused
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.progress import counts_of, progress_of
from posthouse.campaigns.states import MOVING, State
from posthouse.http.filters import chosen, with_tabs
from posthouse.http.live import live
from posthouse.http.paging import page

_STATES = dict(State.choices)


@account_page()
def listing(request: AccountRequest) -> HttpResponse:
    """Campaigns by state, newest first; the rows refresh while one of them moves."""
    wanted = chosen(request.GET, _STATES)
    found = page(queries.campaigns(wanted.state, wanted.words), request.GET.get("cursor", ""))
    moving = any(row.shown_state in MOVING for row in found.rows)
    context = {
        "rows": [(row, counts_of(row.dispatch)) for row in found.rows],
        "page": found,
        "moving": moving,
        "may_write": may(request.actor, "edit"),
    }
    if request.htmx:
        return live(request, "campaigns/rows.html", context, moving=moving)
    context["filters"] = with_tabs(wanted, _STATES, queries.counts_by_state(wanted.words))
    return render(request, "campaigns/list.html", context)


@account_page("send")
def send(request: AccountRequest, campaign: str) -> HttpResponse:
    """Says who gets what from whom and on which way; sends after a yes."""
    row = queries.find(campaign)
    if not row.is_draft:
        messages.info(request, f"{row.name} is {State(row.shown_state).label} already.")
        return to(request, "show", row)
    if request.method == "POST":
        return _send(request, row)
    review = reviews.review(reviews.draft_of(row))
    if review.stops:
        return _not_ready(request, row)
    context = {"campaign": row, "review": review, "lists": queries.lists_of(row)}
    return render(request, "campaigns/send.html", context)


@require_POST
@account_page("send")
def pause(request: AccountRequest, campaign: str) -> HttpResponse:
    """Stops for a while."""
    return _turn(request, campaign, services.pause)


@require_POST
@account_page("send")
def resume(request: AccountRequest, campaign: str) -> HttpResponse:
    """Goes on."""
    return _turn(request, campaign, services.resume)


@account_page("send")
def cancel(request: AccountRequest, campaign: str) -> HttpResponse:
    """Says what a cancelled campaign is, asks, and cancels."""
    if request.method == "POST":
        return _turn(request, campaign, services.cancel)
    row = queries.find(campaign)
    waiting = progress_of(row).waiting
    consequences = [
        "What has left cannot be called back, and the few messages just being handed over leave.",
        f"Whoever still waits for it ({_people(waiting)}) never gets it: it cannot be resumed.",
        "To stop for a while only, pause it instead.",
    ]
    return _ask(request, row, f"Cancel {row.name}", consequences, keep="Keep it")


@account_page("edit")
def delete(request: AccountRequest, campaign: str) -> HttpResponse:
    """Asks, and deletes a draft."""
    row = queries.find(campaign)
    if request.method != "POST":
        return _ask(request, row, f"Delete {row.name}", ["The draft and its text are gone."])
    try:
        services.delete(request.actor, row)
        messages.success(request, f"{row.name} was deleted.")
    except CampaignRefused as refused:
        messages.error(request, str(refused))
    return redirect("campaigns:list", slug=request.account.slug)


@require_POST
@account_page("edit")
def duplicate(request: AccountRequest, campaign: str) -> HttpResponse:
    """A new draft with the same content."""
    copy = services.duplicate(request.actor, queries.find(campaign))
    messages.success(request, "This is the copy: a draft of its own.")
    return to(request, "edit", copy)


def to(request: AccountRequest, name: str, row: Campaign, asked: str = "") -> HttpResponse:
    """A redirect to one of the campaign's pages."""
    return redirect(_address(request, name, row) + asked)


def _address(request: AccountRequest, name: str, row: Campaign) -> str:
    return reverse(f"campaigns:{name}", args=[request.account.slug, row.public_id])


def _send(request: AccountRequest, row: Campaign) -> HttpResponse:
    seen = request.POST.get("revision", "")
    revision = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
    try:
        sent = services.send_now(request.actor, row, revision=revision)
    except ValidationError:
        return _not_ready(request, row)
    except CampaignRefused as refused:
        messages.error(request, str(refused))
        return to(request, "send" if queries.find(row.public_id).is_draft else "show", row)
    messages.success(request, f"{sent.name} is on its way to {_people(sent.expected)}.")
    return to(request, "show", sent)


def _not_ready(request: AccountRequest, row: Campaign) -> HttpResponse:
    messages.warning(request, "Not ready to be sent yet: what is missing stands at the fields.")
    return to(request, "edit", row, "?problems=1")


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _turn(
    request: AccountRequest, campaign: str, verb: Callable[[Actor, Campaign], Campaign]
) -> HttpResponse:
    row = queries.find(campaign)
    try:
        row = verb(request.actor, row)
        messages.success(request, f"{row.name} is {State(row.state).label} now.")
    except CampaignRefused as refused:
        messages.error(request, str(refused))
    return to(request, "show", row)


def _ask(
    request: AccountRequest, row: Campaign, action: str, consequences: list[str], keep: str = ""
) -> HttpResponse:
    context = {
        "title": action,
        "consequences": consequences,
        "action": action,
        "back": _address(request, "show", row),
        "tone": "red",
        "keep": keep,
    }
    return render(request, "http/confirm.html", context)
