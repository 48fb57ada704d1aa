"""When a sender domain is checked again, which failed checks count, how its owner is warned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from posthouse.core.verification.checks import CheckResult
from posthouse.core.verification.status import FAILURES_IN_A_ROW

HOUR = timedelta(hours=1)

# A check that could not be made is made again sooner than one that ended.
AFTER_TROUBLE = HOUR

# Failures count once a day, whoever makes the checks: pressing "Verify" again and again while a
# provider is mending something loses nothing, and a domain that sends has two days at least.
BETWEEN_FAILURES = HOUR
_SHARE_OF_INTERVAL = 0.8

# What somebody was asked for is looked for at growing intervals, beginning with these.
FIRST_LOOK = timedelta(minutes=5)
FIRST_LOOK_WAITING = timedelta(minutes=1)

# When the answer that resolvers keep has run out, and a moment more.
_AFTER_OLD_ANSWER = timedelta(seconds=10)
_SOONEST = timedelta(seconds=30)

# Domains that were added together drift apart by so much of the interval with every check.
SPREAD = 0.1
_MOST_NAMED = 3

Pause = Callable[[timedelta, timedelta], timedelta]


def _usual(_waited: timedelta, every: timedelta) -> timedelta:
    return every


def _soon(_waited: timedelta, every: timedelta) -> timedelta:
    return min(HOUR, every)


def _growing(waited: timedelta, every: timedelta) -> timedelta:
    return pause_of(waited, every, FIRST_LOOK_WAITING)


# How long until the next check, by the status after this one and how it ended. A domain that sends
# is looked at again soon after a warning, so that the warning goes as soon as the records are back.
_PAUSES: Mapping[tuple[bool, CheckResult], Pause] = {
    (True, CheckResult.VERIFIED): _usual,
    (True, CheckResult.FAILED): _soon,
    (True, CheckResult.COULD_NOT_CHECK): _soon,
    (False, CheckResult.VERIFIED): _usual,  # all is right, but the name is another account's
    (False, CheckResult.FAILED): _growing,
    (False, CheckResult.COULD_NOT_CHECK): _growing,
}


def next_check(
    now: datetime,
    result: CheckResult,
    every: timedelta,
    chance: float,
    *,
    is_sending: bool = True,
    waited: timedelta = timedelta(0),
    clears_in: timedelta | None = None,
) -> datetime:
    """When to check again; `chance` (0 to 1) spreads the domains out.

    `waited`: since when its records have been asked for. `clears_in`: until the old answer has run
    out that hides what is right already.
    """
    pause = _PAUSES[is_sending, result](waited, every) * (1 + SPREAD * chance)
    if clears_in is not None:
        pause = min(pause, max(clears_in + _AFTER_OLD_ANSWER, _SOONEST))
    return now + pause


def next_look(now: datetime, asked_at: datetime, every: timedelta) -> datetime:
    """When to look again for a record that somebody was asked for."""
    return now + pause_of(now - asked_at, every, FIRST_LOOK)


def pause_of(waited: timedelta, every: timedelta, first: timedelta) -> timedelta:
    """The longer it takes, the later: each pause is half of the time that went by, at most `every`.

    So the first week costs some twenty checks.
    """
    return min(every, max(first, waited / 2))


def counts(
    result: CheckResult, counted_at: datetime | None, now: datetime, every: timedelta
) -> bool:
    """Does this check count? A failure does, unless another one counted within most of `every`."""
    if result is not CheckResult.FAILED or counted_at is None:
        return True
    return now - counted_at >= max(BETWEEN_FAILURES, every * _SHARE_OF_INTERVAL)


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
