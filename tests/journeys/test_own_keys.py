"""A rotation of a domain's own keys in a browser: made, published, found, the old ones retired."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect

from posthouse.accounts.models import Account, User
from posthouse.domains.models import SenderDomain
from tests.factories import PASSWORD
from tests.features.own_keys import MASTER, asked, enabled
from tests.journeys.window import look, window

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def domain(account: Account, dns_world: "DnsWorld", settings: Any) -> SenderDomain:
    """Made before the browser, whose loop lets no other run in this thread."""
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", MASTER)
    return enabled(account, dns_world, "journey.example.com")


def test_a_person_rotates_the_keys(
    domain: SenderDomain,
    owner: User,
    dns_world: "DnsWorld",
    browser: Browser,
    live_server: Any,
) -> None:
    with ExitStack() as windows:
        page = windows.enter_context(window(browser, live_server.url))
        page.goto(f"/a/{domain.account.slug}/settings/domains/{domain.public_id}/")
        sign_in(page, owner.email)
        page.get_by_role("link", name="Keys", exact=True).click()
        expect(page.get_by_text("Signs", exact=True)).to_have_count(2)
        look(page, "keys-signing")

        page.get_by_role("button", name="Rotate").click()
        expect(page.get_by_text("Publish these beside the old ones")).to_be_visible()
        look(page, "keys-waiting")
        page.get_by_role("button", name="Call the rotation off").click()
        expect(page.get_by_text("The keys that signed go on.")).to_be_visible()

        page.get_by_role("button", name="Rotate").click()
        expect(page.get_by_text("Publish these beside the old ones")).to_be_visible()
        dns_world.set_zone("journey.example.com", asked(domain))
        page.get_by_role("button", name="Verify DNS records").click()
        look(page, "domain-rotated")
        page.get_by_role("link", name="Keys", exact=True).click()
        expect(page.get_by_text("Retired", exact=True)).to_have_count(2)
        look(page, "keys-rotated")


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/auth/" not in url)
