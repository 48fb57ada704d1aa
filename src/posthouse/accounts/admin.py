"""The operator's pages of user groups and accounts."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from posthouse.accounts import duplicating, queries, services, standing
from posthouse.accounts.access import find
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.errors import GroupInUse
from posthouse.accounts.forms import (
    ChangedAccountForm,
    GroupForm,
    NewAccountForm,
    posted,
    saved,
)
from posthouse.accounts.models import Account, UserGroup
from posthouse.http.paging import page


@operator_page
def groups(request: AreaRequest) -> HttpResponse:
    """All user groups."""
    return render(request, "accounts/admin/groups.html", {"groups": queries.groups()})


@operator_page
def new_group(request: AreaRequest) -> HttpResponse:
    """A new group; the next step is its routing."""
    form = GroupForm(posted(request))
    if request.method == "POST":
        made = saved(form, services.create_group, request.actor)
        if made:
            messages.success(request, f"{made.name} was created.")
            return redirect("operator-accounts:group", made.public_id)
    return render(request, "accounts/admin/new_group.html", {"form": form})


@operator_page
def group(request: AreaRequest, group: str) -> HttpResponse:
    """The preferences of a group."""
    row = _group(group)
    form = GroupForm(posted(request), group=row)
    if request.method == "POST":
        if saved(form, services.change_group, request.actor, row):
            messages.success(request, f"{row.name} was saved.")
            return redirect("operator-accounts:group", row.public_id)
        row.refresh_from_db()
    return render(request, "accounts/admin/group.html", {"form": form, "group": row})


@require_POST
@operator_page
def duplicate_group(request: AreaRequest, group: str) -> HttpResponse:
    """Another group with the same settings, which is then given a name of its own."""
    copy = duplicating.duplicate_group(request.actor, _group(group))
    messages.success(request, f"{copy.name} has the same settings and no accounts. Name it.")
    return redirect("operator-accounts:group", copy.public_id)


@operator_page
def delete_group(request: AreaRequest, group: str) -> HttpResponse:
    """Asks, then deletes a group that nobody is in."""
    row = _group(group)
    if request.method == "POST":
        try:
            services.delete_group(request.actor, row)
        except GroupInUse as refused:
            messages.error(request, str(refused))
            return redirect("operator-accounts:group", row.public_id)
        messages.success(request, f"{row.name} was deleted.")
        return redirect("operator-accounts:groups")
    context = {
        "title": f"Delete the user group {row.name}",
        "consequences": ["Its routing and limits are forgotten. Accounts are not in it any more."],
        "action": f"Delete {row.name}",
        "back": reverse("operator-accounts:group", args=[row.public_id]),
        "tone": "red",
    }
    return render(request, "http/confirm.html", context)


@operator_page
def accounts(request: AreaRequest) -> HttpResponse:
    """All accounts, newest first."""
    asked = {name: request.GET.get(name, "") for name in ("q", "group", "status")}
    context = {
        "page": page(queries.accounts(**asked), request.GET.get("cursor", "")),
        "groups": queries.groups(),
        "statuses": Account.Status.choices,
        **asked,
    }
    return render(request, "accounts/admin/accounts.html", context)


@operator_page
def new_account(request: AreaRequest) -> HttpResponse:
    """A new account with its owner."""
    form = NewAccountForm(posted(request))
    if request.method == "POST":
        made = saved(form, services.open_account, request.actor)
        if made:
            account, owner = made
            messages.success(request, f"{account} was created, and {owner.user.email} was told so.")
            return redirect("operator-accounts:account", account.public_id)
    any_group = UserGroup.objects.exists()
    return render(
        request, "accounts/admin/new_account.html", {"form": form, "any_group": any_group}
    )


@operator_page
def account(request: AreaRequest, account: str) -> HttpResponse:
    """One account: its group, its people, its standing."""
    row = _account(account)
    form = ChangedAccountForm(posted(request), account=row)
    if request.method == "POST":
        if saved(form, services.change_account, request.actor, row):
            messages.success(request, f"{row.name} was saved.")
            return redirect("operator-accounts:account", row.public_id)
        row.refresh_from_db()
    context = {
        "form": form,
        "account": row,
        "members": queries.team(row),
        "ways": queries.ways_of(row),
        "why_not": standing.why_not(row),
    }
    return render(request, "accounts/admin/account.html", context)


def _group(public_id: str) -> UserGroup:
    return find(queries.groups(), public_id)


def _account(public_id: str) -> Account:
    return find(Account.objects.select_related("group"), public_id)
