"""Limits on recipients: the windows they count in, what is left of them, and when it goes on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

WARNING_PERCENT = 80


class Kind(StrEnum):
    """How long a limit counts before it begins anew."""

    DAILY = "daily"
    MONTHLY = "monthly"
    LIFETIME = "lifetime"


class Level(StrEnum):
    """How much of a limit is used."""

    OK = "ok"
    WARNING = "warning"  # WARNING_PERCENT and more
    EXCEEDED = "exceeded"  # all of it


Limits = Mapping[Kind, int]  # recipients; a kind that is not named does not limit

# A window is named by what people call it. A day is a local date, however many hours it has, so
# that no change of the clocks can make a day twice or leave one out; names sort as time goes.
_NAMES: Mapping[Kind, Callable[[datetime], str]] = {
    Kind.DAILY: lambda local: f"{local:%Y-%m-%d}",
    Kind.MONTHLY: lambda local: f"{local:%Y-%m}",
    Kind.LIFETIME: lambda local: "ever",
}
# Certainly outside the window: a date line crossed or clocks put back add up to 25 hours.
_BEYOND = {Kind.DAILY: timedelta(hours=50), Kind.MONTHLY: timedelta(days=33)}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is used of one limit in its present window, and what claims hold of it."""

    kind: Kind
    cap: int
    used: int
    reserved: int = 0

    @property
    def left(self) -> int:
        """Recipients that a claim can still have."""
        return max(0, self.cap - self.used - self.reserved)

    @property
    def level(self) -> Level:
        return level(self.used, self.cap)

    @property
    def is_reached(self) -> bool:
        """All is used, and nothing can come back: only now it is certain."""
        return self.used >= self.cap and self.reserved == 0


def effective(group: Mapping[Kind, int], own: Mapping[Kind, int | None]) -> dict[Kind, int]:
    """The limits that count: an account's own where it has one (0: unlimited), else the group's."""
    chosen = {kind: group[kind] if own[kind] is None else own[kind] for kind in Kind}
    return {kind: cap for kind, cap in chosen.items() if cap}


def level(used: int, cap: int) -> Level:
    """OK, Warning from 80 %, Exceeded from 100 %."""
    if used >= cap:
        return Level.EXCEEDED
    return Level.WARNING if used * 100 >= cap * WARNING_PERCENT else Level.OK


def period(kind: Kind, moment: datetime, zone: ZoneInfo) -> str:
    """The name of the window that a moment is in: ``2026-11-22``, ``2026-11``, ``ever``."""
    return _NAMES[kind](moment.astimezone(zone))


def begins(kind: Kind, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first second of the window that ``now`` is in; None: the beginning of time."""
    if kind not in _BEYOND:
        return None
    name = period(kind, now, zone)
    return _first(lambda at: period(kind, at, zone) >= name, now - _BEYOND[kind], now)


def ends(kind: Kind, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first second of the next window; None: there is none.

    Mostly local midnight, but there are days without one, and dates that a place left out.
    """
    if kind not in _BEYOND:
        return None
    name = period(kind, now, zone)
    return _first(lambda at: period(kind, at, zone) > name, now, now + _BEYOND[kind])


def _first(holds: Callable[[datetime], bool], before: datetime, after: datetime) -> datetime:
    """The whole second from which on it holds; it does not at ``before``, it does at ``after``."""
    low, high = int(before.timestamp()) - 1, int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if holds(datetime.fromtimestamp(middle, UTC)):
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


def goes_on(reached: Iterable[Standing], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the last of the limits begins anew; None: one of them never does."""
    moments = [ends(standing.kind, now, zone) for standing in reached]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def explain(
    reached: Iterable[Standing], moment: datetime | None, zone: ZoneInfo, *, by_itself: bool
) -> str:
    """Which limit is reached, what is used of it, and when and how it goes on."""
    full = [
        f"The {standing.kind} limit is reached: {standing.used:,} of {standing.cap:,} recipients."
        for standing in reached
    ]
    if moment is None:
        then = "It can go on when the operator raises the limit."
    else:
        local = moment.astimezone(zone)
        verb = "It goes on by itself" if by_itself else "It can be resumed"
        then = f"{verb} on {local.day} {local:%B %Y at %H:%M} ({zone.key})."
    return " ".join((*full, then))
