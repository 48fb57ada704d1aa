"""Settings > Sender Domains: what to publish, what is seen, options, history."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.models import AuditRecord
from posthouse.core.verification.status import StatusRefused
from posthouse.domains import checking, queries, services
from posthouse.domains.errors import REFUSALS
from posthouse.domains.forms import AddForm, OptionsForm
from posthouse.domains.models import SenderDomain
from posthouse.http.live import live


@account_page()
def listing(request: AccountRequest) -> HttpResponse:
    """The account's domains with their status."""
    rows = list(queries.domains())
    context = {
        "domains": rows,
        "pending": sum(row.status == SenderDomain.Status.PENDING for row in rows),
        "managed": request.account.group.sender_domain_management,
    }
    return render(request, "domains/list.html", context)


@account_page("edit")
def add(request: AccountRequest) -> HttpResponse:
    """Asks for the name; the next page shows what to publish."""
    form = AddForm(request.POST or None)
    if request.method == "POST" and (domain := form.save(request.actor, request.account)):
        messages.success(request, _welcome(domain))
        return _to(request, domain)
    return render(request, "domains/add.html", {"form": form})


@account_page()
def show(request: AccountRequest, domain: str) -> HttpResponse:
    """The records to publish and how each stands."""
    return render(request, "domains/records.html", _about(domain))


@account_page()
def status(request: AccountRequest, domain: str) -> HttpResponse:
    """The part of the page that refreshes by itself while the domain waits."""
    context = _about(domain)
    pending = context["domain"].status == SenderDomain.Status.PENDING
    response = live(request, "domains/standing.html", context, moving=pending)
    if not pending:
        response["HX-Refresh"] = "true"  # the title's badge and buttons are others now
    return response


@require_POST
@account_page("edit")
def verify(request: AccountRequest, domain: str) -> HttpResponse:
    """Asks DNS now."""
    row = access.find(queries.domains(), domain)
    try:
        checked = checking.verify(request.actor, row)
    except REFUSALS as refused:
        messages.error(request, str(refused))
        return _to(request, row)
    if checked.status == SenderDomain.Status.ENABLED:
        messages.success(request, f"{checked.name} is Enabled: campaigns can be sent from it.")
    return _to(request, row)


@require_POST
@account_page("edit")
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


@account_page("edit")
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
        return _to(request, row)
    return render(request, "domains/options.html", _about(domain, "options") | {"form": form})


@account_page()
def history(request: AccountRequest, domain: str) -> HttpResponse:
    """What happened to the domain, newest first."""
    records = AuditRecord.objects.filter(account=request.account, object_id=domain)
    context = _about(domain, "history") | {"entries": records.order_by("-id")[:100]}
    context["checks"] = queries.checks(context["domain"])[:30]
    return render(request, "domains/history.html", context)


@account_page()
def zone(request: AccountRequest, domain: str) -> HttpResponse:
    """The records as a zone file, to import at a DNS provider."""
    row = access.find(queries.domains(), domain)
    response = HttpResponse(queries.zone_of(row), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.name}.zone"'
    return response


@require_POST
@account_page("edit")
def switch(request: AccountRequest, domain: str) -> HttpResponse:
    """Disables an Enabled domain, or enables a disabled one."""
    row = access.find(queries.domains(), domain)
    verb = services.enable if request.POST.get("to") == "enabled" else services.disable
    try:
        changed = verb(request.actor, row)
        messages.success(request, f"{changed.name} is {changed.get_status_display()} now.")
    except StatusRefused as refused:
        messages.error(request, refused.reason)
    return _to(request, row)


@account_page("edit")
def delete(request: AccountRequest, domain: str) -> HttpResponse:
    """Says what goes, asks, and deletes."""
    row = access.find(queries.domains(), domain)
    if request.method == "POST":
        try:
            services.delete(request.actor, row)
            messages.success(request, f"{row.name} was deleted.")
            return redirect("domains:list", slug=request.account.slug)
        except REFUSALS as refused:
            messages.error(request, str(refused))
            return _to(request, row)
    context = {
        "title": f"Delete {row.name}",
        "consequences": [
            "Drafts that use it have no From address until another domain is chosen.",
            "Mail that was sent keeps its history.",
            "Adding it again begins anew: with other records, to be verified.",
        ],
        "action": f"Delete {row.name}",
        "back": reverse("domains:show", args=[request.account.slug, row.public_id]),
        "tone": "red",
    }
    return render(request, "http/confirm.html", context)


def _about(public_id: str, tab: str = "records") -> dict[str, Any]:
    domain = access.find(queries.domains(), public_id)
    records = domain.records.order_by("position")
    return {"domain": domain, "records": records, f"on_{tab}": True}


def _to(request: AccountRequest, domain: SenderDomain) -> HttpResponse:
    return redirect("domains:show", slug=request.account.slug, domain=domain.public_id)


def _welcome(domain: SenderDomain) -> str:
    if domain.status == SenderDomain.Status.ENABLED:
        return f"{domain.name} is Enabled: its DNS template asks for no records."
    return f"{domain.name} was added. Publish the records below, then verify."
