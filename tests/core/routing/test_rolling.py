"""The rolling thirty days: equal to a recount of every single recipient, at every minute."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.routing.rolling import SPAN, counting, goes_on, minute_of, used

MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
# Mail around three places of a month, so that what enters and what leaves meet.
SECONDS = st.one_of(*(st.integers(day * 86_400, day * 86_400 + 5_400) for day in (0, 1, 30)))
SENT = st.lists(SECONDS.map(lambda seconds: START + timedelta(seconds=seconds)), max_size=40)


def buckets_of(sent: list[datetime]) -> Counter[int]:
    return Counter(minute_of(moment) for moment in sent)


def recounted(sent: list[datetime], now: datetime) -> int:
    """Everybody anew: whose minute began less than thirty days before this minute did."""
    this = now.replace(second=0, microsecond=0)
    return sum(this - one.replace(second=0, microsecond=0) < SPAN for one in sent)


@settings(max_examples=25, deadline=None)
@given(SENT)
def test_it_equals_a_recount_at_every_minute(sent: list[datetime]) -> None:
    buckets = buckets_of(sent)
    for day in (0, 1, 30, 31, 60):
        begin = START + timedelta(days=day)
        for minute in range(120):
            now = begin + minute * MINUTE
            so_far = [one for one in sent if one <= now]
            assert used(buckets_of(so_far), now) == recounted(so_far, now)
    assert used(buckets, START + timedelta(days=61)) == 0


@given(SENT, st.integers(1, 30), st.integers(1, 30))
def test_it_goes_on_at_the_first_moment_with_room(
    sent: list[datetime], cap: int, wanted: int
) -> None:
    now = START + timedelta(days=30, hours=1, minutes=30)
    buckets = buckets_of(sent)
    moment = goes_on(buckets, cap, now, wanted)
    if wanted > cap:
        assert moment is None
        return
    assert moment is not None
    assert used(buckets, moment) + wanted <= cap
    assert moment == now or used(buckets, moment - MINUTE / 60) + wanted > cap


def test_what_no_longer_counts_can_be_forgotten() -> None:
    now = START + SPAN
    buckets = buckets_of([START, START + MINUTE, now])
    assert counting(buckets, now) == {minute_of(START + MINUTE): 1, minute_of(now): 1}
    assert used(counting(buckets, now), now + MINUTE) == used(buckets, now + MINUTE) == 1
