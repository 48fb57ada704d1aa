"""The operator's pages of delivery servers."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from posthouse.accounts import access
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.models import Account, UserGroup
from posthouse.servers import advice, choosing, queries, rates, retiring, services
from posthouse.servers.errors import ServerRefused
from posthouse.servers.forms import (
    AllocationForm,
    PauseForm,
    RetireForm,
    RoutingForm,
    ServerForm,
    TestForm,
)
from posthouse.servers.models import DeliveryServer


@operator_page
def listing(request: AreaRequest) -> HttpResponse:
    """All servers, who uses them, and how they fare."""
    now = timezone.now()
    rows = [_row(server, now) for server in queries.servers()]
    return render(request, "servers/list.html", {"rows": rows})


@operator_page
def create(request: AreaRequest) -> HttpResponse:
    """A new server; the next step is to test it."""
    form = ServerForm(request.POST or None)
    if request.method == "POST" and (server := form.save(request.actor)):
        messages.success(request, f"{server.name} was created. Test it before it is used.")
        return redirect("operator-servers:test", server=server.public_id)
    return render(request, "servers/new.html", {"form": form, "tab": _tab(request, form)})


@operator_page
def edit(request: AreaRequest, server: str) -> HttpResponse:
    """The tabs Delivery Method and Domains, in one form."""
    row = _server(server)
    form = ServerForm(request.POST or None, row)
    if request.method == "POST" and (changed := form.save(request.actor)):
        untested = changed.test_state == changed.TestState.NEVER
        messages.success(
            request, f"{changed.name} was saved.{' It is not tested yet.' if untested else ''}"
        )
        return redirect("operator-servers:edit", server=changed.public_id)
    context = {"form": form, "tab": _tab(request, form), **_about(row)}
    return render(request, "servers/edit.html", context)


@operator_page
def test(request: AreaRequest, server: str) -> HttpResponse:
    """What the last connection test found; POST tests now."""
    row = _server(server)
    form = TestForm(request.POST if request.method == "POST" else None, row)
    if request.method == "POST" and form.is_valid():
        try:
            services.test(request.actor, row, **form.cleaned_data)
        except ServerRefused as refused:
            messages.error(request, str(refused))
        except ValidationError as refused:
            form.add_error(None, refused)
        if not form.errors:
            return redirect("operator-servers:test", server=row.public_id)
    return render(request, "servers/test.html", {"page": "test", "form": form, **_about(row)})


@require_POST
@operator_page
def check_dns(request: AreaRequest, server: str) -> HttpResponse:
    """Looks up what the server's domains publish."""
    row = _server(server)
    try:
        fine = services.check_dns(request.actor, row)
    except ServerRefused as refused:
        messages.error(request, str(refused))
    else:
        words = "All is as it should be." if fine else "Something is to be mended, see below."
        messages.add_message(request, messages.SUCCESS if fine else messages.WARNING, words)
    return redirect("operator-servers:test", server=row.public_id)


@operator_page
def use(request: AreaRequest, server: str) -> HttpResponse:
    """Who sends through the server; POST allocates it to somebody else."""
    row = _server(server)
    form = AllocationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                for channel in form.cleaned_data["channels"]:
                    services.allocate(request.actor, row, channel, form.owner)
        except ServerRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{form.owner} now sends through {row.name}.")
        return redirect("operator-servers:use", server=row.public_id)
    allocations = queries.in_use_order(row.allocations.select_related("group", "account"))
    context = {
        "page": "use",
        "form": form,
        "allocations": allocations,
        "under_way": retiring.what_is_under_way(row),
        **_about(row),
    }
    return render(request, "servers/use.html", context)


@require_POST
@operator_page
def end_use(request: AreaRequest, server: str) -> HttpResponse:
    """Takes one channel of one group or account off the server."""
    row = _server(server)
    owner = _owner(request.POST.get("owner", ""))
    channel = request.POST.get("channel", "")
    if row.allocations.filter(
        channel=channel, **{"group" if isinstance(owner, UserGroup) else "account": owner}
    ).exists():
        services.deallocate(request.actor, channel, owner)
        messages.success(request, f"{owner} no longer sends {channel} mail through {row.name}.")
    return redirect("operator-servers:use", server=row.public_id)


@operator_page
def pause(request: AreaRequest, server: str) -> HttpResponse:
    """Asks for how long and why, then pauses."""
    row = _server(server)
    form = PauseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        minutes = form.cleaned_data["minutes"]
        until = timezone.now() + timedelta(minutes=int(minutes)) if minutes else services.FOREVER
        services.pause(row, until, form.cleaned_data["reason"], actor=request.actor)
        messages.success(request, f"Nothing is sent through {row.name} now.")
        return redirect("operator-servers:edit", server=row.public_id)
    return render(request, "servers/pause.html", {"form": form, **_about(row)})


@require_POST
@operator_page
def resume(request: AreaRequest, server: str) -> HttpResponse:
    """Ends the pause."""
    row = _server(server)
    services.resume(row, actor=request.actor)
    messages.success(request, f"{row.name} is used again.")
    return redirect("operator-servers:edit", server=row.public_id)


@operator_page
def retire(request: AreaRequest, server: str) -> HttpResponse:
    """Asks where its mail goes, then takes the server out of use."""
    row = _server(server)
    form = RetireForm(request.POST or None, row)
    try:
        retiring.demand_retirable(row)
        if request.method == "POST" and form.is_valid() and _retire(request, row, form):
            return redirect("operator-servers:use", server=row.public_id)
    except ServerRefused as refused:
        messages.error(request, str(refused))
        return redirect("operator-servers:use", server=row.public_id)
    users = queries.users_of(row)
    return render(request, "servers/retire.html", {"form": form, "users": users, **_about(row)})


@require_POST
@operator_page
def bring_back(request: AreaRequest, server: str) -> HttpResponse:
    """It can be used again."""
    row = _server(server)
    services.bring_back(request.actor, row)
    todo = "" if queries.users_of(row) else " Allocate it to somebody."
    messages.success(request, f"{row.name} can be used again.{todo}")
    return redirect("operator-servers:use", server=row.public_id)


@operator_page
def delete(request: AreaRequest, server: str) -> HttpResponse:
    """Asks, then deletes a server that nobody sends through."""
    row = _server(server)
    if request.method == "POST":
        return _delete(request, row)
    try:
        retiring.demand_unused(row)
    except ServerRefused as refused:
        messages.error(request, str(refused))
        return redirect("operator-servers:use", server=row.public_id)
    context = {
        "title": f"Delete {row.name}",
        "consequences": [
            "Its settings and its password are gone for good.",
            "Mail that it already took is not affected.",
        ],
        "action": f"Delete {row.name}",
        "back": reverse("operator-servers:edit", kwargs={"server": row.public_id}),
        "tone": "red",
    }
    return render(request, "http/confirm.html", context)


@operator_page
def routing(request: AreaRequest, group: str) -> HttpResponse:
    """Who sends what through what: a group's server for each channel."""
    row = access.find(UserGroup.objects.all(), group)
    known = queries.routing_of(row)
    method, system = choosing.send_method_of(row), choosing.system_server()
    form = RoutingForm(request.POST or None, known, method, system)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                services.route(request.actor, row, form.routing)
                services.set_send_method(request.actor, row, *form.send_method)
        except ServerRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"The routing of {row.name} was saved.")
        return redirect("operator-servers:routing", group=row.public_id)
    context = {
        "form": form,
        "group": row,
        "warnings": advice.routing_warnings(known, method.server),
        "any_server": bool(form.in_use),
    }
    return render(request, "servers/routing.html", context)


def _server(public_id: str) -> DeliveryServer:
    return access.find(queries.servers(), public_id)


def _owner(public_id: str) -> UserGroup | Account:
    """The group or account with this public id."""
    if public_id.startswith("grp_"):
        return access.find(UserGroup.objects.all(), public_id)
    return access.find(Account.objects.all(), public_id)


def _row(server: DeliveryServer, now: datetime) -> dict[str, Any]:
    """One line of the list."""
    paused = server.paused_until is not None and server.paused_until > now
    state = "retired" if server.retired_at else "paused" if paused else "active"
    return {
        "server": server,
        "badges": queries.badges(server),
        "state": state,
        "until": None if server.paused_until == services.FOREVER else server.paused_until,
    }


def _about(server: DeliveryServer) -> dict[str, Any]:
    """What every page of one server shows besides its own part."""
    now = timezone.now()
    return {
        **_row(server, now),
        "rates": rates.standings(server, now),
        "warnings": advice.warnings_of(server),
        "consequences": advice.consequences_of(server),
    }


def _tab(request: AreaRequest, form: ServerForm) -> str:
    """The tab to open: the first with errors, else the one that the address asks for."""
    if form.method_errors or form.domains_errors:
        return "method" if form.method_errors else "domains"
    return "domains" if request.GET.get("tab") == "domains" else "method"


def _retire(request: AreaRequest, server: DeliveryServer, form: RetireForm) -> bool:
    """Whether it is retired; otherwise the form says why not."""
    other = form.cleaned_data["to"]
    try:
        moved = services.retire(request.actor, server, other)
    except ValidationError as refused:
        form.add_error(None, refused)
        return False
    became = f" What used it goes through {other.name} now." if other and moved else ""
    messages.success(request, f"{server.name} is retired.{became}")
    return True


def _delete(request: AreaRequest, server: DeliveryServer) -> HttpResponse:
    try:
        services.delete(request.actor, server)
    except ServerRefused as refused:
        messages.error(request, str(refused))
        return redirect("operator-servers:use", server=server.public_id)
    messages.success(request, f"{server.name} was deleted.")
    return redirect("operator-servers:list")
