"""Retries come later and later, and end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.channels import Channel
from posthouse.core.delivery.retries import (
    DAY,
    HOUR,
    SCHEDULES,
    RetrySchedule,
    UncertainRule,
    next_after_uncertain,
    next_attempt,
)


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_waits_longer_each_time_and_gives_up(channel: Channel) -> None:
    schedule = SCHEDULES[channel]
    age, attempts, delays = 0.0, 1, []
    while (delay := next_attempt(schedule, attempts, age)) is not None:
        delays.append(delay)
        age, attempts = age + delay, attempts + 1
    assert delays == sorted(delays)
    assert delays[: len(schedule.delays)] == list(schedule.delays)
    assert schedule.give_up_after - schedule.delays[-1] < age <= schedule.give_up_after


def test_transactional_mail_is_retried_first_and_given_up_first() -> None:
    transactional = SCHEDULES[Channel.TRANSACTIONAL]
    others = [SCHEDULES[Channel.MARKETING], SCHEDULES[Channel.AUTORESPONDER]]
    assert all(transactional.delays[0] < other.delays[0] for other in others)
    assert all(transactional.give_up_after < other.give_up_after for other in others)


@given(st.integers(1, 1000), st.floats(0, 10 * DAY))
def test_no_attempt_is_planned_after_the_limit(attempts: int, age: float) -> None:
    schedule = RetrySchedule((60, HOUR), give_up_after=DAY)
    delay = next_attempt(schedule, attempts, age)
    if delay is None:
        assert age + schedule.delays[min(attempts, 2) - 1] > DAY
    else:
        assert age + delay <= DAY


def test_a_lost_reply_is_answered_with_one_resend_or_none() -> None:
    once = RetrySchedule((60,), give_up_after=DAY)
    never = RetrySchedule((60,), give_up_after=DAY, uncertain=UncertainRule.NEVER)
    assert next_after_uncertain(once, 1) == 60
    assert next_after_uncertain(once, 2) is None
    assert next_after_uncertain(never, 1) is None
