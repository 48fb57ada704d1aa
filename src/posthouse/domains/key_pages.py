"""Settings > Sender Domains > Keys: which keys sign, which wait, which are on their way out."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.domains import keys, queries, showing
from posthouse.domains.area import domains_page
from posthouse.domains.errors import REFUSALS
from posthouse.domains.key_queries import key_ring
from posthouse.domains.models import SenderDomain


@domains_page()
def show(request: AccountRequest, domain: str) -> HttpResponse:
    """The domain's own keys, or that it inherits the operator's."""
    row = access.find(queries.domains(), domain)
    ring = key_ring(row)
    coming = (record for key in ring.coming for record in key.records.all())
    context = {
        "domain": row,
        "on_keys": True,
        "ring": ring,
        "coming": showing.shown(row, coming),
        "words": showing.words(row),
    }
    return render(request, "domains/keys.html", context)


@require_POST
@domains_page("edit")
def rotate(request: AccountRequest, domain: str) -> HttpResponse:
    """Makes new keys, which wait for their records."""
    row = access.find(queries.domains(), domain)
    try:
        keys.rotate(request.actor, row)
        messages.success(
            request,
            "New keys are made. Publish their records: once found, they sign by themselves.",
        )
    except REFUSALS as refused:
        messages.error(request, str(refused))
    return _to(request, row)


@require_POST
@domains_page("edit")
def call_off(request: AccountRequest, domain: str) -> HttpResponse:
    """Drops the keys that wait."""
    row = access.find(queries.domains(), domain)
    try:
        keys.call_off(request.actor, row)
        messages.success(request, "The rotation is called off. The keys that signed go on.")
    except REFUSALS as refused:
        messages.error(request, str(refused))
    return _to(request, row)


def _to(request: AccountRequest, domain: SenderDomain) -> HttpResponse:
    return redirect("domains:keys", slug=request.account.slug, domain=domain.public_id)
