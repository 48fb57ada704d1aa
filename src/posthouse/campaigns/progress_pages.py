"""A campaign on its way and afterwards: progress, reasons, deliveries, one delivery's story."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.permissions import may
from posthouse.audience.models import Subscriber
from posthouse.campaigns import progress, queries, reviews
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.states import ENDED, MOVING, Move, allows
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import DeliveryState
from posthouse.http.filters import chosen, with_tabs
from posthouse.http.live import live
from posthouse.http.paging import page
from posthouse.http.states import LOOKS
from posthouse.servers.models import DeliveryServer

# Where in the conversation the words were said.
STAGES: dict[str, str] = {
    Stage.CONNECT: "while connecting",
    Stage.TLS: "while encrypting",
    Stage.HELLO: "at the greeting",
    Stage.AUTH: "while signing in",
    Stage.MAIL: "about the return path",
    Stage.RCPT: "about the recipient",
    Stage.DATA: "before the message",
    Stage.END: "after the message",
}
_STATES = {str(state): LOOKS["delivery"][state].word for state in DeliveryState}


@account_page()
def show(request: AccountRequest, campaign: str) -> HttpResponse:
    """A sent campaign with its progress; drafts are shown where they are written."""
    row = queries.find(campaign)
    if row.is_draft and may(request.actor, "edit"):
        return redirect("campaigns:edit", slug=request.account.slug, campaign=campaign)
    context = {"campaign": row, "lists": queries.lists_of(row)} | _standing(request, row)
    if row.shown_state not in ENDED:
        context["explanation"] = reviews.explanation_of(row)
    return render(request, "campaigns/show.html", context)


@account_page()
def standing(request: AccountRequest, campaign: str) -> HttpResponse:
    """The part that refreshes by itself while the campaign moves."""
    row = queries.find(campaign)
    context = _standing(request, row)
    return live(request, "campaigns/standing.html", context, moving=context["moving"])


@account_page()
def deliveries(request: AccountRequest, campaign: str) -> HttpResponse:
    """Who got it and who did not, by state and by address."""
    row = queries.find(campaign)
    wanted = chosen(request.GET, _STATES)
    counts = progress.counts_of(row.dispatch)
    rows = progress.deliveries(row, wanted.state, wanted.words)
    context = {
        "campaign": row,
        "page": page(rows, request.GET.get("cursor", "")),
        "filters": with_tabs(wanted, _STATES, counts),
    }
    return render(request, "campaigns/deliveries.html", context)


@account_page()
def delivery(request: AccountRequest, campaign: str, delivery: str) -> HttpResponse:
    """One message to one person, and what each server said, in order."""
    row = queries.find(campaign)
    found = progress.find_delivery(row, delivery)
    attempts = progress.story(found)
    ids = {attempt.server_id for attempt in attempts if attempt.server_id}
    names = dict(DeliveryServer.objects.filter(pk__in=ids).values_list("pk", "name"))
    story = [
        (attempt, names.get(attempt.server_id or 0, ""), STAGES.get(attempt.stage, ""))
        for attempt in attempts
    ]
    subscriber = Subscriber.objects.filter(pk=found.subscriber_id or 0).first()
    context = {"campaign": row, "delivery": found, "story": story, "subscriber": subscriber}
    return render(request, "campaigns/delivery.html", context)


def _standing(request: AccountRequest, row: Campaign) -> dict[str, Any]:
    state = row.shown_state
    stoppable = may(request.actor, "send")
    return {
        "campaign": row,
        "state": state,
        "progress": progress.progress_of(row),
        "reasons": progress.reasons(row.dispatch) if row.dispatch else [],
        "took": (row.finished_at - row.queued_at).total_seconds()
        if row.finished_at and row.queued_at
        else None,
        "may_pause": stoppable and (allows(state, Move.PAUSE) or state == "queued"),
        "may_resume": stoppable and allows(state, Move.RESUME),
        "may_cancel": stoppable and allows(state, Move.CANCEL),
        "may_copy": may(request.actor, "edit"),
        "moving": state in MOVING,
    }
