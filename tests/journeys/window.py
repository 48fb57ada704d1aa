"""A browser window of one person: it fails the test on complaints, and takes pictures if asked to.

POSTHOUSE_PICTURES=FOLDER keeps every page that a journey shows, at two widths in both themes.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    expect,
)

from posthouse.demo.world import World
from tests.journeys.stage import PASSWORD

WIDE, NARROW = 1440, 360
PATIENCE = 60_000  # milliseconds; what a person would call hanging, times ten
_PICTURE = "<svg xmlns='http://www.w3.org/2000/svg'/>"
_FITS = "width => innerWidth === width && document.documentElement.scrollWidth <= width"
_PICTURES = os.environ.get("POSTHOUSE_PICTURES", "")


@contextmanager
def window(browser: Browser, site: str) -> Iterator[Page]:
    """A page in a window of its own; at its end nothing may have complained or gone outside."""
    context = browser.new_context(
        base_url=site,
        viewport={"width": WIDE, "height": 900},
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE)
    troubles = _listen(context, site)
    yield context.new_page()
    context.close()
    assert not troubles, "\n".join(troubles)


def _listen(context: BrowserContext, site: str) -> list[str]:
    """What the console, scripts and the network have to complain of, from now on."""
    troubles: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            troubles.append(said.text)

    def answer(route: Route) -> None:
        """Pictures of a previewed message may be anywhere; everything else is ours."""
        if "/preview/html/" not in route.request.frame.url:
            troubles.append(route.request.url)
        route.fulfill(
            body="<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml"
        )

    context.on("console", hear)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.route(lambda url: not url.startswith((site, "data:")), answer)
    return troubles


def sign_in(page: Page, email: str) -> None:
    """The sign-in form, as a person fills it."""
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    look(page, "sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/auth/" not in url)


def see(world: World, what: Locator) -> None:
    """Waits for what a live page shows by itself; a part that ended meanwhile says why."""
    until = time.monotonic() + PATIENCE / 1000
    while not what.is_visible():
        world.parts.demand_alive()
        assert time.monotonic() < until, f"{what} is not to be seen"
        what.page.wait_for_timeout(100)


def look(page: Page, name: str) -> None:
    """The page has one heading and one main action at most, and fits the narrowest screen."""
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.locator(".btn-primary:visible").count() <= 1, f"{name}: several primary buttons"
    for width, theme in product((NARROW, WIDE), ("dark", "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=cast(Any, theme))
        page.wait_for_function(_FITS, arg=width)
        if _PICTURES:
            Path(_PICTURES).mkdir(parents=True, exist_ok=True)
            path = f"{_PICTURES}/{name}-{width}-{theme}.png"
            page.screenshot(path=path, full_page=True)
