"""Documents that cannot fall behind: settings, links, and the house rules' own examples."""

import re
from pathlib import Path

import pytest
from tools.house_rules import RULES, broken_rules

ROOT = Path(__file__).resolve().parents[2]
SETTING = re.compile(r'env\.\w+\(\s*"(\w+)"')
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    read = set(SETTING.findall((ROOT / "src/posthouse/config/settings.py").read_text()))
    page = (ROOT / "docs/operator/settings.md").read_text()
    told = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))

    assert read == told


@pytest.mark.parametrize(
    "document",
    sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]),
)
def test_links_of_a_document_lead_somewhere(document: str) -> None:
    path = ROOT / document
    missing = [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()]

    assert missing == []


def test_every_file_that_the_life_of_an_email_names_exists() -> None:
    text = (ROOT / "docs/life-of-an-email.md").read_text()
    named = re.findall(r"`([a-z_]+/[a-z_/]+(?:\.py)?)(?::[^`]*)?`", text)

    assert named
    inside = [name for name in named if not name.startswith("src/")]
    assert [name for name in inside if not (ROOT / "src/posthouse" / name).exists()] == []


BAD_LINES = {
    "access.py alone": "with scopes_disabled():",
    "tenancy of the managers": "Row._base_manager.all()",
    "escaped": "{{ text|safe }}",
    "stub": "# TODO: later",
    "outside host": '<script src="https://cdn.example.com/a.js">',
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.why)
def test_each_house_rule_finds_what_it_forbids(rule: object) -> None:
    found = [
        breach
        for words, line in BAD_LINES.items()
        for breach in broken_rules("src/posthouse/x/y.py", line)
        if words in breach
    ]

    assert any(breach.endswith(rule.why) for breach in found)  # type: ignore[attr-defined]


def test_a_house_rule_leaves_good_lines_alone() -> None:
    assert broken_rules("src/posthouse/x/y.py", "with access.tenant(account):") == []
    assert broken_rules("src/posthouse/accounts/access.py", "with scopes_disabled():") == []
