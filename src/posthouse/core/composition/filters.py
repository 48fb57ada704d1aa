"""The filters that templates with logic may use, each bounded in what it can make."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from liquid.builtin.filters import array, math, string
from liquid.exceptions import FilterArgumentError
from liquid.undefined import is_undefined

LONGEST_TEXT: Final = 50_000  # characters of one value: half a message that Gmail clips
LONGEST_LIST: Final = 1_000
LARGEST_NUMBER: Final = 10**15

# What `date` may print: no widths (a width of 10^9 would ask for a gigabyte), no locale, no zone.
_DIRECTIVES: Final = frozenset("aAbBdeHIjmMpSyY%")
_TODAY: Final = frozenset({"now", "today"})


def _text(value: object) -> str:
    return "" if value is None or is_undefined(value) else str(value)


def within_bounds(value: object) -> bool:
    """Whether a value is small enough to go on working with."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    if isinstance(value, (list, tuple, range)):
        return len(value) <= LONGEST_LIST
    return not isinstance(value, int) or abs(value) <= LARGEST_NUMBER


def _replace(value: object, old: object, new: object = "") -> str:
    text, found, put = _text(value), _text(old), _text(new)
    if len(text) + text.count(found) * len(put) > LONGEST_TEXT:
        raise FilterArgumentError("replace would make the text too long", token=None)
    return text.replace(found, put)


def _join(value: object, separator: object = " ") -> str:
    items = [_text(item) for item in value] if isinstance(value, (list, tuple)) else [_text(value)]
    between = _text(separator)
    if sum(map(len, items)) + len(between) * len(items) > LONGEST_TEXT:
        raise FilterArgumentError("join would make the text too long", token=None)
    return between.join(items)


def _default(value: object, otherwise: object = "") -> object:
    nothing = value is None or value is False or is_undefined(value) or value in ("", [])
    return otherwise if nothing else value


def _unchanged(value: object) -> object:
    """`escape` in templates from elsewhere: here every value is escaped for its place anyway."""
    return value


def format_date(value: object, pattern: object, now: datetime) -> str:
    """An ISO date, or "now", by strftime letters; text that is no date comes back as it is."""
    text = _text(value).strip()
    try:
        moment = now if text in _TODAY else datetime.fromisoformat(text)
    except ValueError:
        return text
    out, letters = [], iter(_text(pattern))
    for letter in letters:
        if letter != "%":
            out.append(letter)
            continue
        plain = next(letters, "%")
        unpadded = plain == "-"
        directive = next(letters, "%") if unpadded else plain
        if directive not in _DIRECTIVES:
            raise FilterArgumentError(f"date does not know %{directive}", token=None)
        written = moment.strftime(f"%{directive}")
        out.append(written.lstrip("0") or "0" if unpadded else written)
    return "".join(out)


FILTERS: Final[dict[str, Callable[..., object]]] = {
    "append": string.append,
    "capitalize": string.capitalize,
    "default": _default,
    "downcase": string.downcase,
    "escape": _unchanged,
    "escape_once": _unchanged,
    "lstrip": string.lstrip,
    "prepend": string.prepend,
    "remove": string.remove,
    "remove_first": string.remove_first,
    "replace": _replace,
    "replace_first": string.replace_first,
    "rstrip": string.rstrip,
    "slice": string.slice_,
    "split": string.split,
    "squish": string.squish,
    "strip": string.strip,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "upcase": string.upcase,
    "first": array.first,
    "join": _join,
    "last": array.last,
    "reverse": array.reverse,
    "sort": array.sort,
    "abs": math.abs_,
    "at_least": math.at_least,
    "at_most": math.at_most,
    "ceil": math.ceil,
    "divided_by": math.divided_by,
    "floor": math.floor,
    "minus": math.minus,
    "modulo": math.modulo,
    "plus": math.plus,
    "round": math.round_,
    "times": math.times,
}
