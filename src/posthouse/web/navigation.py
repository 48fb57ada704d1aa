"""What stands around a page: its side bar, the accounts to switch to, the other area."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from posthouse.accounts.areas import LAST_ACCOUNT
from posthouse.accounts.models import Account, User
from posthouse.accounts.permissions import may
from posthouse.http.frame import AccountChoice, Frame, NavigationEntry


class Entry(NamedTuple):
    """A link of a side bar: the name of its address, and the permission it asks for."""

    label: str
    address: str
    icon: str
    section: str = ""
    permission: str = "view"


_DOMAINS = "domains:list"  # not shown where the user group has sender domain management off

ACCOUNT = (
    Entry("Home", "account-home", "home"),
    Entry("Campaigns", "campaigns:list", "send"),
    Entry("Lists", "audience:lists", "list", "Audience"),
    Entry("Subscribers", "audience:subscribers", "users", "Audience"),
    Entry("Fields", "audience:fields", "forms", "Audience"),
    Entry("Imports", "audience:imports", "file-import", "Audience"),
    Entry("Suppressions", "audience:suppressions", "ban", "Audience"),
    Entry("Sender domains", _DOMAINS, "world", "Settings"),
    Entry("Team", "accounts:team", "users-group", "Settings"),
    Entry("Webhooks", "webhooks:list", "webhook", "Settings", "edit"),
    Entry("API keys", "accounts:api-keys", "key", "Settings", "own"),
    Entry("Account", "accounts:general", "settings", "Settings", "own"),
    Entry("Profile", "accounts:profile", "user", "Settings"),
)
OPERATOR = (
    Entry("Overview", "operator-home", "gauge"),
    Entry("Delivery servers", "operator-servers:list", "server", "Sending"),
    Entry("Engines and queue", "operator-operations:engines", "engine", "Sending"),
    Entry("User groups", "operator-accounts:groups", "users-group", "Tenants"),
    Entry("Accounts", "operator-accounts:accounts", "building", "Tenants"),
    Entry("Sender domains", "operator-domains:list", "world", "Tenants"),
    Entry("People", "operator-accounts:people", "users", "Installation"),
    Entry("DNS templates", "operator-domains:templates", "template", "Installation"),
    Entry("Log of actions", "operator-accounts:log", "history", "Installation"),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """``navigation`` and ``frame`` for every page; pages outside both areas keep a person's own."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"navigation": [], "frame": Frame()}
    own = Account.objects.filter(memberships__user=user)
    accounts = list(own.select_related("group").order_by("name"))
    in_area = request.path.startswith("/operator/")
    account: Account | None = getattr(request, "account", None)
    if user.is_operator and (in_area or account is None):
        return _operator(request, accounts)
    return _account(request, user, accounts, account or _last_of(request, accounts))


def _last_of(request: HttpRequest, accounts: list[Account]) -> Account | None:
    """The account that the person was in last, or the first one."""
    last = request.session.get(LAST_ACCOUNT)
    found = [account for account in accounts if account.slug == last] or accounts
    return found[0] if found else None


def _operator(request: HttpRequest, accounts: list[Account]) -> dict[str, Any]:
    other = _link("Own account", accounts[0], "building") if accounts else None
    entries = _marked(request, (_entry(entry, []) for entry in OPERATOR))
    return {"navigation": entries, "frame": Frame(area="operator", other_area=other)}


def _account(
    request: HttpRequest, user: User, accounts: list[Account], account: Account | None
) -> dict[str, Any]:
    if account is None:
        return {"navigation": [], "frame": Frame()}
    actor = getattr(request, "actor", None)
    managed = account.group.sender_domain_management
    shown = [
        one
        for one in ACCOUNT
        if (actor is None or may(actor, one.permission)) and (managed or one.address != _DOMAINS)
    ]
    operator = NavigationEntry("Operator area", reverse("operator-home"), "settings")
    frame = Frame(
        account=account.name,
        accounts=tuple(
            AccountChoice(one.name, reverse("account-home", args=[one.slug]), one == account)
            for one in accounts
        ),
        other_area=operator if user.is_operator else None,
    )
    entries = _marked(request, (_entry(one, [account.slug]) for one in shown))
    return {"navigation": entries, "frame": frame}


def _link(label: str, account: Account, icon: str) -> NavigationEntry:
    return NavigationEntry(label, reverse("account-home", args=[account.slug]), icon)


def _entry(entry: Entry, arguments: list[str]) -> NavigationEntry:
    url = reverse(entry.address, args=arguments)
    return NavigationEntry(entry.label, url, entry.icon, section=entry.section)


def _marked(request: HttpRequest, entries: Iterable[NavigationEntry]) -> list[NavigationEntry]:
    """The entries, with the one marked whose address fits the request's best."""
    found = list(entries)
    fitting = [entry.url for entry in found if request.path.startswith(entry.url)]
    best = max(fitting, key=len, default="")
    return [replace(entry, active=entry.url == best) for entry in found]
