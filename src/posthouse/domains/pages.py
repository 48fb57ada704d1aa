"""Settings > Sender Domains: the list, what to publish and what is seen, options, history."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.accounts.models import AuditRecord
from posthouse.core.verification.status import StatusRefused
from posthouse.domains import checking, happenings, listing, queries, services, showing
from posthouse.domains.area import domains_page
from posthouse.domains.errors import REFUSALS
from posthouse.domains.forms import AddForm, OptionsForm
from posthouse.domains.models import SenderDomain
from posthouse.http.live import live

MOST_CHECKS, MOST_CHANGES = 50, 100  # of the history on the page; the API pages through all


@domains_page()
def show_list(request: AccountRequest) -> HttpResponse:
    """The account's domains with health and volume; filtered, searched and sorted."""
    context = listing.of(request.GET) | {"pending": queries.waiting().count()}
    return render(request, "domains/list.html", context)


@domains_page("edit")
def add(request: AccountRequest) -> HttpResponse:
    """Asks for the name; the next page shows what to publish."""
    form = AddForm(request.POST or None)
    if request.method == "POST" and (domain := form.save(request.actor, request.account)):
        messages.success(request, _welcome(domain))
        return to(request, domain)
    return render(request, "domains/add.html", {"form": form})


@domains_page()
def show(request: AccountRequest, domain: str) -> HttpResponse:
    """The records to publish and how each stands."""
    return render(request, "domains/records.html", _standing(domain))


@domains_page()
def status(request: AccountRequest, domain: str) -> HttpResponse:
    """The part of the page that refreshes by itself while the domain waits."""
    context = _standing(domain)
    pending = context["domain"].status == SenderDomain.Status.PENDING
    response = live(request, "domains/standing.html", context, moving=pending)
    if not pending:
        response["HX-Refresh"] = "true"  # the title's badge and buttons are others now
    return response


@require_POST
@domains_page("edit")
def verify(request: AccountRequest, domain: str) -> HttpResponse:
    """Asks DNS now."""
    row = access.find(queries.domains(), domain)
    try:
        checked = checking.verify(request.actor, row)
    except REFUSALS as refused:
        messages.error(request, str(refused))
        return to(request, row)
    if checked.status == SenderDomain.Status.ENABLED:
        messages.success(request, f"{checked.name} is Enabled: campaigns can be sent from it.")
    return to(request, row)


@require_POST
@domains_page("edit")
def verify_pending(request: AccountRequest) -> HttpResponse:
    """Asks DNS about all domains that wait, as many as one call takes."""
    try:
        found = checking.verify_pending(request.actor)
    except REFUSALS as refused:
        messages.error(request, str(refused))
        return redirect("domains:list", slug=request.account.slug)
    say = messages.success if found.enabled else messages.info
    say(request, found.summary)
    return redirect("domains:list", slug=request.account.slug)


@domains_page("edit")
def options(request: AccountRequest, domain: str) -> HttpResponse:
    """Tracking, unsubscribe, host names; says before saving that names make new records."""
    row = access.find(queries.domains(), domain)
    form = OptionsForm(request.POST or None, row)
    if request.method == "POST" and (changed := form.save(request.actor)):
        made_anew = changed.random != row.random
        messages.success(
            request,
            "Saved. The records are new: publish them, then verify."
            if made_anew
            else f"The options of {changed.name} were saved.",
        )
        return to(request, row)
    context = {"domain": row, "on_options": True, "form": form, "preview": form.preview}
    return render(request, "domains/options.html", context)


@domains_page("edit")
def preview(request: AccountRequest, domain: str) -> HttpResponse:
    """The part of the options page that follows what is typed. Changes nothing."""
    row = access.find(queries.domains(), domain)
    context = {"domain": row, "preview": OptionsForm(request.GET, row).preview}
    return render(request, "domains/preview.html", context)


@domains_page()
def history(request: AccountRequest, domain: str) -> HttpResponse:
    """Its checks, and what people did to it, newest first."""
    row = access.find(queries.domains(), domain)
    records = AuditRecord.objects.filter(account=request.account, object_id=row.public_id)
    changes = [
        (record, happenings.told(record)) for record in records.order_by("-id")[:MOST_CHANGES]
    ]
    checks = queries.checks(row)[:MOST_CHECKS]
    context = {"domain": row, "on_history": True, "changes": changes, "checks": checks}
    return render(request, "domains/history.html", context)


@domains_page("edit")
def switch(request: AccountRequest, domain: str) -> HttpResponse:
    """Asks, then disables an Enabled domain; or enables a disabled one."""
    row = access.find(queries.domains(), domain)
    if request.method != "POST":
        return _ask_to_disable(request, row)
    verb = services.enable if request.POST.get("to") == "enabled" else services.disable
    try:
        changed = verb(request.actor, row)
        messages.success(request, f"{changed.name} is {changed.get_status_display()} now.")
    except StatusRefused as refused:
        messages.error(request, refused.reason)
    return to(request, row)


@domains_page("edit")
def delete(request: AccountRequest, domain: str) -> HttpResponse:
    """Says what goes, asks, and deletes."""
    row = access.find(queries.domains(), domain)
    if request.method != "POST":
        return _ask_to_delete(request, row)
    try:
        services.delete(request.actor, row)
    except REFUSALS as refused:
        messages.error(request, str(refused))
        return to(request, row)
    messages.success(request, f"{row.name} was deleted.")
    return redirect("domains:list", slug=request.account.slug)


def to(request: AccountRequest, domain: SenderDomain) -> HttpResponse:
    """Leads to the domain's page."""
    return redirect("domains:show", slug=request.account.slug, domain=domain.public_id)


def _standing(public_id: str) -> dict[str, Any]:
    domain = access.find(queries.listed(), public_id)
    return {"domain": domain, "on_records": True} | showing.standing(domain)


def _welcome(domain: SenderDomain) -> str:
    if domain.status == SenderDomain.Status.ENABLED:
        return f"{domain.name} is Enabled: its DNS template asks for no records."
    return f"{domain.name} was added. Publish the records below, then verify."


def _ask_to_disable(request: AccountRequest, domain: SenderDomain) -> HttpResponse:
    users = services.users_of(domain)
    consequences = [
        f"Nothing more leaves from it; {_and(users)} will pause."
        if users
        else "Nothing leaves from it any more. No campaign is being sent from it now.",
        "Its records are checked no more; leave them in place, and you can enable it at any time.",
    ]
    return _ask(request, domain, "Disable", consequences, tone="")


def _ask_to_delete(request: AccountRequest, domain: SenderDomain) -> HttpResponse:
    users, drafts = services.users_of(domain), services.left_without(domain)
    consequences = [
        "Mail that was sent keeps its history. Its DNS records can be removed.",
        "Adding it again begins anew: with other records, to be verified.",
    ]
    if drafts:
        consequences.insert(0, f"{_and(drafts)} will need another From address.")
    if not users and not drafts:
        consequences.insert(0, "No campaign uses it.")
    if users:
        consequences.insert(0, f"Not possible yet: {_and(users)} must be sent or cancelled before.")
    return _ask(request, domain, "Delete", consequences, tone="red")


def _ask(
    request: AccountRequest, domain: SenderDomain, verb: str, consequences: list[str], tone: str
) -> HttpResponse:
    context = {
        "title": f"{verb} {domain.name}",
        "consequences": [f"{text[0].upper()}{text[1:]}" for text in consequences],
        "action": f"{verb} {domain.name}",
        "back": reverse("domains:show", args=[request.account.slug, domain.public_id]),
        "tone": tone,
    }
    return render(request, "http/confirm.html", context)


def _and(names: list[str]) -> str:
    """Names as they stand in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
