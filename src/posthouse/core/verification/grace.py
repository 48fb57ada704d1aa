"""When a sender domain is checked again, which failed checks count, how its owner is warned."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from posthouse.core.verification.checks import CheckResult
from posthouse.core.verification.status import FAILURES_IN_A_ROW

# A check that could not be made is made again sooner than one that ended.
AFTER_TROUBLE = timedelta(hours=1)

# Whoever presses "Verify" three times while a provider is mending something loses nothing by it.
BETWEEN_FAILURES = timedelta(hours=1)

# While a new key waits, its record is looked for at growing intervals, beginning with this one.
FIRST_LOOK = timedelta(minutes=5)

# Domains that were added together drift apart by so much of the interval with every check.
SPREAD = 0.1
_MOST_NAMED = 3


def next_check(now: datetime, result: CheckResult, every: timedelta, chance: float) -> datetime:
    """When to check again; `chance` (0 to 1) spreads the domains out."""
    pause = min(AFTER_TROUBLE, every) if result is CheckResult.COULD_NOT_CHECK else every
    return now + pause * (1 + SPREAD * chance)


def next_look(now: datetime, asked_at: datetime, every: timedelta) -> datetime:
    """When to look again for a record that somebody was asked for: the later, the longer it takes.

    Each pause is half of the time that went by, so a week costs some twenty checks.
    """
    return now + min(every, max(FIRST_LOOK, (now - asked_at) / 2))


def counts(
    result: CheckResult,
    counted_at: datetime | None,
    now: datetime,
    apart: timedelta = BETWEEN_FAILURES,
) -> bool:
    """Does this check count? A failure does, unless another one counted less than `apart` ago."""
    if result is not CheckResult.FAILED or counted_at is None:
        return True
    return now - counted_at >= apart


def warning(failures: int, failing: Sequence[str], total: int) -> str:
    """What to tell the owner of a domain that sends, after so many failed checks in a row.

    `failing` names the records that did not pass, of `total`.
    """
    named = ", ".join(failing[:_MOST_NAMED])
    others = len(failing) - _MOST_NAMED
    named += f" and {others} more" if others > 0 else ""
    said = f"{len(failing)} of {total} records did not pass the last check: {named}."
    left = FAILURES_IN_A_ROW - failures
    if left <= 0:
        return f"{said} It was the third failed check in a row: nothing is sent from it any more."
    checks = "one more failed check" if left == 1 else f"{left} more failed checks"
    return f"{said} Mail still leaves; {checks} in a row will put the domain back to pending."
