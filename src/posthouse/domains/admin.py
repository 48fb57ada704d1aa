"""The operator's pages of sender domains: all of them, by account and status; the DNS templates."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from posthouse.accounts import access
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.dns_configuration import (
    ConfigurationUnreadable,
    configuration,
    problem,
)
from posthouse.core.verification.status import StatusRefused
from posthouse.domains import master, queries, services
from posthouse.domains.models import SenderDomain
from posthouse.domains.samples import samples
from posthouse.http.filters import chosen, with_tabs
from posthouse.http.paging import page

STATUSES = {value: label for value, label in SenderDomain.Status.choices if value != "deleted"}
SYSTEM = {
    "spf": "SPF mechanism",
    "dkim_selector": "DKIM selector",
    "dkim_public_key": "DKIM public key",
    "dmarc": "DMARC policy",
    "sender_domain": "Return paths lead to",
    "link_tracker": "Link tracking leads to",
    "open_tracker": "Open tracking leads to",
}


@operator_page
def listing(request: AreaRequest) -> HttpResponse:
    """Every account's domains; filtered by status and name."""
    wanted = chosen(request.GET, STATUSES)
    rows = queries.domains().filter(name__icontains=wanted.words)
    counts = dict(rows.order_by().values_list("status").annotate(count=Count("pk", distinct=True)))
    if wanted.state:
        rows = rows.filter(status=wanted.state)
    context = {
        "page": page(rows, request.GET.get("cursor", "")),
        "filters": with_tabs(wanted, STATUSES, counts),
    }
    return render(request, "domains/all.html", context)


@operator_page
def switch(request: AreaRequest, domain: str) -> HttpResponse:
    """Asks, then suspends a domain; or lifts the suspension."""
    row = access.find(queries.domains(), domain)
    if request.method != "POST":
        return _ask(request, row)
    verb = services.unsuspend if request.POST.get("to") == "active" else services.suspend
    try:
        changed = verb(request.actor, row)
        messages.success(request, f"{changed.name} is {changed.get_status_display()} now.")
    except StatusRefused as refused:
        messages.error(request, refused.reason)
    return redirect("operator-domains:list")


@operator_page
def templates(request: AreaRequest) -> HttpResponse:
    """The templates as they are in the file, and what each makes of a sample name."""
    context = {
        "problem": problem(),
        "path": settings.DNS_CONFIG,
        "last_check": master.last_check(),
    }
    try:
        found = configuration()
    except ConfigurationUnreadable:
        return render(request, "domains/templates.html", context)
    context["system"] = [(label, getattr(found.system, name)) for name, label in SYSTEM.items()]
    context["templates"] = samples(found)
    return render(request, "domains/templates.html", context)


@require_POST
@operator_page
def check_master(request: AreaRequest) -> HttpResponse:
    """Looks up now what the installation's own domain publishes."""
    try:
        master.check(request.actor)
    except ConfigurationUnreadable as error:
        messages.error(request, str(error))
    return redirect("operator-domains:templates")


def _ask(request: AreaRequest, domain: SenderDomain) -> HttpResponse:
    context = {
        "title": f"Suspend {domain.name}",
        "consequences": [
            f"Nothing more leaves from it; campaigns of {domain.account} that use it pause.",
            "Its records and history stay, and the account sees that you stopped it.",
            "You can lift the suspension at any time.",
        ],
        "action": f"Suspend {domain.name}",
        "back": reverse("operator-domains:list"),
        "tone": "red",
    }
    return render(request, "http/confirm.html", context)
