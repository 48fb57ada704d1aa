"""Numbers, sizes, rates and times read as a person expects."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.http import figures

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (40_000_000, "40,000,000"), (3.14159, "3.14"), (-1200, "-1,200"), (None, "–")],
)
def test_numbers_have_separators(value: float | None, words: str) -> None:
    assert figures.number(value) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 10, "0%"),
        (10, 10, "100%"),
        (1, 8, "12.5%"),
        (1, 40_000_000, "<0.1%"),
        (39_999_999, 40_000_000, "99.9%"),
        (3, 2, "150.0%"),
        (1, 0, "–"),
        (None, 5, "–"),
    ],
)
def test_shares_are_never_rounded_to_none_or_all(
    part: float | None, whole: float, words: str
) -> None:
    assert figures.percent(part, whole) == words


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_share_says_all_only_when_it_is_all(part: int, rest: int) -> None:
    assert figures.percent(part, part + rest) not in {"0%", "0.0%", "100%", "100.0%"}


@pytest.mark.parametrize(
    ("per_second", "words"),
    [
        (12_345.4, "12,345 msg/s"),
        (3.2, "3.2 msg/s"),
        (0.5, "30.0 msg/min"),
        (0, "0 msg/s"),
        (None, "–"),
    ],
)
def test_slow_rates_count_by_the_minute(per_second: float | None, words: str) -> None:
    assert figures.rate(per_second) == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (48_200, "48.2 kB"),
        (40_000_000, "40.0 MB"),
        (10**15, "1,000.0 TB"),
        (None, "–"),
    ],
)
def test_sizes_carry_their_unit(octets: float | None, words: str) -> None:
    assert figures.size(octets) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "under 1 s"),
        (45, "45 s"),
        (125, "2 min 5 s"),
        (4_800, "1 h 20 min"),
        (3_605, "1 h"),
        (86_400, "1 day"),
        (273_600, "3 days 4 h"),
        (None, "–"),
    ],
)
def test_durations_have_two_units(seconds: float | None, words: str) -> None:
    assert figures.duration(seconds) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(seconds=50), "1 minute ago"),
        (timedelta(minutes=5), "5 minutes ago"),
        (timedelta(hours=3, minutes=50), "3 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(hours=-3), "in 3 hours"),
        (timedelta(days=31), "11 Feb 2026"),
    ],
)
def test_times_are_relative_for_a_month(ago: timedelta, words: str) -> None:
    assert figures.relative(NOW - ago, NOW) == words


def test_the_exact_time_names_its_zone() -> None:
    assert figures.exact(NOW) == "2026-03-14 12:00:00 UTC"
