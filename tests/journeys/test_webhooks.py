"""A developer of a tenant in a browser: a webhook set up, a test that fails, one that arrives."""

import threading
from contextlib import ExitStack
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, expect
from standardwebhooks import Webhook

from posthouse.accounts import access
from posthouse.accounts.models import User
from posthouse.webhooks import sending
from tests.fakes.receiver import Receiver, Reply
from tests.journeys.window import look, sign_in, window

pytest_plugins = ["tests.features.receivers"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def inside(settings: Any) -> None:
    """The receiver of this test is inside."""
    settings.WEBHOOKS_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)


def the_worker_sends() -> None:
    """In a thread of its own, as in the worker; the browser's loop runs in this one."""

    def send() -> None:
        with access.across_tenants():
            sending.send_due()
        connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()


def test_a_developer_sets_up_a_webhook(
    manager: User, receiver: Receiver, browser: Browser, live_server: Any
) -> None:
    receiver.replies["/in"] = Reply(500, body=b"no such table: events")
    with ExitStack() as windows:
        page = windows.enter_context(window(browser, live_server.url))
        page.goto("/")
        sign_in(page, manager.email)
        page.get_by_role("link", name="Webhooks").click()
        look(page, "webhooks-empty")
        page.get_by_role("link", name="Add a webhook").click()
        page.get_by_label("URL").fill("https://10.0.0.1/in")
        page.get_by_role("button", name="Add the webhook").click()
        expect(page.get_by_text("10.0.0.1 is not a public address")).to_be_visible()
        look(page, "webhook-new")
        page.get_by_label("URL").fill(receiver.url("/in"))
        page.get_by_role("button", name="Add the webhook").click()
        secret = page.locator("code").filter(has_text="whsec_").inner_text()
        look(page, "webhook-secret")

        page.get_by_role("link", name="I have copied it").click()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("Not sent yet")).to_be_visible()
        the_worker_sends()
        expect(page.get_by_text("no such table: events")).to_be_visible()
        look(page, "webhook-call")

        receiver.replies.clear()
        page.get_by_role("button", name="Send again").click()
        the_worker_sends()
        expect(page.get_by_text("Delivered")).to_be_visible()
        Webhook(secret).verify(receiver.requests[-1].body, dict(receiver.requests[-1].headers))
        page.get_by_role("link", name=receiver.url("/in")).click()
        look(page, "webhook")
        page.get_by_role("link", name="Webhooks").first.click()
        look(page, "webhooks")
