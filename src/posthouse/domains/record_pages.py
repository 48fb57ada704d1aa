"""A sender domain's records to take away: zone file, CSV, a mail to whoever manages the DNS."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.domains import handing_over, queries
from posthouse.domains.area import domains_page
from posthouse.domains.pages import to
from posthouse.domains.short_forms import SendForm


@domains_page()
def zone(request: AccountRequest, domain: str) -> HttpResponse:
    """The records as a zone file, to import at a DNS provider."""
    row = access.find(queries.domains(), domain)
    return download(handing_over.zone_of(row), f"{row.name}.zone", "text/plain")


@domains_page()
def table(request: AccountRequest, domain: str) -> HttpResponse:
    """The records as CSV."""
    row = access.find(queries.domains(), domain)
    return download(handing_over.csv_of(row), f"{row.name}.csv", "text/csv")


@domains_page("edit")
def send(request: AccountRequest, domain: str) -> HttpResponse:
    """Asks for an address and a note, and mails the records there."""
    row = access.find(queries.domains(), domain)
    form = SendForm(request.POST or None)
    if request.method == "POST" and (address := form.save(request.actor, row)):
        messages.success(request, f"The records of {row.name} are on their way to {address}.")
        return to(request, row)
    return render(request, "domains/send.html", {"domain": row, "form": form})


def download(text: str, name: str, kind: str) -> HttpResponse:
    """An answer that is saved as a file; a sender domain's name is safe in a header."""
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
