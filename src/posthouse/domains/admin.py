"""The operator's pages of sender domains: all of them, one of them; the DNS templates."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
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
from posthouse.domains import (
    checking,
    listing,
    master,
    ownership,
    queries,
    services,
    showing,
)
from posthouse.domains.errors import REFUSALS
from posthouse.domains.models import SenderDomain
from posthouse.domains.samples import samples
from posthouse.domains.short_forms import SuspendForm

MOST_CHECKS = 30  # on the page of one domain
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
def show_list(request: AreaRequest) -> HttpResponse:
    """Every account's domains; filtered by status and trouble, searched by name and account."""
    return render(request, "domains/all.html", listing.of(request.GET))


@operator_page
def show(request: AreaRequest, domain: str) -> HttpResponse:
    """One domain: what its account must publish, what was seen, and whose the name is."""
    row = access.find(queries.listed(), domain)
    context = showing.standing(row) | {
        "domain": row,
        "checks": queries.checks(row)[:MOST_CHECKS],
        "holder": ownership.holder_of(row),
        "neighbours": ownership.neighbours(row),
        "others": queries.namesakes(row),
    }
    return render(request, "domains/operator_domain.html", context)


@require_POST
@operator_page
def check(request: AreaRequest, domain: str) -> HttpResponse:
    """Asks DNS now, as the account itself could."""
    row = access.find(queries.domains(), domain)
    try:
        checked = checking.verify(request.actor, row)
        messages.success(request, f"Checked: {checked.name} is {checked.get_status_display()}.")
    except REFUSALS as refused:
        messages.error(request, str(refused))
    return redirect("operator-domains:domain", row.public_id)


@operator_page
def switch(request: AreaRequest, domain: str) -> HttpResponse:
    """Asks why, then suspends a domain; or lifts the suspension."""
    row = access.find(queries.domains(), domain)
    form = SuspendForm(request.POST or None)
    if request.method != "POST":
        return _ask(request, row, form)
    try:
        if request.POST.get("to") == "active":
            changed = services.unsuspend(request.actor, row)
        else:
            changed = services.suspend(request.actor, row, request.POST.get("reason", ""))
    except ValidationError as error:
        form.add_error(None, error)
        return _ask(request, row, form)
    except StatusRefused as refused:
        messages.error(request, refused.reason)
        return redirect("operator-domains:domain", row.public_id)
    messages.success(request, f"{changed.name} is {changed.get_status_display()} now.")
    return redirect("operator-domains:domain", row.public_id)


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


def _ask(request: AreaRequest, domain: SenderDomain, form: SuspendForm) -> HttpResponse:
    users = services.users_of(domain)
    use = f"now: {', '.join(users)}" if users else "none now"
    context = {
        "title": f"Suspend {domain.name}",
        "consequences": [
            f"Nothing more leaves from it; campaigns that use it pause ({use}).",
            "Its records and history stay, and the account sees that you stopped it.",
            "You can lift the suspension at any time.",
        ],
        "form": form,
        "action": f"Suspend {domain.name}",
        "back": reverse("operator-domains:domain", args=[domain.public_id]),
        "tone": "red",
    }
    return render(request, "http/confirm.html", context)
