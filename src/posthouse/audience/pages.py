"""The account area's pages of lists and of custom fields."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.forms import saved
from posthouse.accounts.permissions import demand, may
from posthouse.audience import fields as field_verbs
from posthouse.audience import queries, services
from posthouse.audience.errors import AudienceRefused
from posthouse.audience.forms import CustomFieldForm, LabelForm, ListForm
from posthouse.audience.models import CustomField, SubscriberList
from posthouse.http.paging import page

_STATUSES = {"subscribed": "Subscribed", "unsubscribed": "Unsubscribed"}


@account_page("view")
def lists(request: AccountRequest) -> HttpResponse:
    """All lists with their counts."""
    found = page(SubscriberList.objects.all(), request.GET.get("cursor", ""))
    counts = queries.counts_of(found.rows)
    rows = [(row, counts[row.pk]) for row in found.rows]
    return show(request, "lists", rows=rows, page=found)


@account_page("edit")
def new_list(request: AccountRequest) -> HttpResponse:
    """A new list; the next step is to fill it."""
    form = ListForm(request.POST or None)
    if request.method == "POST" and (
        row := saved(form, services.create_list, request.actor, request.account)
    ):
        messages.success(request, f"The list {row.name} was created. Now add or import people.")
        return redirect("audience:list", request.account.slug, row.public_id)
    return show(request, "new_list", form=form)


@account_page("view")
def one_list(request: AccountRequest, list: str) -> HttpResponse:  # noqa: A002 (the model's name)
    """The people of one list, searched by address and narrowed by status."""
    row = access.find(SubscriberList.objects.all(), list)
    words, status = request.GET.get("q", "").strip(), request.GET.get("status", "")
    status = status if status in _STATUSES else ""
    found = page(queries.members(row, status, words), request.GET.get("cursor", ""))
    counts = queries.counts_of([row])[row.pk]
    tabs = [("", "All", counts.total)]
    tabs += [(key, label, getattr(counts, key)) for key, label in _STATUSES.items()]
    return show(
        request,
        "list",
        list=row,
        standings=queries.standings(request.account, found.rows),
        page=found,
        words=words,
        status=status,
        tabs=tabs,
        total=counts.total,
        kept=[("status", status)] if status else [],
    )


@account_page("edit")
def edit_list(request: AccountRequest, list: str) -> HttpResponse:  # noqa: A002
    """The name and the sender of a list."""
    row = access.find(SubscriberList.objects.all(), list)
    initial = {name: getattr(row, name) for name in ListForm.base_fields}
    form = ListForm(request.POST or None, initial=initial)
    if request.method == "POST":
        if saved(form, services.change_list, request.actor, row):
            messages.success(request, f"The list {row.name} was saved.")
            return redirect("audience:list", request.account.slug, row.public_id)
        row.refresh_from_db()
    return show(request, "edit_list", form=form, list=row)


@account_page("edit")
def delete_list(request: AccountRequest, list: str) -> HttpResponse:  # noqa: A002
    """Says what goes with the list, then deletes it."""
    row = access.find(SubscriberList.objects.all(), list)
    back = reverse("audience:list", args=[request.account.slug, row.public_id])
    if request.method == "POST":
        try:
            services.delete_list(request.actor, row)
        except AudienceRefused as refused:
            messages.error(request, str(refused))
            return redirect(back)
        messages.success(request, f"The list {row.name} was deleted.")
        return redirect("audience:lists", request.account.slug)
    return ask(
        request,
        f"Delete the list {row.name}",
        [
            *(f"What goes: {what}." for what in queries.goes_with(row)),
            *(f"{what} will have one list fewer." for what in queries.users_of(row)),
            "The subscribers stay in the account, with their fields and their other lists.",
            "It is forgotten who left this list. Suppressions of the account stay.",
        ],
        back,
    )


@account_page("view")
def fields(request: AccountRequest) -> HttpResponse:
    """The custom fields; POST makes a new one."""
    form = CustomFieldForm(request.POST or None)
    if request.method == "POST":
        demand(request.actor, "edit")
        if row := saved(form, field_verbs.create_field, request.actor, request.account):
            messages.success(request, f"The field {row.label} was created.")
            return redirect("audience:fields", request.account.slug)
    return show(request, "fields", form=form, fields=queries.custom_fields())


@account_page("edit")
def edit_field(request: AccountRequest, custom_field: str) -> HttpResponse:
    """The label of a field."""
    row = access.find(CustomField.objects.all(), custom_field)
    form = LabelForm(request.POST or None, initial={"label": row.label})
    if request.method == "POST":
        if saved(form, field_verbs.change_field, request.actor, row):
            messages.success(request, f"The field {row.label} was saved.")
            return redirect("audience:fields", request.account.slug)
        row.refresh_from_db()
    return show(request, "edit_field", form=form, field=row)


@account_page("edit")
def delete_field(request: AccountRequest, custom_field: str) -> HttpResponse:
    """Says how many values go with the field, then deletes it."""
    row = access.find(CustomField.objects.all(), custom_field)
    if request.method == "POST":
        field_verbs.delete_field(request.actor, row)
        messages.success(request, f"The field {row.label} was deleted.")
        return redirect("audience:fields", request.account.slug)
    return ask(
        request,
        f"Delete the field {row.label}",
        [
            f"Subscribers that lose what is kept in it: {queries.holders_of(row):,}.",
            f"Messages with {{{{ {row.key} }}}} show nothing in its place, or their default.",
        ],
        reverse("audience:fields", args=[request.account.slug]),
    )


def show(request: AccountRequest, template: str, **context: Any) -> HttpResponse:
    """A page of the audience."""
    context |= {"slug": request.account.slug, "edits": may(request.actor, "edit")}
    return render(request, f"audience/{template}.html", context)


def ask(
    request: AccountRequest,
    title: str,
    consequences: list[str],
    back: str,
    *,
    tone: str = "red",
) -> HttpResponse:
    """Asks before something is done that cannot be taken back."""
    context = {
        "title": title,
        "consequences": consequences,
        "action": title,
        "back": back,
        "tone": tone,
    }
    return render(request, "http/confirm.html", context)
