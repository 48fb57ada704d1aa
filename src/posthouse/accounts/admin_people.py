"""The operator's pages of people, and the log of what everybody did."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from posthouse.accounts import people, queries
from posthouse.accounts.access import find
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.errors import LastOperator
from posthouse.accounts.forms import ChangedPersonForm, PersonForm, posted, saved
from posthouse.accounts.models import Account, User
from posthouse.http.paging import page


@operator_page
def listing(request: AreaRequest) -> HttpResponse:
    """Everybody who can sign in."""
    q, operators = request.GET.get("q", ""), request.GET.get("operators") == "yes"
    found = page(queries.people(q, operators=operators), request.GET.get("cursor", ""))
    return render(
        request, "accounts/admin/people.html", {"page": found, "q": q, "operators": operators}
    )


@operator_page
def new_person(request: AreaRequest) -> HttpResponse:
    """Somebody new, invited by mail."""
    form = PersonForm(posted(request))
    if request.method == "POST":
        made = saved(form, people.invite_user, request.actor)
        if made:
            messages.success(request, f"{made.email} can sign in, and was mailed a link.")
            return redirect("operator-accounts:person", made.public_id)
    return render(request, "accounts/admin/new_person.html", {"form": form})


@operator_page
def person(request: AreaRequest, person: str) -> HttpResponse:
    """One person: name, may they sign in, are they an operator, which accounts they are in."""
    row = _person(person)
    form = ChangedPersonForm(posted(request), user=row)
    if request.method == "POST":
        try:
            changed = saved(form, people.change_user, request.actor, row)
        except LastOperator as refused:
            form.add_error(None, str(refused))
            changed = None
        if changed:
            messages.success(request, f"{changed} was saved.")
            return redirect("operator-accounts:person", row.public_id)
        row.refresh_from_db()
    return render(request, "accounts/admin/person.html", {"form": form, "person": row})


@require_POST
@operator_page
def link(request: AreaRequest, person: str) -> HttpResponse:
    """A link to set a password, shown once, for people whom mail does not reach."""
    row = _person(person)
    made = people.make_reset_link(request.actor, row)
    response = render(request, "accounts/admin/link.html", {"person": row, "link": made})
    response["Cache-Control"] = "no-store"
    return response


@operator_page
def log(request: AreaRequest) -> HttpResponse:
    """Who did what to which row, newest first."""
    asked = {name: request.GET.get(name, "") for name in ("account", "verb", "actor")}
    found = page(queries.log(**asked), request.GET.get("cursor", ""))
    accounts = Account.objects.order_by("name").values_list("slug", "name")[:500]
    context = {
        "page": found,
        "lines": [queries.log_line(record) for record in found.rows],
        "accounts": accounts,
        "verbs": queries.verbs(),
        **asked,
    }
    return render(request, "accounts/admin/log.html", context)


def _person(public_id: str) -> User:
    return find(User.objects.all(), public_id)
