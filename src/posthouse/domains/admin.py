"""The operator's pages of sender domains: all of them, by account and status; the DNS templates."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from posthouse.accounts import access
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.core.verification.status import StatusRefused
from posthouse.domains import queries, services
from posthouse.domains.configuration import configuration, problem
from posthouse.domains.errors import ConfigurationUnreadable
from posthouse.domains.models import SenderDomain
from posthouse.domains.samples import sample_records
from posthouse.http.paging import page


@operator_page
def listing(request: AreaRequest) -> HttpResponse:
    """Every account's domains; filtered by status and name."""
    status, wanted = request.GET.get("status", ""), request.GET.get("q", "").strip()
    rows = queries.domains()
    if status:
        rows = rows.filter(status=status)
    if wanted:
        rows = rows.filter(name__icontains=wanted)
    context = {
        "page": page(rows, request.GET.get("cursor", "")),
        "no_status": not status,
        "statuses": [choice for choice in SenderDomain.Status.choices if choice[0] != "deleted"],
        "status": status,
        "q": wanted,
    }
    return render(request, "domains/all.html", context)


@require_POST
@operator_page
def switch(request: AreaRequest, domain: str) -> HttpResponse:
    """Suspends a domain, or lifts the suspension."""
    row = access.find(queries.domains(), domain)
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
    try:
        found = configuration()
        sets = [
            ("Campaigns", [(name, sample_records(row)) for name, row in found.campaign.items()]),
            (
                "E-mail gateway",
                [(name, sample_records(row)) for name, row in found.gateway.items()],
            ),
        ]
        system = [(field, getattr(found.system, field)) for field in found.system.__slots__]
    except ConfigurationUnreadable:
        sets, system = [], []
    context = {"sets": sets, "system": system, "problem": problem(), "path": settings.DNS_CONFIG}
    return render(request, "domains/templates.html", context)
