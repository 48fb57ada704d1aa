"""The account area's page of limits: what is used of them, and when they begin anew."""

from django.http import HttpResponse
from django.shortcuts import render

from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.permissions import may
from posthouse.deliveries.queries import uses_of


@account_page("view")
def limits(request: AccountRequest) -> HttpResponse:
    """The limits of the account; only the operator changes them."""
    context = {
        "page": "limits",
        "account": request.account,
        "owns": may(request.actor, "own"),
        "uses": uses_of(request.account),
    }
    return render(request, "deliveries/limits.html", context)
