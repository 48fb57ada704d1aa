"""The operator's pages that stop an account and let it go on."""

from collections.abc import Mapping
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from posthouse.accounts import standing
from posthouse.accounts.access import find
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.forms import StandingForm, posted, saved
from posthouse.accounts.models import Account

_NOTHING_SENT: Final = (
    "Nothing more is sent for it: its campaigns pause with your reason. Its API keys are refused."
)
_CONSEQUENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "suspended": (
        _NOTHING_SENT,
        "Its people can still sign in and look, but change nothing.",
        "It can be activated again at any time.",
    ),
    "disabled": (
        _NOTHING_SENT,
        "Its people are shown your reason in place of its pages. Nothing is deleted.",
        "It can be activated again at any time.",
    ),
}


@operator_page
def suspend(request: AreaRequest, account: str) -> HttpResponse:
    """Asks why, then lets its people look and nothing else."""
    return _stop(request, account, "Suspend", Account.Status.SUSPENDED)


@operator_page
def disable(request: AreaRequest, account: str) -> HttpResponse:
    """Asks why, then closes its pages."""
    return _stop(request, account, "Disable", Account.Status.DISABLED)


@require_POST
@operator_page
def activate(request: AreaRequest, account: str) -> HttpResponse:
    """Lets an account go on."""
    row = find(Account.objects.all(), account)
    standing.change(request.actor, row, Account.Status.ACTIVE)
    messages.success(request, f"{row.name} is active again.")
    return redirect("operator-accounts:account", row.public_id)


def _stop(request: AreaRequest, account: str, verb: str, status: Account.Status) -> HttpResponse:
    row = find(Account.objects.all(), account)
    back = reverse("operator-accounts:account", args=[row.public_id])
    form = StandingForm(posted(request))
    if request.method == "POST":
        stopped = saved(form, standing.change, request.actor, row, status)
        if stopped:
            messages.success(request, f"{row.name} is {status.label.lower()}.")
            return redirect(back)
    context = {
        "title": f"{verb} {row.name}",
        "consequences": _CONSEQUENCES[status],
        "form": form,
        "action": f"{verb} {row.name}",
        "back": back,
        "tone": "red",
    }
    return render(request, "http/confirm.html", context)
