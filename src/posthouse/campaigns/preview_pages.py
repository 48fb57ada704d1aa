"""Looking at a campaign before others do: the preview, and test messages."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin

from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.audience.models import Subscriber
from posthouse.campaigns import queries, rendering, reviews
from posthouse.campaigns.forms import TestForm
from posthouse.campaigns.models import Campaign
from posthouse.content.frames import frame_of
from posthouse.deliveries.models import Delivery, Dispatch
from posthouse.deliveries.route import RouteRefused
from posthouse.http.live import live

# What a stranger's HTML may do here: show pictures and its own styles; no script, no form, no
# cookie, no address of ours (A10). ``sandbox`` gives it an origin of its own.
POLICY = (
    "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@account_page()
def preview(request: AccountRequest, campaign: str) -> HttpResponse:
    """The message as one person gets it: headers, HTML in its own frame, text."""
    row = queries.find(campaign)
    typed = request.GET.get("as", "").replace("\x00", "")
    person, unknown = _person(row, typed)
    context = {
        "campaign": row,
        "person": person,
        "shown": _shown(row, person),
        "typed": typed,
        "unknown": unknown,
    }
    return render(request, "campaigns/preview.html", context)


@xframe_options_sameorigin
@account_page()
def preview_html(request: AccountRequest, campaign: str) -> HttpResponse:
    """The HTML part alone, for the frame of the preview page."""
    row = queries.find(campaign)
    person, _ = _person(row, request.GET.get("as", "").replace("\x00", ""))
    response = HttpResponse(_shown(row, person).html)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    return response


@account_page("send")
def test(request: AccountRequest, campaign: str) -> HttpResponse:
    """Sends a test, and shows what became of the last ones."""
    row = queries.find(campaign)
    form = TestForm(request.POST or None, initial={"addresses": request.actor.name})
    if request.method == "POST" and (sent := form.save(request.actor, row)):
        messages.success(request, f"The test goes to {_people(sent.dispatch)} now.")
        return redirect("campaigns:test", slug=request.account.slug, campaign=campaign)
    context = {"campaign": row, "form": form} | _tests(row)
    return render(request, "campaigns/test.html", context)


@account_page("send")
def tests(request: AccountRequest, campaign: str) -> HttpResponse:
    """The last tests, refreshed while one of them is under way."""
    context = _tests(queries.find(campaign))
    return live(request, "campaigns/tests.html", context, moving=context["moving"])


def _person(row: Campaign, typed: str) -> tuple[Subscriber | None, bool]:
    """Whose values are filled in, and whether the typed address is nobody's."""
    chosen = queries.subscriber_with(typed) if typed else None
    return chosen or queries.sample(queries.lists_of(row)), bool(typed) and chosen is None


def _shown(row: Campaign, person: Subscriber | None) -> rendering.Shown:
    draft = reviews.draft_of(row)
    try:
        sender = rendering.sender_of(reviews.route_of(draft))
    except RouteRefused:
        sender = rendering.NOBODY
    values = queries.merge_values(person)
    frame = frame_of(draft.account.group_id)
    return rendering.show(draft.parts, sender, values["email"], values, timezone.now(), frame=frame)


def _tests(row: Campaign) -> dict[str, Any]:
    tests = list(row.tests.select_related("dispatch", "created_by").order_by("-pk")[:5])
    of_dispatch: dict[int, list[Delivery]] = {test.dispatch_id: [] for test in tests}
    for delivery in Delivery.objects.filter(dispatch__in=of_dispatch).order_by("pk"):
        of_dispatch[delivery.dispatch_id].append(delivery)
    moving = any(test.dispatch.state == Dispatch.State.RUNNING for test in tests)
    sent = [(test, of_dispatch[test.dispatch_id]) for test in tests]
    return {"campaign": row, "tests": sent, "moving": moving}


def _people(dispatch: Dispatch) -> str:
    total = Delivery.objects.filter(dispatch=dispatch).count()
    return "1 address" if total == 1 else f"{total} addresses"
