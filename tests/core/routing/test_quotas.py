"""Windows of limits in any time zone, levels, what is left, and the words at a limit."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.routing.quotas import (
    Kind,
    Level,
    Standing,
    begins,
    effective,
    ends,
    explain,
    goes_on,
    level,
    period,
)

SECOND = timedelta(seconds=1)
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
MOMENTS = st.integers(788_918_400, 3_786_912_000).map(  # 1995 to 2090
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
TURNING = st.sampled_from([Kind.DAILY, Kind.MONTHLY])
BERLIN = ZoneInfo("Europe/Berlin")


@given(TURNING, MOMENTS, ZONES)
def test_a_window_ends_where_the_next_one_begins(kind: Kind, now: datetime, zone: ZoneInfo) -> None:
    begun, ended = begins(kind, now, zone), ends(kind, now, zone)
    assert begun
    assert ended
    assert begun <= now < ended
    name = period(kind, now, zone)
    assert period(kind, begun - SECOND, zone) < name == period(kind, begun, zone)
    assert period(kind, ended - SECOND, zone) <= name < period(kind, ended, zone)
    assert begins(kind, ended, zone) == ended


@pytest.mark.parametrize(
    ("zone", "now", "next_day"),
    [
        ("Europe/Berlin", "2026-03-29T00:30+01:00", "2026-03-30T00:00+02:00"),  # 23 hours
        ("Europe/Berlin", "2026-10-25T02:30+01:00", "2026-10-26T00:00+01:00"),  # 25 hours
        ("America/Havana", "2026-03-07T23:59-05:00", "2026-03-08T01:00-04:00"),  # no midnight
        ("America/Havana", "2026-10-31T23:59-04:00", "2026-11-01T00:00-04:00"),  # midnight twice
        ("Australia/Lord_Howe", "2026-04-05T01:45+10:30", "2026-04-06T00:00+10:30"),
        ("Pacific/Apia", "2011-12-29T12:00-10:00", "2011-12-31T00:00+14:00"),  # a date left out
        ("UTC", "2026-12-31T23:59:59.999999+00:00", "2027-01-01T00:00+00:00"),
    ],
)
def test_the_next_day_begins_whatever_the_clocks_do(zone: str, now: str, next_day: str) -> None:
    moment = ends(Kind.DAILY, datetime.fromisoformat(now), ZoneInfo(zone))
    assert moment == datetime.fromisoformat(next_day)


def test_a_day_without_midnight_is_one_day() -> None:
    zone = ZoneInfo("America/Havana")
    first = datetime.fromisoformat("2026-03-08T01:00-04:00")
    assert begins(Kind.DAILY, first + timedelta(hours=9), zone) == first


def test_a_month_is_the_calendars_where_the_account_is() -> None:
    still_november = datetime.fromisoformat("2026-11-30T23:30+01:00")
    assert period(Kind.MONTHLY, still_november, BERLIN) == "2026-11"
    assert period(Kind.MONTHLY, still_november, ZoneInfo("Asia/Tokyo")) == "2026-12"
    turn = datetime.fromisoformat("2026-12-01T00:00+01:00")
    assert ends(Kind.MONTHLY, still_november, BERLIN) == turn


def test_a_lifetime_has_neither_beginning_nor_end() -> None:
    now = datetime.now(UTC)
    assert period(Kind.LIFETIME, now, BERLIN) == "ever"
    assert begins(Kind.LIFETIME, now, BERLIN) is ends(Kind.LIFETIME, now, BERLIN) is None


@pytest.mark.parametrize(
    ("used", "cap", "expected"),
    [(0, 1, "ok"), (79, 100, "ok"), (80, 100, "warning"), (99, 100, "warning"),
     (100, 100, "exceeded"), (101, 100, "exceeded"), (3, 4, "ok"), (4, 5, "warning"),
     (1, 1, "exceeded")],
)  # fmt: skip
def test_levels(used: int, cap: int, expected: str) -> None:
    assert level(used, cap) is Level(expected)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_levels_agree_with_fractions(used: int, cap: int) -> None:
    expected = Level.EXCEEDED if used >= cap else Level.WARNING if used >= cap * 0.8 else Level.OK
    assert level(used, cap) is expected


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 50))
def test_what_is_left_never_breaks_the_cap(used: int, reserved: int, cap: int) -> None:
    standing = Standing(Kind.DAILY, cap, used, reserved)
    assert used + reserved + standing.left <= max(cap, used + reserved)
    assert not (standing.left and standing.is_reached)


def test_a_limit_is_reached_only_when_nothing_can_come_back() -> None:
    assert not Standing(Kind.DAILY, 10, 9, 1).is_reached
    assert not Standing(Kind.DAILY, 10, 12, 1).is_reached
    assert Standing(Kind.DAILY, 10, 10).is_reached
    assert Standing(Kind.DAILY, 10, 12).is_reached  # lowered since


def test_an_accounts_own_limit_beats_its_groups() -> None:
    group = {Kind.DAILY: 100, Kind.MONTHLY: 1000, Kind.LIFETIME: 0}
    own = {Kind.DAILY: None, Kind.MONTHLY: 0, Kind.LIFETIME: 5}
    assert effective(group, own) == {Kind.DAILY: 100, Kind.LIFETIME: 5}


def test_it_goes_on_when_the_last_of_the_limits_begins_anew() -> None:
    now = datetime.fromisoformat("2026-11-22T12:00+01:00")
    daily, monthly = Standing(Kind.DAILY, 1, 1), Standing(Kind.MONTHLY, 1, 1)
    lifetime = Standing(Kind.LIFETIME, 1, 1)
    assert goes_on([daily], now, BERLIN) == datetime.fromisoformat("2026-11-23T00:00+01:00")
    month = datetime.fromisoformat("2026-12-01T00:00+01:00")
    assert goes_on([daily, monthly], now, BERLIN) == month
    assert goes_on([daily, lifetime], now, BERLIN) is None


def test_the_words_say_which_limit_how_much_and_when() -> None:
    full = [Standing(Kind.DAILY, 1000, 1000)]
    moment = datetime.fromisoformat("2026-11-23T00:00+01:00")
    assert explain(full, moment, BERLIN, by_itself=True) == (
        "The daily limit is reached: 1,000 of 1,000 recipients. "
        "It goes on by itself on 23 November 2026 at 00:00 (Europe/Berlin)."
    )
    assert "It can be resumed on 23 November" in explain(full, moment, BERLIN, by_itself=False)
    ever = [Standing(Kind.LIFETIME, 5, 5)]
    assert explain(ever, None, BERLIN, by_itself=True).endswith("the operator raises the limit.")
