"""docs/account/dns-findings.md lists what the DNS doctor finds, exactly."""

import re
from pathlib import Path

from posthouse.core.verification.cases import Fault
from posthouse.core.verification.wording import WORDS

PAGE = Path(__file__).parents[3] / "docs" / "account" / "dns-findings.md"

_STATES = {
    "ok": "OK",
    "not_yet": "Not yet",
    "wrong": "Wrong",
    "could_not_check": "Could not check",
}


def row(fault: Fault) -> str:
    """A finding as the page writes it; what depends on the record stands in italics."""
    words = WORDS[fault]
    told = (f"`{fault.value}`", _STATES[words.verdict.value], words.problem, words.advice)
    return "| " + " | ".join(re.sub(r"\{(\w+)\}", r"*\1*", each) for each in told) + " |"


def test_the_page_lists_every_code_with_its_sentence_and_next_step() -> None:
    listed = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "| `" in line]
    assert listed == [row(fault) for fault in sorted(Fault)]


def test_codes_are_slugs_for_good() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", fault.value) for fault in Fault)
