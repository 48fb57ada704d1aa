"""When a domain is checked again, which failures count, and what its owner is told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.verification import grace
from posthouse.core.verification.checks import CheckResult
from posthouse.core.verification.status import FAILURES_IN_A_ROW

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


HOUR = timedelta(hours=1)


@given(st.floats(0, 1))
def test_a_domain_that_sends_is_checked_again_after_a_day_and_a_bit(chance: float) -> None:
    again = grace.next_check(NOW, CheckResult.VERIFIED, DAY, chance)
    assert NOW + DAY <= again <= NOW + DAY * 1.1


@pytest.mark.parametrize("result", [CheckResult.FAILED, CheckResult.COULD_NOT_CHECK])
@given(chance=st.floats(0, 1))
def test_trouble_and_warnings_are_looked_into_soon(result: CheckResult, chance: float) -> None:
    again = grace.next_check(NOW, result, DAY, chance)
    assert NOW + HOUR <= again <= NOW + HOUR * 1.1
    short = timedelta(minutes=5)
    assert grace.next_check(NOW, result, short, 0) == NOW + short


def test_a_domain_that_waits_is_looked_at_with_growing_pauses_up_to_the_daily_round() -> None:
    waited, minutes = timedelta(0), []
    while waited < timedelta(days=7):
        again = grace.next_check(
            NOW + waited, CheckResult.FAILED, DAY, 0, is_sending=False, waited=waited
        )
        minutes.append(round((again - NOW - waited) / timedelta(minutes=1)))
        waited = again - NOW

    assert minutes[:8] == [1, 1, 1, 2, 2, 3, 5, 8]
    assert minutes == sorted(minutes)
    assert minutes[-1] == DAY / timedelta(minutes=1)
    assert len(minutes) < 28


def test_an_old_answer_is_looked_behind_as_soon_as_it_has_run_out() -> None:
    def again(seconds: int) -> timedelta:
        clears = timedelta(seconds=seconds)
        return grace.next_check(NOW, CheckResult.FAILED, DAY, 0, clears_in=clears) - NOW

    assert again(300) == timedelta(seconds=310)
    assert again(1) == timedelta(seconds=30)
    assert again(100_000) == HOUR


@given(st.integers(0, 19))
def test_failures_of_one_day_count_once(hours: int) -> None:
    before = NOW - timedelta(hours=hours)
    assert not grace.counts(CheckResult.FAILED, before, NOW, DAY)
    assert grace.counts(CheckResult.VERIFIED, before, NOW, DAY)
    assert grace.counts(CheckResult.FAILED, NOW - timedelta(hours=20), NOW, DAY)
    assert grace.counts(CheckResult.FAILED, None, NOW, DAY)
    assert not grace.counts(CheckResult.FAILED, NOW - HOUR * 0.9, NOW, HOUR)
    assert grace.counts(CheckResult.FAILED, NOW - HOUR, NOW, HOUR)


def test_the_warning_says_what_failed_and_how_long_there_is() -> None:
    names = [f"r{number}.example.com (TXT)" for number in range(5)]
    first, second, last = (
        grace.warning(failures, names, 7) for failures in range(1, FAILURES_IN_A_ROW + 1)
    )

    assert first.startswith("5 of 7 records did not pass the last check: r0.example.com (TXT), ")
    assert "and 2 more." in first
    assert "2 more failed checks in a row" in first
    assert "one more failed check in a row" in second
    assert "nothing is sent" in last
