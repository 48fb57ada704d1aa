"""When a domain is checked again, which failures count, and what its owner is told."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.verification import grace
from posthouse.core.verification.checks import CheckResult
from posthouse.core.verification.status import FAILURES_IN_A_ROW

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


@given(st.floats(0, 1))
def test_a_check_that_ended_is_repeated_after_a_day_and_a_bit(chance: float) -> None:
    for result in (CheckResult.VERIFIED, CheckResult.FAILED):
        again = grace.next_check(NOW, result, DAY, chance)
        assert NOW + DAY <= again <= NOW + DAY * 1.1


@given(st.floats(0, 1))
def test_a_check_that_could_not_be_made_is_repeated_soon(chance: float) -> None:
    again = grace.next_check(NOW, CheckResult.COULD_NOT_CHECK, DAY, chance)
    assert NOW + timedelta(hours=1) <= again <= NOW + timedelta(hours=1.1)
    short = timedelta(minutes=5)
    assert grace.next_check(NOW, CheckResult.COULD_NOT_CHECK, short, 0) == NOW + short


@given(st.integers(0, 59))
def test_failures_right_after_each_other_count_once(minutes: int) -> None:
    before = NOW - timedelta(minutes=minutes)
    assert not grace.counts(CheckResult.FAILED, before, NOW)
    assert grace.counts(CheckResult.VERIFIED, before, NOW)
    assert grace.counts(CheckResult.FAILED, NOW - timedelta(hours=1), NOW)
    assert grace.counts(CheckResult.FAILED, None, NOW)


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
