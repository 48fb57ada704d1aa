"""How fast a delivery server may be used: messages in any second, minute, hour and day.

Messages are counted in slots, and a slot leaves as a whole, so that a count is exact or too high,
never too low. Permits are given in lots which stay good for a moment: they count as if every one
of them were used at the last moment. Times are whole milliseconds since 1970.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Per(StrEnum):
    """What a rate counts in, the shortest first."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class _Window:
    length: int
    slot: int
    validity: int  # of a lot: the sending engine gives up so much of its rate, to be never above


_WINDOWS: Mapping[Per, _Window] = {
    Per.SECOND: _Window(1_000, 20, 200),
    Per.MINUTE: _Window(60_000, 500, 2_000),
    Per.HOUR: _Window(3_600_000, 30_000, 5_000),
    Per.DAY: _Window(86_400_000, 600_000, 5_000),
}

Rates = Mapping[Per, int]  # messages; what is not named is not limited
Slots = Mapping[int, int]  # messages by slot
Charges = Mapping[Per, Slots]


@dataclass(frozen=True, slots=True)
class Lot:
    """Permits for ``granted`` messages, each to be started within ``validity`` ms of the asking.

    ``charges`` is what counts from now on; ``moment`` names the lot when some of it comes back.
    Where nothing is granted there is something after ``wait`` ms.
    """

    granted: int
    charges: Charges
    moment: int
    validity: int
    wait: int = 0


def take(charges: Charges, rates: Rates, wanted: int, now: int) -> Lot:
    """At most ``wanted`` (1 or more) permits: in no window more messages than its rate.

    Why that holds: let the last lot that reaches into some window be asked for at ``now``. Every
    earlier permit that could be used inside the window is in a slot that ends less than a window's
    length ago, so it is counted here.
    """
    counted = {per: _counting(per, charges.get(per, {}), now) for per in rates}
    granted = min([wanted, *(rates[per] - sum(slots.values()) for per, slots in counted.items())])
    validity = validity_of(rates)
    if granted < 1:
        return Lot(0, counted, now + validity, validity, _wait(counted, rates, now))
    moment = now + validity
    charged = {per: _charged(slots, _slot(per, moment), granted) for per, slots in counted.items()}
    return Lot(granted, charged, moment, validity)


def give_back(charges: Charges, moment: int, count: int) -> dict[Per, dict[int, int]]:
    """So many permits of the lot of that moment were not used, and never will be."""
    return {per: _charged(slots, _slot(per, moment), -count) for per, slots in charges.items()}


def used(charges: Charges, per: Per, now: int) -> int:
    """Messages that count in this window just now."""
    return sum(_counting(per, charges.get(per, {}), now).values())


def validity_of(rates: Rates) -> int:
    """For how long a lot is good: the shorter, the shorter the window that limits."""
    return min((_WINDOWS[per].validity for per in rates), default=_WINDOWS[Per.DAY].validity)


def _slot(per: Per, moment: int) -> int:
    return moment // _WINDOWS[per].slot


def _leaves(per: Per, slot: int) -> int:
    """When nothing of the slot counts any more."""
    return (slot + 1) * _WINDOWS[per].slot + _WINDOWS[per].length


def _counting(per: Per, slots: Slots, now: int) -> dict[int, int]:
    return {slot: slots[slot] for slot in sorted(slots) if _leaves(per, slot) > now}


def _charged(slots: Slots, slot: int, count: int) -> dict[int, int]:
    changed = {**slots, slot: max(0, slots.get(slot, 0) + count)}
    return {number: messages for number, messages in sorted(changed.items()) if messages}


def _wait(counted: Charges, rates: Rates, now: int) -> int:
    """Until every window has room for one message."""
    return max(moment - now for moment in _openings(counted, rates, now))


def _openings(counted: Charges, rates: Rates, now: int) -> Iterator[int]:
    for per, slots in counted.items():
        standing, opens = sum(slots.values()), now
        for slot, messages in slots.items():
            if standing < rates[per]:
                break
            standing -= messages
            opens = _leaves(per, slot)
        yield opens
