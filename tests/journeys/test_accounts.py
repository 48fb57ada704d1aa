"""An operator's pages of groups and accounts fit every screen, in every standing of an account."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from posthouse.accounts import services as accounts
from posthouse.accounts import standing
from posthouse.accounts.actors import SYSTEM, operator
from posthouse.accounts.models import Account, User, UserGroup
from posthouse.core.channels import Channel
from posthouse.servers import services
from tests.journeys.window import look, window
from tests.sending import make_server

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_group_is_copied_and_an_account_gets_its_own(  # noqa: PLR0917 - fixtures
    browser: Browser,
    live_server: Any,
    client_of: Callable[[User], Client],
    boss: User,
    account: Account,
    group: UserGroup,
) -> None:
    cookie = client_of(boss).cookies["posthouse_session"].value
    services.allocate(SYSTEM, make_server(name="Shared by everybody"), Channel.MARKETING, group)
    own = make_server(name="A rather long name of a server for Harbour Books alone")
    with window(browser, live_server.url) as page:
        page.context.add_cookies(
            [{"name": "posthouse_session", "value": cookie, "url": live_server.url}]
        )
        page.goto(f"/operator/groups/{group.public_id}/")
        look(page, "group")
        accounts.change_group(operator(boss), group, sender_domains_limit=9)
        page.get_by_label("Name").fill("Mine")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("changed Agencies since this page was opened")).to_be_visible()
        look(page, "group-edited-meanwhile")
        page.get_by_role("button", name="Duplicate").click()
        expect(page.get_by_text("has the same settings and no accounts")).to_be_visible()

        page.goto(f"/operator/accounts/{account.public_id}/routing/")
        page.get_by_label("Marketing").select_option(own.public_id)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Nobody else is allocated A rather")).to_be_visible()
        look(page, "account-sending")
        standing.change(SYSTEM, account, "suspended", "The last bill is not paid.")
        page.goto(f"/operator/accounts/{account.public_id}/")
        look(page, "account-suspended")
        page.goto(f"/operator/accounts/{account.public_id}/disable/")
        look(page, "account-disable")
        page.goto("/operator/accounts/")
        look(page, "accounts")
