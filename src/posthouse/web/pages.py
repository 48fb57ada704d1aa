"""Where a person lands: the choice of an area, the start page of an account and the operator's."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from posthouse.accounts import inherited
from posthouse.accounts import standing as standing_of_account
from posthouse.accounts.areas import AccountRequest, AreaRequest, account_page, operator_page
from posthouse.accounts.models import Account, User
from posthouse.deliveries import queries as delivery_queries
from posthouse.deliveries import volume
from posthouse.domains import queries as domain_queries
from posthouse.http.live import live
from posthouse.operations.checking import check
from posthouse.operations.facts import near_limits
from posthouse.operations.queries import standing
from posthouse.web import firststeps, queries


def home(request: HttpRequest) -> HttpResponse:
    """Operators go to their overview, members to their account; several accounts are offered."""
    user = cast("User", request.user)
    if user.is_operator:
        return redirect("operator-home")
    accounts = Account.objects.filter(memberships__user=user).order_by("name")
    if len(accounts) == 1:
        return redirect("account-home", accounts[0].slug)
    return render(request, "web/choice.html", {"accounts": accounts})


@account_page("view")
def account_home(request: AccountRequest) -> HttpResponse:
    """What is ready and what is missing, the last campaigns, the health of the domains."""
    account = request.account
    ready = queries.readiness(account)
    context = {
        "account": account,
        "why_not": standing_of_account.why_not(account),
        "ready": ready,
        "steps": firststeps.of_account(account, ready),
        "campaigns": queries.last_campaigns(),
        "domains": domain_queries.domains()[:10],
        "domains_limit": inherited.sender_domains_limit(account),
        "uses": delivery_queries.uses_of(account),
    }
    return render(request, "web/account_home.html", context)


@operator_page
def operator_home(request: AreaRequest) -> HttpResponse:
    """The installation at a glance: what is missing, what moves, what is in trouble."""
    context = _moving() | {
        "found": check(),
        "servers": queries.servers_in_trouble(),
        "limits": near_limits(),
        "domains": queries.domains_in_trouble(),
    }
    return render(request, "web/operator_home.html", context)


@operator_page
def operator_motion(request: AreaRequest) -> HttpResponse:
    """The part of the overview that moves; where nothing does, the page stops asking."""
    context = _moving()
    return live(request, "web/operator_motion.html", context, moving=bool(context["moving"]))


def _moving() -> dict[str, object]:
    now, imports = standing(), list(queries.imports_running())
    moving = bool(now.in_motion or now.waiting or now.rate or imports)
    return {"now": now, "imports": imports, "volume": volume.series(), "moving": moving}
