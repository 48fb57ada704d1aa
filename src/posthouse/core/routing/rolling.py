"""A limit over the last thirty days, counted in buckets of a minute: for default sender domains."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

DEFAULT_CAP = 200  # recipients of an account that has no sender domain of its own yet
SPAN = timedelta(days=30)

Buckets = Mapping[int, int]  # recipients by minute (whole minutes since 1970, UTC)

_MINUTE = 60
_MINUTES = SPAN // timedelta(seconds=_MINUTE)


def minute_of(moment: datetime) -> int:
    """The bucket that a recipient of this moment counts in."""
    return int(moment.timestamp()) // _MINUTE


def counting(buckets: Buckets, now: datetime) -> dict[int, int]:
    """The buckets that still count, oldest first; a bucket leaves as a whole, 30 days on."""
    oldest = minute_of(now) - _MINUTES
    return {minute: buckets[minute] for minute in sorted(buckets) if minute > oldest}


def used(buckets: Buckets, now: datetime) -> int:
    """Recipients of the last thirty days."""
    return sum(counting(buckets, now).values())


def goes_on(buckets: Buckets, cap: int, now: datetime, wanted: int = 1) -> datetime | None:
    """When there is room for ``wanted`` more; None: never, it is more than the cap."""
    if wanted > cap:
        return None
    standing = counting(buckets, now)
    taken = sum(standing.values())
    moment = now
    for minute, count in standing.items():
        if taken + wanted <= cap:
            break
        taken -= count
        moment = datetime.fromtimestamp((minute + _MINUTES) * _MINUTE, UTC)
    return moment
