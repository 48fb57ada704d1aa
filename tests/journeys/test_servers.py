"""An operator's delivery server pages fit every screen, whatever is known of the server."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, expect

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, User, UserGroup
from posthouse.core.channels import Channel
from posthouse.deliveries import rates
from posthouse.servers import services
from tests.factories import make_account
from tests.journeys.window import look, window
from tests.sending import make_sending, make_server

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_server_is_tested_looked_at_and_retired(  # noqa: PLR0917 - fixtures
    browser: Browser,
    live_server: Any,
    client_of: Callable[[User], Client],
    boss: User,
    account: Account,
    group: UserGroup,
) -> None:
    cookie = client_of(boss).cookies["posthouse_session"].value
    with access.across_tenants():
        sending = make_sending(account, 3)
        dispatch = sending.dispatch()
        type(dispatch).objects.filter(pk=dispatch.pk).update(server_id=sending.server.pk)
    server = sending.server
    services.change(
        SYSTEM, server, name="EU marketing", rate_per_minute=40, rate_per_day=20_000,
        host="relay.a-rather-long-name.of-a-provider.example.com",
    )  # fmt: skip
    services.allocate(SYSTEM, server, Channel.TRANSACTIONAL, group)
    make_server(name="The other relay")
    server.refresh_from_db()
    with access.across_tenants():
        rates.take(server.pk, 40)
    server.dns_checked_at = timezone.now()
    server.dns_findings = [
        {"check": "SPF", "host": "mailer.example.net", "state": "wrong",
         "sentence": "The SPF record lacks “include:spf.example.net”.", "next_step": "Add it."},
        {"check": "MX", "host": "mailer.example.net", "state": "ok",
         "sentence": "Bounces go to mailer.example.net.", "next_step": ""},
    ]  # fmt: skip
    server.save()
    with window(browser, live_server.url) as page:
        page.context.add_cookies(
            [{"name": "posthouse_session", "value": cookie, "url": live_server.url}]
        )
        page.goto(f"/operator/servers/{server.public_id}/")
        look(page, "server-method")
        page.get_by_text("Domains", exact=True).click()
        look(page, "server-domains")
        page.get_by_role("link", name="Test", exact=True).click()
        look(page, "server-test")
        page.get_by_label("Recipient").fill("someone@example.org")
        page.get_by_role("button", name="Test now").click()
        expect(page.get_by_text("has no address")).to_be_visible()
        look(page, "server-test-failed")
        page.get_by_role("link", name="Use", exact=True).click()
        expect(page.get_by_text("The server is at its rate.")).to_be_visible()
        look(page, "server-use")
        page.get_by_role("link", name="Retire").click()
        look(page, "server-retire")
        page.get_by_label("Their mail goes through").select_option(index=1)
        page.get_by_role("button", name="Retire").click()
        expect(page.get_by_text("What used it goes through The other relay now.")).to_be_visible()
        look(page, "server-retired")
        page.goto("/operator/servers/")
        look(page, "servers-with-a-retired-one")


def test_a_folder_a_groups_retired_server_and_a_route_are_looked_at(
    browser: Browser, live_server: Any, client_of: Callable[[User], Client], boss: User
) -> None:
    cookie = client_of(boss).cookies["posthouse_session"].value
    account = make_account()
    folder = make_server(name="The archive", kind="disk", folder="archive/of-a-rather-long-name")
    with access.across_tenants():
        relay = make_sending(account, 3).server
    services.allocate(SYSTEM, relay, Channel.TRANSACTIONAL, account.group)
    services.set_send_method(SYSTEM, account.group, "server", folder)
    services.retire(SYSTEM, relay)
    pages = {
        f"servers/{folder.public_id}/": "server-folder",
        f"servers/{folder.public_id}/test/": "server-folder-test",
        f"servers/{folder.public_id}/use/": "server-folder-use",
        f"servers/{relay.public_id}/use/": "server-retired-to-nowhere",
        f"groups/{account.group.public_id}/routing/": "group-routing-retired",
        f"groups/{account.group.public_id}/headers/": "group-headers-empty",
        f"accounts/{account.public_id}/route/": "account-route",
    }
    with window(browser, live_server.url) as page:
        page.context.add_cookies(
            [{"name": "posthouse_session", "value": cookie, "url": live_server.url}]
        )
        for address, name in pages.items():
            page.goto(f"/operator/{address}")
            look(page, name)
