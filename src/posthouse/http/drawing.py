"""Small pictures as SVG numbers: parts of a bar, the line of a sparkline, days of checks.

SVG attributes instead of `style`, because the content security policy allows no inline styles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from posthouse.http.states import LOOKS, Look, Tone

BAR = 1_000  # width of a bar in its own units
LEAST = 6  # what is there is seen: 3 failures among 40,000,000 still show

NEARLY = 0.8  # of a limit: the meter turns yellow

# Left to right. What has not been decided yet is the bar's background.
ORDER = ("accepted", "uncertain", "deferred", "failed", "skipped")
WAITING = ("pending", "sending")

# A day of checks: (top, height) of what is drawn, in a bar that is 6 wide and 20 high. Each has a
# shape of its own, for colour alone tells some people nothing: a failure is an exclamation mark.
DAY_SHAPES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "verified": ((0, 20),),
    "failed": ((0, 13), (15, 5)),
    "could_not_check": ((11, 9),),
    "none": ((18, 2),),
}
_DAY_STEP = 8


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar: `start` and `width` in thousandths, `count` as it is."""

    state: str
    look: Look
    count: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day's bar: where it stands, and (top, height) of its pieces."""

    look: Look
    start: int
    pieces: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Meter:
    """How full a limit is: `width` in thousandths."""

    width: int
    tone: Tone
    reached: bool


def parts(counts: Mapping[str, int]) -> list[Part]:
    """The parts of a delivery bar, from counts by delivery state; waiting ones last."""
    waiting = sum(counts.get(state, 0) for state in WAITING)
    amounts = [counts.get(state, 0) for state in ORDER] + [waiting]
    widths = shares(amounts)
    names = (*ORDER, "pending")
    return [
        Part(name, LOOKS["delivery"][name], count, sum(widths[:index]), widths[index])
        for index, (name, count) in enumerate(zip(names, amounts, strict=True))
        if count
    ]


def shares(amounts: Sequence[int]) -> list[int]:
    """Widths that add up to BAR (or 0 if there is nothing), each non-zero amount at least LEAST."""
    total = sum(amounts)
    if not total:
        return [0] * len(amounts)
    widths = [max(LEAST, BAR * amount // total) if amount else 0 for amount in amounts]
    widths[widths.index(max(widths))] += BAR - sum(widths)
    return widths


def meter(amount: int, limit: int | None) -> Meter:
    """How full a limit is; unlimited (0 or None) is empty and green."""
    if not limit:
        return Meter(0, "green", reached=False)
    reached = amount >= limit
    tone: Tone = "red" if reached else "yellow" if amount >= NEARLY * limit else "green"
    width = BAR if reached else shares([amount, limit - amount])[0]
    return Meter(width, tone, reached=reached)


def days(states: Sequence[str]) -> list[Day]:
    """A bar for each day of checks, from how they ended; the oldest at the left."""
    return [
        Day(LOOKS["check"][state], _DAY_STEP * place, DAY_SHAPES[state])
        for place, state in enumerate(states)
    ]


def line(values: Sequence[float], width: int = 120, height: int = 28) -> str:
    """Points of a polyline through the values, zero at the bottom, one unit of air around it."""
    if len(values) < 2:
        return ""
    top = max(*values, 0) or 1
    step = (width - 2) / (len(values) - 1)
    return " ".join(
        f"{1 + index * step:.1f},{height - 1 - (height - 2) * max(value, 0) / top:.1f}"
        for index, value in enumerate(values)
    )
