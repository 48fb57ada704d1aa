"""Rules of this house that no other tool knows: each is a pattern, where it may stand, and why."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rule:
    """What must not be written, except in some files."""

    pattern: re.Pattern[str]
    except_in: tuple[str, ...]
    why: str


RULES = (
    Rule(
        re.compile(r"scopes_disabled|\bscope\("),
        ("accounts/access.py",),
        "tenant rows are reached through accounts/access.py alone",
    ),
    Rule(
        re.compile(r"_base_manager|objects\.raw\("),
        (),
        "goes around the tenancy of the managers",
    ),
    Rule(
        re.compile(r"\|\s*safe\b|mark_safe\(|autoescape off"),
        ("http/templatetags/posthouse.py",),
        "output is escaped; markup is built with format_html",
    ),
    Rule(
        re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError"),
        (),
        "no stub is called done: finish it, or say in an issue that it is missing",
    ),
    Rule(
        re.compile(r"https?://(?!127\.0\.0\.1|localhost)[^\s\"'<>]*\.(js|css|woff2?)\b"),
        (),
        "pages ask no outside host for anything",
    ),
)
_MODULE_NAMES = {"utils", "helpers", "manager", "base", "common", "misc"}


def broken_rules(path: str, text: str) -> list[str]:
    """Every breach in one file, as ``path:line: why``."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        found += [
            f"{path}:{number}: {rule.why}"
            for rule in RULES
            if rule.pattern.search(line) and not path.endswith(rule.except_in or ("\0",))
        ]
    if Path(path).suffix == ".py" and Path(path).stem in _MODULE_NAMES:
        found.append(f"{path}: a module is named after what it knows, not {Path(path).stem!r}")
    return found


def main() -> int:
    """Reads the sources; prints the breaches; 1 when there is one."""
    files = [p for p in Path("src").rglob("*") if p.suffix in {".py", ".html"} and p.is_file()]
    breaches = [
        breach
        for path in sorted(files)
        if "build" not in path.parts and "migrations" not in path.parts
        for breach in broken_rules(str(path), path.read_text())
    ]
    for breach in breaches:
        print(f"house rules: {breach}")  # noqa: T201
    return int(bool(breaches))


if __name__ == "__main__":
    sys.exit(main())
