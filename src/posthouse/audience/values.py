"""What a custom field may hold: text, number, date, yes or no, as people and programs give them."""

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Final

Value = str | int | float | bool

LONGEST_VALUE: Final = 10_000  # characters; longer ones belong in content, not beside a person

_UNKEPT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WORDS = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "on"), True),
    **dict.fromkeys(("no", "n", "false", "f", "0", "off"), False),
}


class NotFit(ValueError):
    """A value that a field of its kind cannot hold; the text is a sentence that says why."""


def parse(kind: str, given: object) -> Value | None:
    """The value in the form in which it is kept; None for blank. Raises NotFit."""
    if given is None:
        return None
    if isinstance(given, str):
        return parse_text(kind, given)
    if isinstance(given, date):
        return parse_text(kind, given.isoformat())
    if isinstance(given, bool | int | float) and isinstance(given, _NATIVE[kind]):
        return _finite(given) if isinstance(given, bool) == (kind == "yes-no") else _refuse(given)
    return _refuse(given)


def parse_text(kind: str, given: str) -> Value | None:
    """As ``parse``, from text; this is what an import calls for each cell."""
    text = given.strip()
    return PARSERS[kind](text) if text else None


def _text(text: str) -> str:
    if len(text) > LONGEST_VALUE:
        raise NotFit(f"This text has {len(text):,} characters; {LONGEST_VALUE:,} is the limit.")
    if not text.isprintable() and (found := _UNKEPT.search(text)):
        code = f"U+{ord(found[0]):04X}"
        raise NotFit(f"This text contains the control character {code}, which cannot be kept.")
    return text


def _number(text: str) -> int | float:
    if not _NUMBER.fullmatch(text):
        raise NotFit(f"“{shown(text)}” is not a number; write it like 1234.5, without spaces.")
    return float(text) if "." in text else int(text)


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "").isoformat()
    except ValueError:
        raise NotFit(f"“{shown(text)}” is not a date; write it like 2024-12-31.") from None


def _yes_no(text: str) -> bool:
    if (answer := _WORDS.get(text.lower())) is None:
        raise NotFit(f"“{shown(text)}” is neither yes nor no; write yes or no.")
    return answer


PARSERS: Final[dict[str, Callable[[str], Value]]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "yes-no": _yes_no,
}
_NATIVE: Final[dict[str, tuple[type, ...]]] = {
    "text": (),
    "number": (int, float),
    "date": (),
    "yes-no": (bool,),
}


def shown(text: str) -> str:
    """A value as an error sentence shows it: printable and short."""
    line = "".join(c if c.isprintable() else " " for c in text[:41])
    return line if len(text) <= 40 else f"{line[:40]}…"


def _finite(value: float) -> float:
    # JSON has no infinity, and beyond 2**53 its numbers are no longer exact.
    if not math.isfinite(value) or abs(value) > 2**53:
        raise NotFit(f"{value} is too large; 15 digits are the limit.")
    return value


def _refuse(given: object) -> Value:
    raise NotFit(f"“{shown(str(given))}” is of another type than the field.")
