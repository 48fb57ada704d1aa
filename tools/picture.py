"""Makes docs/images/campaign.png anew: a campaign on its way, in the running demo.

Needs Chromium. Run it as: .venv/bin/python -m tools.picture
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "campaign.png"
RECIPIENTS = 10_000
ENOUGH = 0.4  # of the campaign is done when the picture is taken
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
NAME = "Winter reading"
SUBJECT = 'Winter at Harbour Books: fourteen stories for {{ first_name | default: "you" }}'


def main() -> int:
    """Runs the demo, sends a second campaign in it by hand, and takes the picture."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)  # noqa: T201
        return 1
    with demo() as (site, email, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET.split())
        page = browser.new_page(
            base_url=site,
            viewport={"width": 1440, "height": 720},
            color_scheme="light",
            reduced_motion="reduce",
        )
        sign_in(page, email, password)
        send_another(page)
        wait_for_the_middle(page)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")  # noqa: T201
    return 0


@contextmanager
def demo() -> Iterator[tuple[str, str, str]]:
    """A demo that stays up: its address, and the sign-in of its account's owner."""
    with tempfile.TemporaryDirectory(prefix="posthouse-picture-") as folder:
        command = [sys.executable, "-m", "posthouse.cli.app", "demo", "--home", f"{folder}/home"]
        running = subprocess.Popen(  # noqa: S603 - our own program
            [*command, "--recipients", str(RECIPIENTS)], stdout=subprocess.PIPE, text=True
        )
        try:
            said = read_until(running, "Stays up")
            site = re.search(r"http://\S+", said.partition("Pages:")[2])
            owner = re.search(r"account\s+(\S+@\S+)\s+(\S+)", said)
            if site is None or owner is None:
                raise SystemExit(f"The demo did not come up:\n{said}")
            yield site[0], owner[1], owner[2]
        finally:
            running.terminate()
            running.wait()


def read_until(running: "subprocess.Popen[str]", words: str) -> str:
    """What the demo says, up to these words or its end."""
    assert running.stdout is not None
    said = ""
    for line in running.stdout:
        said += line
        if words in line:
            break
    return said


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def send_another(page: Page) -> None:
    """A copy of the demo's campaign, with a name and a subject of its own."""
    page.get_by_role("link", name="Campaigns", exact=True).click()
    page.get_by_role("link", name="Autumn newsletter").click()
    page.get_by_role("button", name="Duplicate").click()
    page.get_by_role("textbox", name="Name", exact=True).fill(NAME)
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_role("button", name="Save, then review and send").click()
    page.get_by_role("button", name=re.compile("Send to .* people now")).click()


def wait_for_the_middle(page: Page) -> None:
    """Until a good part is done, and the page says how fast and for how long."""
    expect(page.get_by_text("msg/s")).to_be_visible(timeout=120_000)
    page.wait_for_function(
        """part => {
          const words = document.querySelector("[data-live]").innerText.replaceAll(",", "");
          const [, done, total] = words.match(/(\\d+) of (\\d+) done/) ?? [];
          return Number(done) >= part * Number(total) && words.includes("left");
        }""",
        arg=ENOUGH,
        timeout=120_000,
    )


if __name__ == "__main__":
    sys.exit(main())
