"""The operator's pages of limits: a group's, and an account's own with what is used of them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from posthouse.accounts import access, services
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.forms import posted, saved
from posthouse.accounts.models import Account, UserGroup
from posthouse.deliveries.forms import AccountLimitsForm, GroupLimitsForm
from posthouse.deliveries.queries import uses_of


@operator_page
def group_limits(request: AreaRequest, group: str) -> HttpResponse:
    """How many recipients each account of a group may mail."""
    row = access.find(UserGroup.objects.all(), group)
    form = GroupLimitsForm(posted(request), row)
    if request.method == "POST":
        if saved(form, services.change_group, request.actor, row):
            messages.success(request, f"The limits of {row.name} were saved.")
            return redirect("operator-deliveries:group-limits", row.public_id)
        row.refresh_from_db()
    return render(request, "deliveries/admin/group_limits.html", {"form": form, "group": row})


@operator_page
def account_limits(request: AreaRequest, account: str) -> HttpResponse:
    """What an account has used of its limits, and its own in place of the group's."""
    row = access.find(Account.objects.select_related("group"), account)
    form = AccountLimitsForm(posted(request), row)
    if request.method == "POST":
        if saved(form, services.change_account, request.actor, row):
            messages.success(request, f"The limits of {row.name} were saved.")
            return redirect("operator-deliveries:account-limits", row.public_id)
        row.refresh_from_db()
    context = {"form": form, "account": row, "uses": uses_of(row)}
    return render(request, "deliveries/admin/account_limits.html", context)
