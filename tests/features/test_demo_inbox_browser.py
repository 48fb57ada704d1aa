"""The demo's inbox in a real browser: narrow, dark, and with a hostile message."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, sync_playwright

from posthouse.demo.sink import Sink
from tests.features.test_demo_sink import LETTER
from tests.services import require

FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
LONG = "x" * 64 + "@" + "a-rather-long-domain-name." * 4 + "example.com"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sink in a thread of its own, with a few messages."""
    sink = Sink(tmp_path_factory.mktemp("sink"))
    sink.record.append(LONG, [LONG], b"Subject: " + b"long" * 60 + b"\r\n\r\nx\r\n")
    sink.record.append("b@example.com", ["r@example.org"], LETTER)
    sink.record.flush()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(sink.start(), loop).result()
    yield f"http://127.0.0.1:{sink.http_port}"
    asyncio.run_coroutine_threadsafe(sink.stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        yield started
        started.close()


@pytest.fixture(params=[(360, "light"), (360, "dark"), (1440, "light")], ids=str)
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    yield context.new_page()
    context.close()


def test_no_page_is_wider_than_the_screen(page: Page) -> None:
    for path in ("/", "/message/0", "/message/1", "/?q=nothing"):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
        assert page.locator("main").is_visible()


def test_a_hostile_message_runs_nothing_and_asks_nobody(page: Page, address: str) -> None:
    dialogs: list[str] = []
    outside: list[str] = []

    def hear(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    def see(sent: Request) -> None:
        if not sent.url.startswith(address):
            outside.append(sent.url)

    page.on("dialog", hear)
    page.on("request", see)
    page.goto("/")
    page.get_by_text("Grüße").click()
    frame = page.frame_locator("iframe")
    assert "Rich" in frame.locator("body").inner_text()
    page.wait_for_load_state("networkidle")
    assert dialogs == []
    assert outside == []


def test_searching_needs_no_script(page: Page) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill("r@example.org")
    page.get_by_role("button", name="Search").click()
    assert page.locator("li").count() == 1
