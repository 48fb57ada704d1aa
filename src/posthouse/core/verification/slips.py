"""Recognises a TXT value that is ours but for a slip: quotes, blanks, case, a cut."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import permutations

from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.records import RecordType, same_value
from posthouse.core.verification.cases import Case, Fault, Recognised, listed
from posthouse.core.verification.followups import upwards

_WRITTEN_OUT = re.compile(r"\\(?:009|010|013)")
_MOST_PIECES = 4  # records over which one value was spread; more are not tried in every order


def slip_of_the_pen(case: Case) -> Recognised | None:
    """A value that is ours but for a slip; the slips are tried in turn on each value."""
    if case.finding.record.type is not RecordType.TXT:
        return None
    expected = case.finding.record.value
    if spread := _spread(expected, case.answer.values):
        return spread
    for fault, is_slip in _SLIPS:
        for seen in case.answer.values:
            if is_slip(expected, seen):
                return Recognised(_named(fault, case), _details(seen))
    return None


def zone_appended_to_exchange(case: Case) -> Recognised | None:
    """An MX record whose mail host lacks its final dot."""
    record = case.finding.record
    if record.type is not RecordType.MX:
        return None
    for zone in upwards(record.host, registered_domain(case.domain)):
        for seen in case.answer.values:
            if same_value(RecordType.MX, f"{record.value}.{zone}", seen):
                details = {"seen": seen, "added": zone}
                return Recognised(Fault.ZONE_APPENDED_TO_TARGET, details)
    return None


def extra_characters(case: Case) -> Recognised | None:
    """Ours, and more around it."""
    ours, kind = case.finding.record.value, case.finding.record.type
    for seen in case.answer.values:
        if kind is RecordType.TXT and ours in seen:
            return Recognised(Fault.EXTRA_CHARACTERS, {"seen": seen})
    return None


def other_value(case: Case) -> Recognised | None:
    """Something else altogether."""
    if case.answer.values:
        return Recognised(Fault.OTHER_VALUE, {"seen": listed(case.answer.values)})
    return None


def _named(fault: Fault, case: Case) -> Fault:
    is_key = fault is Fault.CUT_OFF and case.finding.record.purpose == "dkim"
    return Fault.DKIM_TRUNCATED if is_key else fault


def _details(seen: str) -> dict[str, str]:
    foreign = dict.fromkeys(sign for sign in seen if not sign.isascii())
    named = listed(unicodedata.name(sign, f"U+{ord(sign):04X}").lower() for sign in foreign)
    return {"seen": seen, "length": str(len(seen)), "reason": named}


def _spread(expected: str, values: Sequence[str]) -> Recognised | None:
    """The pieces of one value, each in a record of its own."""
    pieces = [value for value in values if value and value in expected]
    if not 2 <= len(pieces) <= _MOST_PIECES:
        return None
    if any("".join(order) == expected for order in permutations(pieces)):
        return Recognised(Fault.SPREAD_OVER_RECORDS, {"count": str(len(pieces))})
    return None


def _has_foreign_signs(ours: str, seen: str) -> bool:
    """Typographic quotes, blanks and dashes, letters of other scripts: ours but for those."""
    if seen.isascii():
        return False
    left = "".join(sign for sign in seen if sign.isascii())
    if _bare(left) == _bare(ours):
        return True
    alike = (a == b or not b.isascii() for a, b in zip(ours, seen, strict=False))
    return len(ours) == len(seen) and all(alike)


def _bare(text: str) -> str:
    return "".join(text.split()).strip("\"'")


def _without_blanks(text: str) -> str:
    """Also without line breaks and tabs, which look-ups write out as `\\010`."""
    return "".join(_WRITTEN_OUT.sub("", text).split())


def _unquoted(text: str) -> str:
    """Without the quotation marks around the whole, and around each piece of it."""
    return re.sub(r"""(["'])\s*\1""", "", text.strip()).strip("\"'")


_SLIPS: tuple[tuple[Fault, Callable[[str, str], bool]], ...] = (
    (Fault.FOREIGN_CHARACTERS, _has_foreign_signs),
    (
        Fault.QUOTES,
        lambda ours, seen: seen.strip()[:1] in ("'", '"') and _unquoted(seen) == ours,
    ),
    (Fault.BACKSLASHES, lambda ours, seen: seen.replace("\\", "") == ours),
    (Fault.BLANKS, lambda ours, seen: _without_blanks(seen) == _without_blanks(ours)),
    (Fault.OTHER_CASE, lambda ours, seen: seen.lower() == ours.lower()),
    (Fault.CUT_OFF, lambda ours, seen: ours.startswith(seen) and 2 * len(seen) >= len(ours)),
    (Fault.EXTRA_DOT, lambda ours, seen: seen.strip(".") == ours),
)
