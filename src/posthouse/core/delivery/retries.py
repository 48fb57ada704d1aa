"""When a deferred or uncertain delivery is tried again, and when it is given up."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from posthouse.core.channels import Channel

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class UncertainRule(StrEnum):
    """What happens to a delivery whose final reply was lost (RFC 1047: it may have arrived)."""

    ONCE = "once"  # send once more, with the same Message-ID and return path
    NEVER = "never"  # rather missing than twice: leave it for a person to decide


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Delays in seconds after the first, second, ... attempt; the last one repeats.

    `give_up_after` is the age in seconds, counted from the first attempt, from which on no
    further attempt is made.
    """

    delays: tuple[int, ...]
    give_up_after: int
    uncertain: UncertainRule = UncertainRule.ONCE


# RFC 5321 4.5.4.1 asks for half an hour between attempts and four to five days before giving up.
# A password reset is worth nothing by then, so transactional mail is tried sooner and given up
# earlier; a relay of our own stands in between in any case and keeps the RFC's schedule.
SCHEDULES: Mapping[Channel, RetrySchedule] = {
    Channel.MARKETING: RetrySchedule(
        (10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR), give_up_after=4 * DAY
    ),
    Channel.AUTORESPONDER: RetrySchedule(
        (5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR), give_up_after=3 * DAY
    ),
    Channel.TRANSACTIONAL: RetrySchedule(
        (30, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE), give_up_after=DAY
    ),
}


def next_attempt(schedule: RetrySchedule, attempts: int, age: float) -> int | None:
    """Seconds to wait after attempt number `attempts` (from 1), or None: give up.

    `age` is the time in seconds since the first attempt.
    """
    delay = schedule.delays[min(attempts, len(schedule.delays)) - 1]
    return delay if age + delay <= schedule.give_up_after else None


def next_after_uncertain(schedule: RetrySchedule, losses: int) -> int | None:
    """Seconds to wait after the `losses`-th lost reply (from 1), or None: leave it uncertain.

    At most one resend, so nobody gets more than two copies through lost replies.
    """
    if schedule.uncertain is UncertainRule.NEVER or losses > 1:
        return None
    return schedule.delays[0]
