"""No address, query or form makes a page fail, whatever stands in it."""

import pytest
from django.test import Client

from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, Role, User
from posthouse.accounts.people import add_member
from tests import addresses
from tests.forms import forms_of
from tests.rows import filled, parameters_of, rows_of

NAMES = (
    *("q", "limit", "state", "status", "tab", "list", "group", "account", "verb"),
    *("actor", "operators", "next", "page", "channel", "as", "subscriber", "revision", "sample"),
)
VALUES = (
    *("a%00b", "%ED%A0%80", "%0d%0aX-Injected:%20yes", "'\"><script>", "-1"),
    *("99999999999999999999", "x" * 5000, "YzA"),
)
TYPED = ("a\x00b", "\r\nX: y", "x" * 20_000, "9" * 30)
PAGES = addresses.pages(addresses.ACCOUNT) + addresses.pages(addresses.OPERATOR)
PARAMETERS = {name for address in PAGES for name in parameters_of(address)}


@pytest.fixture
def paths(account: Account, boss: User) -> list[str]:
    """Every page of both areas that needs no rows of the installation."""
    add_member(SYSTEM, account, boss, Role.OWNER)
    known = rows_of(account) | {
        "slug": account.slug,
        "account": account.public_id,
        "group": account.group.public_id,
        "person": boss.public_id,
        "server": "srv_" + "x" * 20,
    }
    return [filled(address, known) for address in PAGES] + ["/", "/auth/login/", "/healthz"]


@pytest.fixture
def client(boss: User) -> Client:
    """An operator's browser that takes a failure as an answer of 500."""
    browser = Client(raise_request_exception=False)
    browser.force_login(boss)
    return browser


@pytest.mark.parametrize("value", VALUES, ids=lambda text: text[:9])
def test_no_query_makes_a_page_fail(value: str, paths: list[str], client: Client) -> None:
    asked = "&".join(f"{name}={value}" for name in NAMES)
    for path in paths:
        for query in (asked, f"cursor={value}"):
            response = client.get(f"{path}?{query}")
            if response.streaming:
                b"".join(response.streaming_content)  # type: ignore[attr-defined]
            assert response.status_code < 500, path
            assert "X-Injected" not in response.headers


@pytest.mark.parametrize("value", VALUES, ids=lambda text: text[:9])
def test_no_id_makes_a_page_fail(value: str, account: Account, client: Client) -> None:
    for address in PAGES:
        ids = dict.fromkeys(PARAMETERS, value.replace("/", "%2F"))
        response = client.get(filled(address, ids | {"slug": account.slug}))
        assert response.status_code in {200, 286, 302, 400, 404, 405}, address


@pytest.mark.parametrize("typed", TYPED, ids=lambda text: repr(text[:9]))
def test_nothing_typed_makes_a_form_fail(typed: str, paths: list[str], client: Client) -> None:
    for path in paths:
        response = client.get(path)
        if response.streaming or "html" not in response.headers["Content-Type"]:
            continue
        for form in forms_of(response.content.decode(), path):
            if form.method != "post" or "logout" in form.action:
                continue
            values = {name: typed for name in form.values if name != "csrfmiddlewaretoken"}
            answer = client.post(form.action, values)
            assert answer.status_code < 500, form.action
