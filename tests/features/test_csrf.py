"""Another site cannot act through a person's browser, and looking changes nothing (A9)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from posthouse.accounts import access
from posthouse.accounts.models import Account, Role, User, UserGroup
from posthouse.http.models import CacheEntry
from tests import addresses, factories
from tests.problems import problem_of
from tests.rows import filled, rows_of
from tests.sending import make_server

UNSAFE = ("post", "put", "patch", "delete")
OURS, THEIRS = "http://testserver", "https://evil.example"
NOT_ROWS = {Session, CacheEntry}  # who is there, and how often they asked

Answers = dict[str, int]


@pytest.fixture
def everything(account: Account, owner: User, boss: User) -> dict[str, str]:
    """A value for every parameter of every address, whoever may open it."""
    with access.across_tenants():
        server = make_server()
    return rows_of(account) | {
        "slug": account.slug,
        "account": account.public_id,
        "group": account.group.public_id,
        "person": boss.public_id,
        "server": server.public_id,
    }


@pytest.fixture
def both(account: Account, boss: User) -> User:
    """Somebody who may open every page: an operator who owns the account, too."""
    from posthouse.accounts.actors import SYSTEM
    from posthouse.accounts.people import add_member

    add_member(SYSTEM, account, boss, Role.OWNER)
    return boss


def paths(everything: dict[str, str]) -> Iterator[str]:
    """All pages of both areas, and the pages of signing in that have no key in their address."""
    for area in (addresses.ACCOUNT, addresses.OPERATOR):
        yield from (filled(address, everything) for address in addresses.pages(area))
    yield from (path for path in addresses.pages("/auth/") if not set(path) & set("<(^"))


def browser(user: User) -> Client:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(user)
    return client


def token_of(client: Client) -> str:
    """The token that our own pages would send, and the cookie with it."""
    client.get("/")
    client.get(reverse("account_change_password"))
    return client.cookies["posthouse_csrf"].value


def let_through(
    everything: dict[str, str], act: Callable[[str, str], HttpResponseBase]
) -> dict[str, int]:
    """The addresses and methods that were not refused with 403."""
    found = {
        f"{method} {path}": act(method, path).status_code
        for path in paths(everything)
        for method in UNSAFE
    }
    return {request: status for request, status in found.items() if status != 403}


def test_nothing_is_done_without_a_token(everything: dict[str, str], both: User) -> None:
    client = browser(both)
    assert not let_through(everything, lambda method, path: getattr(client, method)(path))


def test_nothing_is_done_for_another_site_even_with_a_token(
    everything: dict[str, str], both: User
) -> None:
    client = browser(both)
    token = token_of(client)

    def act(method: str, path: str) -> HttpResponseBase:
        sent: HttpResponseBase = getattr(client, method)(
            path, HTTP_X_CSRFTOKEN=token, HTTP_ORIGIN=THEIRS
        )
        return sent

    assert not let_through(everything, act)


def test_an_upload_alone_is_no_way_in(everything: dict[str, str], both: User) -> None:
    client = browser(both)

    def act(method: str, path: str) -> HttpResponseBase:
        upload = SimpleUploadedFile("people.csv", b"email\nx@example.org\n")
        return client.post(path, {"file": upload}, HTTP_ORIGIN=THEIRS)

    assert not let_through(everything, act)


@pytest.mark.parametrize("origin", ["null", "http://testserver.evil.example", "https://testserver"])
def test_origins_that_resemble_ours_are_foreign(owner: User, origin: str) -> None:
    client = browser(owner)
    token = token_of(client)
    path = reverse("account_logout")
    refused = client.post(path, HTTP_X_CSRFTOKEN=token, HTTP_ORIGIN=origin)
    assert refused.status_code == 403
    assert "nothing was changed" in refused.content.decode()
    assert client.post(path, HTTP_X_CSRFTOKEN=token, HTTP_ORIGIN=OURS).status_code == 302


def test_our_own_form_goes_through(account: Account, owner: User) -> None:
    client = browser(owner)
    values = {"name": "Olga", "csrfmiddlewaretoken": token_of(client)}
    path = reverse("accounts:profile", args=[account.slug])
    assert client.post(path, values, HTTP_ORIGIN=OURS).status_code == 302
    owner.refresh_from_db()
    assert owner.name == "Olga"


def test_cookies_do_not_travel_with_requests_of_other_sites(owner: User) -> None:
    client, path = Client(enforce_csrf_checks=True), reverse("account_login")
    client.get(path)
    values = {"login": owner.email, "password": factories.PASSWORD}
    values["csrfmiddlewaretoken"] = client.cookies["posthouse_csrf"].value
    client.post(path, values, HTTP_ORIGIN=OURS)
    assert {cookie["samesite"] for cookie in client.cookies.values()} == {"Lax"}
    assert client.cookies["posthouse_session"]["httponly"]


def test_a_session_is_no_key_for_the_api(everything: dict[str, str], both: User) -> None:
    client = Client()
    client.force_login(both)
    for operation in addresses.operations():
        path = filled(operation.path, everything)
        problem_of(getattr(client, operation.method)(path), 401)


# --- looking changes nothing ---------------------------------------------------------------------


def picture() -> dict[str, list[Any]]:
    """Every row of every table but sessions and the cache."""
    with access.across_tenants():
        return {
            model.__name__: list(model._base_manager.order_by("pk").values())
            for model in apps.get_models()
            if model not in NOT_ROWS
        }


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_at_a_page_changes_nothing(
    method: str, everything: dict[str, str], both: User
) -> None:
    client = browser(both)
    before = picture()
    for path in paths(everything):
        if "logout" in path:
            continue
        response = getattr(client, method)(path)
        if response.streaming:
            b"".join(response.streaming_content)
        assert picture() == before, f"{method} {path} changed something"


def test_asking_the_api_changes_nothing(
    account: Account, everything: dict[str, str], api_of: Callable[..., Client]
) -> None:
    client = api_of(account)
    client.get("/api/v1/account")  # notes that the key was used, once a minute
    before = picture()
    for operation in addresses.operations():
        if operation.method == "get":
            response = client.get(filled(operation.path, everything))
            if response.streaming:
                b"".join(response.streaming_content)  # type: ignore[attr-defined]
            assert picture() == before, f"get {operation.path} changed something"


# --- what a form cannot say ----------------------------------------------------------------------

SMUGGLED = {
    "id": 1,
    "pk": 1,
    "account": "x",
    "account_id": 1,
    "tenant_id": 1,
    "public_id": "x",
    "role": "owner",
    "is_operator": True,
    "is_active": False,
    "is_admin": True,
    "status": "enabled",
    "state": "sent",
    "verified": True,
    "proven": True,
    "slug": "x",
    "dispatch": 1,
    "created_at": "2020-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    "operation",
    [one for one in addresses.operations() if one.body is not None],
    ids=lambda one: f"{one.method} {one.path}",
)
def test_fields_that_an_operation_does_not_have_are_refused(
    operation: addresses.Operation,
    account: Account,
    everything: dict[str, str],
    api_of: Callable[..., Client],
) -> None:
    """A29: nobody gives themselves an account, a role or a status by adding a field."""
    client = api_of(account)
    client.get("/api/v1/account")
    before = picture()
    body = operation.body or {}
    for name in set(SMUGGLED) - set(body):
        response = getattr(client, operation.method)(
            filled(operation.path, everything),
            body | {name: SMUGGLED[name]},
            content_type="application/json",
        )
        fields = {one["field"]: one["message"] for one in problem_of(response, 422)["fields"]}
        assert fields.get(name) == "There is no such field here.", (name, fields)
    assert picture() == before


def test_page_forms_do_not_take_fields_they_do_not_show(
    account: Account, owner: User, group: UserGroup, client_of: Callable[[User], Client]
) -> None:
    rich = factories.make_group("Rich")
    values = {"name": "Quay", "time_zone": "UTC", "group": rich.public_id, "status": "suspended"}
    client_of(owner).post(reverse("accounts:general", args=[account.slug]), values)
    account.refresh_from_db()
    assert (account.name, account.group, account.status) == ("Quay", group, "active")
