"""The shared behaviours in a real browser: copy, confirm, live parts, themes, narrow screens."""

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest
from django.test import override_settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.features.sample_pages import LONG_DOMAIN, Answers
from tests.services import require

BUILT = Path(__file__).parents[2] / "src/posthouse/web/static/build/app.js"
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("chromium")
    assert BUILT.exists(), "the front end is not built: run frontend/build.sh"
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's loop runs in this thread, and Django then refuses its own database calls.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=chromium, args=QUIET.split())
            yield started
            started.close()


@pytest.fixture
def site(live_server: Any) -> Iterator[str]:
    with override_settings(ROOT_URLCONF="tests.features.sample_pages"):
        yield live_server.url


@pytest.fixture
def context(browser: Browser, site: str) -> Iterator[BrowserContext]:
    """A browser window that fails the test on any complaint, script error or outside request."""
    made = browser.new_context(
        base_url=site,
        viewport={"width": 1440, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    )
    troubles: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            troubles.append(said.text)

    def watch(asked: Request) -> None:
        if not asked.url.startswith((site, "data:")):
            troubles.append(asked.url)

    made.on("console", hear)
    made.on("weberror", lambda error: troubles.append(str(error.error)))
    made.on("request", watch)
    yield made
    made.close()
    assert troubles == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.mark.parametrize("address", ["/", "/form", "/delete", "/auth/login/"])
def test_nothing_widens_the_page(page: Page, address: str) -> None:
    for theme, width in product(("light", "dark"), (360, 1440)):
        page.emulate_media(color_scheme=cast(Any, theme))
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_copying_takes_the_value_and_says_so(page: Page) -> None:
    page.goto("/")
    button = page.get_by_role("button", name="Copy host")
    button.click()
    expect(button).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"key1._domainkey.{LONG_DOMAIN}"


def test_a_dangerous_action_asks_in_a_dialog_and_can_be_left(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 drafts will have no From address.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Delete").click()
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Delete").click()
    dialog.get_by_role("button").click()
    page.wait_for_url("**/form")


def test_without_script_the_same_question_is_a_page(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Copy host")).to_be_hidden()
    page.get_by_role("link", name="Delete").click()
    page.wait_for_url("**/delete")
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/form")
    context.close()


def test_a_live_part_asks_until_nothing_moves(page: Page) -> None:
    page.clock.install()
    page.goto("/live")
    expect(page.get_by_text("first")).to_be_visible()
    for number in (1, 2, 3):
        page.clock.run_for(2_100)
        expect(page.get_by_text(f"answer {number}")).to_be_visible()
    page.clock.run_for(60_000)
    assert Answers.given == 3


def test_a_live_part_rests_while_the_tab_is_hidden(page: Page) -> None:
    page.clock.install()
    page.goto("/live")
    hide(page, hidden=True)
    page.clock.run_for(60_000)
    assert Answers.given == 0
    hide(page, hidden=False)
    expect(page.get_by_text("answer 1")).to_be_visible()


def hide(page: Page, *, hidden: bool) -> None:
    """Tell the page that its tab went to the back or came to the front."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_relative_times_grow_older_while_the_page_is_open(page: Page) -> None:
    page.clock.install()
    page.goto("/")
    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("beforeend",
          `<time data-relative datetime="${new Date().toISOString()}">just now</time>`)"""
    )
    page.clock.run_for(330_000)
    expect(page.locator("time[data-relative]").last).to_have_text("5 minutes ago")


def test_slash_goes_to_the_search(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_leaving_a_changed_form_asks_first(page: Page) -> None:
    page.goto("/form")
    page.get_by_label("Name").fill("changed")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.once("dialog", leave)
    page.goto("/")
    assert asked == ["beforeunload"]


def test_saving_a_changed_form_does_not_ask(page: Page) -> None:
    page.goto("/form")
    page.get_by_label("Name").fill("changed")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(lambda url: url.endswith("/"))


def test_an_upload_arrives_or_shows_its_errors(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"email\n" + os.urandom(200_000))
    page.goto("/form")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    page.get_by_label("Name").fill("people")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(lambda url: url.endswith("/"))


def test_the_chart_is_drawn(page: Page) -> None:
    page.goto("/")
    expect(page.locator("[data-chart] canvas")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("cell", name="40,000,000").last).to_be_visible()


def test_on_a_narrow_screen_cells_carry_their_columns_name(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/")
    table = page.locator("table.card-table")
    expect(table.locator("thead")).to_be_hidden()
    expect(table.locator("td").last).to_have_attribute("data-label", "Sent")
    assert table.evaluate("table => table.parentElement.scrollWidth <= innerWidth")


def test_on_a_narrow_screen_the_navigation_opens(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/")
    navigation = page.locator("#navigation")
    expect(navigation).to_be_hidden()
    toggle = page.get_by_role("button", name="Navigation")
    toggle.click()
    expect(navigation).to_be_visible()
    expect(toggle).to_have_attribute("aria-expanded", "true")
