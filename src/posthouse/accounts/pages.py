"""The account area's settings: the account itself, its team, its API keys, one's own profile."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from posthouse.accounts import access, keys, people, queries, services
from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.errors import LastOwner
from posthouse.accounts.forms import (
    ApiKeyForm,
    InvitationForm,
    OwnAccountForm,
    ProfileForm,
    RoleForm,
    posted,
    saved,
)
from posthouse.accounts.models import ApiKey, Membership, Role, User
from posthouse.accounts.permissions import may


@account_page("view")
def profile(request: AccountRequest) -> HttpResponse:
    """One's own name, and whether one is mailed about this account."""
    membership = queries.team(request.account).get(user=cast("User", request.user))
    form = ProfileForm(posted(request), membership=membership)
    if (
        request.method == "POST"
        and saved(form, people.change_own, request.actor, membership) is not None
    ):
        messages.success(request, "Your profile was saved.")
        return redirect("accounts:profile", request.account.slug)
    return _settings(request, "profile", form=form)


@account_page("own")
def general(request: AccountRequest) -> HttpResponse:
    """Name and time zone of the account."""
    account = request.account
    initial = {"name": account.name, "time_zone": account.time_zone}
    form = OwnAccountForm(posted(request), initial=initial)
    if request.method == "POST":
        if saved(form, services.change_account, request.actor, account):
            messages.success(request, "The settings were saved.")
            return redirect("accounts:general", account.slug)
        account.refresh_from_db()  # the frame shows the name that counts, not the refused one
    return _settings(request, "general", form=form)


@account_page("view")
def team(request: AccountRequest) -> HttpResponse:
    """Who is in the account; an owner's POST invites somebody."""
    form = InvitationForm(posted(request))
    if request.method == "POST":
        member = saved(form, people.invite_member, request.actor, request.account)
        if member:
            messages.success(request, f"{member.user.email} is in the team now and was told so.")
            return redirect("accounts:team", request.account.slug)
    return _settings(
        request, "team", form=form, members=queries.team(request.account), owns=_owns(request)
    )


@account_page("own")
def member(request: AccountRequest, member: str) -> HttpResponse:
    """The role of one member."""
    membership = _membership(request, member)
    form = RoleForm(posted(request), membership=membership)
    if request.method == "POST" and form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            people.add_member(request.actor, request.account, membership.user, role)
        except LastOwner as refused:
            form.add_error("role", str(refused))
        else:
            messages.success(request, f"{membership.user} is now {role.label.lower()}.")
            return redirect("accounts:team", request.account.slug)
    return _settings(request, "member", form=form, membership=membership)


@account_page("own")
def remove_member(request: AccountRequest, member: str) -> HttpResponse:
    """Asks, then takes the person out of the account."""
    membership = _membership(request, member)
    back = reverse("accounts:team", args=[request.account.slug])
    if request.method == "POST":
        try:
            people.remove_member(request.actor, request.account, membership.user)
        except LastOwner as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{membership.user} is no longer in the team.")
        return redirect(back)
    title = f"Remove {membership.user} from {request.account}"
    consequences = [
        f"{membership.user.email} can no longer open {request.account}.",
        "What they wrote and sent stays. Access to other accounts stays, too.",
    ]
    return _confirm(request, title, consequences, f"Remove {membership.user}", back)


@account_page("own")
def api_keys(request: AccountRequest) -> HttpResponse:
    """The account's keys; POST makes one and shows its text, this once."""
    form, made = ApiKeyForm(posted(request)), None
    if request.method == "POST":
        made = saved(form, keys.create_api_key, request.actor, request.account)
    if made:
        form = ApiKeyForm()
    response = _settings(
        request,
        "api_keys",
        form=form,
        keys=queries.keys(),
        key=made[0] if made else None,
        text=made[1] if made else "",
    )
    response["Cache-Control"] = "no-store"
    return response


@account_page("own")
def revoke_key(request: AccountRequest, key: str) -> HttpResponse:
    """Asks, then ends a key."""
    row: ApiKey = access.find(ApiKey.objects.all(), key)
    back = reverse("accounts:api-keys", args=[request.account.slug])
    if request.method == "POST":
        keys.revoke_api_key(request.actor, row)
        messages.success(request, f"The key {row.name} works no more.")
        return redirect(back)
    consequences = [
        "Whatever uses this key is refused from now on.",
        "A key cannot be brought back.",
    ]
    return _confirm(request, f"Revoke the key {row.name}", consequences, f"Revoke {row.name}", back)


def _membership(request: AccountRequest, member: str) -> Membership:
    """Memberships are known by the person's public id."""
    person = access.find(User.objects.filter(memberships__account=request.account), member)
    return queries.team(request.account).get(user=person)


def _owns(request: AccountRequest) -> bool:
    return may(request.actor, "own")


def _settings(request: AccountRequest, page: str, **context: Any) -> HttpResponse:
    context |= {"page": page, "account": request.account, "owns": _owns(request)}
    return render(request, f"accounts/{page}.html", context)


def _confirm(
    request: AccountRequest, title: str, consequences: list[str], action: str, back: str
) -> HttpResponse:
    context = {
        "title": title,
        "consequences": consequences,
        "action": action,
        "back": back,
        "tone": "red",
    }
    return render(request, "http/confirm.html", context)
