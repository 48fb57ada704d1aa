"""The look keeps its promises: icons exist, colours contrast, nothing is inline."""

import re
from pathlib import Path

import pytest

from posthouse.accounts.models import Account
from posthouse.audience.models import Import, ListMembership, Suppression
from posthouse.campaigns.models import Campaign
from posthouse.core.delivery.states import BatchState, DeliveryState
from posthouse.deliveries.models import Dispatch, Engine
from posthouse.domains.models import DomainRecord, SenderDomain
from posthouse.http import frame, states
from posthouse.servers.models import DeliveryServer

ROOT = Path(__file__).parents[2]
CSS = (ROOT / "frontend" / "app.css").read_text()
ICONS = set((ROOT / "frontend" / "icons.txt").read_text().split())
TEMPLATES = sorted((ROOT / "src").rglob("templates/**/*.html"))

# The darkest light ground and the lightest dark ground that text stands on.
LIGHT_GROUND, DARK_GROUND = "#f3f4f6", "#1f2937"
ENOUGH = 4.5  # WCAG 2.2, 1.4.3 (AA)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def used_icons() -> set[str]:
    """Every icon that a template or Python table names."""
    sources = [path.read_text() for path in TEMPLATES]
    named = {
        name
        for source in sources
        for name in re.findall(r'<c-icon name="([a-z0-9-]+)"|\bicon="([a-z0-9-]+)"', source)
        for name in name
        if name
    }
    tagged = {name for source in sources for name in re.findall(r'{% icon "([a-z0-9-]+)"', source)}
    looks = {look.icon for kind in states.LOOKS.values() for look in kind.values()}
    return named | tagged | looks | {"point"}


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    assert used_icons() - ICONS == set()


@pytest.mark.parametrize(
    ("kind", "states_in_use"),
    [
        ("domain", SenderDomain.Status.values),
        ("record", DomainRecord.State.values),
        ("campaign", Campaign.State.values),
        ("delivery", list(DeliveryState)),
        ("dispatch", Dispatch.State.values),
        ("batch", list(BatchState)),
        ("test", DeliveryServer.TestState.values),
        ("engine", Engine.State.values),
        ("job", Import.State.values),
        ("account", Account.Status.values),
        ("subscriber", ListMembership.Status.values),
        ("suppression", Suppression.Reason.values),
    ],
)
def test_every_state_in_use_has_a_look(kind: str, states_in_use: list[str]) -> None:
    assert set(states_in_use) <= set(states.LOOKS[kind])


def test_the_list_of_icons_is_sorted_and_has_no_doubles() -> None:
    listed = (ROOT / "frontend" / "icons.txt").read_text().split()
    assert listed == sorted(ICONS)


@pytest.mark.parametrize("tone", ["green", "blue", "purple", "yellow", "orange", "red", "grey"])
def test_tones_are_readable_in_both_themes(tone: str) -> None:
    rule = re.search(rf"\.tone-{tone} {{(.+?)}}", CSS)
    assert rule
    text, tint = (
        re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", rule.group(1))
        for name in ("text", "tint")
    )
    assert text
    assert tint
    for theme in (1, 2):
        assert contrast(text.group(theme), tint.group(theme)) >= ENOUGH


@pytest.mark.parametrize("accent", frame.ACCENTS)
def test_accents_are_readable_as_buttons_and_links(accent: str) -> None:
    rule = CSS if accent == "blue" else CSS.split(f'[data-accent="{accent}"]')[1]
    light = re.search(r"--accent-light: (#\w+)", rule)
    dark = re.search(r"--accent-dark: (#\w+)", rule)
    assert light
    assert dark
    assert contrast(light.group(1), "#ffffff") >= ENOUGH
    assert contrast(light.group(1), LIGHT_GROUND) >= ENOUGH
    assert contrast(dark.group(1), DARK_GROUND) >= ENOUGH


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: "/".join(path.parts[-2:]))
def test_templates_hold_nothing_inline(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r"\sstyle=", source)
    assert not re.search(r"\son[a-z]+=\"", source)
    scripts = re.findall(r"<script([^>]*)>", source)
    assert all("src=" in script or "application/json" in script for script in scripts)


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    hosts = {url.split("/")[2] for url in re.findall(r"https?://[^\"]+", lock)}
    assert hosts <= {"github.com", "opencollective.com"}  # where their authors ask for support
