"""The account area's pages of subscribers, their standing in lists, and suppressions."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.forms import saved
from posthouse.accounts.permissions import demand
from posthouse.audience import queries, services
from posthouse.audience.errors import AudienceRefused
from posthouse.audience.forms import AddForm, PersonForm, SuppressForm
from posthouse.audience.models import ListMembership, Subscriber, SubscriberList
from posthouse.audience.pages import ask, show
from posthouse.http.paging import page


@account_page("edit")
def add(request: AccountRequest, list: str) -> HttpResponse:  # noqa: A002 (the model's name)
    """Puts one person on a list by hand."""
    row = access.find(SubscriberList.objects.all(), list)
    form = AddForm(request.POST or None, fields=queries.custom_fields())
    if request.method == "POST" and (added := form.save(request.actor, request.account, row)):
        person = added.subscriber
        messages.success(request, f"{person.address} is on the list {row.name}.")
        if queries.suppressed(request.account, [person.normalised], row):
            messages.warning(request, f"{person.address} is suppressed and gets no mail.")
        return redirect("audience:list", request.account.slug, row.public_id)
    return show(request, "add", form=form, list=row)


@account_page("edit")
def remove(request: AccountRequest, list: str, subscriber: str) -> HttpResponse:  # noqa: A002
    """Asks, then unsubscribes one person from one list."""
    row = access.find(SubscriberList.objects.all(), list)
    person = access.find(Subscriber.objects.all(), subscriber)
    membership = ListMembership.objects.filter(list=row, subscriber=person).first()
    if membership is None:
        raise access.Missing("membership", subscriber)
    back = reverse("audience:list", args=[request.account.slug, row.public_id])
    if request.method == "POST":
        services.remove_from_list(request.actor, membership)
        messages.success(request, f"{person.address} gets no more mail to {row.name}.")
        return redirect(back)
    return ask(
        request,
        f"Remove {person.address} from {row.name}",
        [
            "They get no more mail that is sent to this list, including what is on its way now.",
            "They stay on it as unsubscribed, so that an import does not bring them back.",
        ],
        back,
    )


@account_page("view")
def subscribers(request: AccountRequest) -> HttpResponse:
    """Everybody of the account, searched by address."""
    words = request.GET.get("q", "").strip()
    found = page(queries.subscribers(words), request.GET.get("cursor", ""))
    rows = queries.with_lists(request.account, found.rows)
    return show(request, "subscribers", rows=rows, page=found, words=words)


@account_page("view")
def person(request: AccountRequest, subscriber: str) -> HttpResponse:
    """One person: fields (POST changes them), lists, suppressions."""
    row = access.find(Subscriber.objects.all(), subscriber)
    form = PersonForm(request.POST or None, fields=queries.custom_fields(), known=row.fields)
    if request.method == "POST":
        demand(request.actor, "edit")
        if saved(form, services.change_subscriber, request.actor, row):
            messages.success(request, f"What is known of {row.address} was saved.")
            return redirect("audience:subscriber", request.account.slug, row.public_id)
    memberships = queries.memberships_of(row)
    return show(
        request,
        "subscriber",
        person=row,
        form=form,
        memberships=memberships,
        imports=queries.imports_behind(memberships),
        suppressions=queries.suppressions_of(request.account, row),
    )


@account_page("edit")
def delete(request: AccountRequest, subscriber: str) -> HttpResponse:
    """Asks, then deletes a person."""
    row = access.find(Subscriber.objects.all(), subscriber)
    if request.method == "POST":
        services.delete_subscriber(request.actor, row)
        messages.success(request, f"{row.address} was deleted.")
        return redirect("audience:subscribers", request.account.slug)
    count = row.memberships.count()
    return ask(
        request,
        f"Delete {row.address}",
        [
            f"Their fields and their place on {count:,} {'list' if count == 1 else 'lists'} go.",
            "Lists that they left keep a note of the address, so that nobody mails them again.",
            "Mail already sent stays in the reports.",
        ],
        reverse("audience:subscriber", args=[request.account.slug, row.public_id]),
    )


@account_page("view")
def suppressions(request: AccountRequest) -> HttpResponse:
    """Addresses that get no mail from the account; POST adds one."""
    form = SuppressForm(request.POST or None)
    if request.method == "POST":
        demand(request.actor, "edit")
        if done := saved(form, services.suppress, request.actor, request.account):
            row, is_new = done
            now = "gets no mail from now on" if is_new else "was suppressed already"
            messages.success(request, f"{row.normalised} {now}.")
            return redirect("audience:suppressions", request.account.slug)
    words = request.GET.get("q", "").strip()
    rows = queries.suppressions(request.account, words)
    found = page(rows, request.GET.get("cursor", ""))
    return show(request, "suppressions", form=form, page=found, words=words)


@account_page("edit")
def lift(request: AccountRequest, suppression: str) -> HttpResponse:
    """Asks, then lifts one suppression of the account."""
    row = queries.suppression(request.account, suppression)
    back = reverse("audience:suppressions", args=[request.account.slug])
    if request.method == "POST":
        try:
            services.lift(request.actor, row)
        except AudienceRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{row.normalised} may be mailed again.")
        return redirect(back)
    return ask(
        request,
        f"Lift the suppression of {row.normalised}",
        [
            f"It was suppressed on {row.created_at:%-d %B %Y}: {row.get_reason_display().lower()}.",
            f"From the next campaign on, {row.normalised} gets mail again where it is subscribed.",
        ],
        back,
        tone="",
    )
