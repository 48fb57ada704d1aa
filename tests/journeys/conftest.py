"""What journeys start from: Chromium, and an installation of real parts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from posthouse.demo.world import World
from tests.journeys import stage
from tests.journeys.window import PATIENCE, window
from tests.services import require

BUILT = Path(__file__).parents[2] / "src/posthouse/web/static/build/app.js"
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"

Open = Callable[[], Page]


@pytest.fixture
def browser() -> Iterator[Browser]:
    chromium = require("chromium")
    assert BUILT.exists(), "the front end is not built: run frontend/build.sh"
    expect.set_options(timeout=PATIENCE)
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's loop runs in this thread, and Django then refuses its own database calls.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=chromium, args=QUIET.split())
            yield started
            started.close()


@pytest.fixture
def world(child_environment: dict[str, str], tmp_path: Path) -> Iterator[World]:
    """A running installation, without engines so far."""
    with stage.installation(tmp_path / "world", child_environment) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, world: World) -> Iterator[Open]:
    """``opened()``: a window of its own for one more person."""
    with ExitStack() as windows:
        yield lambda: windows.enter_context(window(browser, world.site))
