"""When a call is made again: after growing delays for a day, later where the receiver asks."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# After the first attempt, the second, ...: eight attempts within 28 hours.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
SPREAD = 0.1  # calls that failed together drift apart
LONGEST_WISH = timedelta(hours=12)  # of a Retry-After; a longer one counts as this
SWITCHED_OFF_AFTER = timedelta(days=3)  # without any success


def next_attempt(
    now: datetime, attempts: int, wished: timedelta | None, chance: float
) -> datetime | None:
    """When to try again after so many attempts (from 1); None: give the call up.

    ``wished`` is the receiver's Retry-After; ``chance`` (0 to 1) spreads calls out.
    """
    if attempts > len(DELAYS):
        return None
    delay = DELAYS[attempts - 1] * (1 + SPREAD * chance)
    return now + max(delay, min(wished or timedelta(), LONGEST_WISH))


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The delay that a Retry-After header asks for (RFC 9110 10.2.3); None where it is not one."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())
