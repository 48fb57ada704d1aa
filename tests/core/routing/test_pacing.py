"""Rates: in no second, minute, hour or day more messages than allowed, whoever asks and dies."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.routing import pacing
from posthouse.core.routing.pacing import Per, Rates

LENGTHS = {Per.SECOND: 1_000, Per.MINUTE: 60_000, Per.HOUR: 3_600_000, Per.DAY: 86_400_000}
NOW = 1_800_000_000_123

rates = st.dictionaries(st.sampled_from(list(Per)), st.integers(1, 40), min_size=1)
pauses = st.integers(0, 3_000) | st.integers(0, 200_000) | st.integers(0, 5_000_000)
# An asking: time since the one before, wanted, part that is given back, when the rest is used.
askings = st.lists(
    st.tuples(pauses, st.integers(1, 50), st.floats(0, 1), st.floats(0, 1)), max_size=60
)


@dataclass
class Book:
    """A server's charges, and when each message was really started."""

    rates: Rates
    charges: pacing.Charges = field(default_factory=dict)
    started: list[int] = field(default_factory=list)

    def ask(self, wanted: int, now: int, returned: float = 0.0, late: float = 0.0) -> pacing.Lot:
        lot = pacing.take(self.charges, self.rates, wanted, now)
        back = int(lot.granted * returned)
        self.charges = pacing.give_back(lot.charges, lot.moment, back)
        self.started += [now + int(lot.validity * late)] * (lot.granted - back)
        return lot

    def most_in(self, per: Per) -> int:
        """The fullest window of this length, by brute force."""
        starts = self.started
        return max((sum(a <= t < a + LENGTHS[per] for t in starts) for a in starts), default=0)


@given(rates, askings)
def test_no_window_ever_holds_more_than_its_rate(
    rates: Rates, askings: list[tuple[int, int, float, float]]
) -> None:
    book, now = Book(rates), NOW
    for pause, wanted, returned, late in askings:
        now += pause
        book.ask(wanted, now, returned, late)
    for per, rate in rates.items():
        assert book.most_in(per) <= rate


@given(rates, st.integers(1, 60))
def test_who_waits_as_long_as_told_gets_something_and_not_sooner(rates: Rates, wanted: int) -> None:
    book = Book(rates)
    while (lot := book.ask(wanted, NOW)).granted:
        pass
    assert book.ask(1, NOW + lot.wait - 1).granted == 0
    assert book.ask(1, NOW + lot.wait).granted == 1


@given(rates)
def test_at_once_there_is_the_whole_of_the_smallest_rate(rates: Rates) -> None:
    assert Book(rates).ask(10_000, NOW).granted == min(rates.values())


@given(rates, st.integers(1, 40))
def test_what_is_given_back_can_be_had_again(rates: Rates, wanted: int) -> None:
    book = Book(rates)
    first = book.ask(wanted, NOW, returned=1.0)
    assert book.ask(wanted, NOW).granted == first.granted


def test_steady_sending_gets_four_fifths_of_a_rate_per_second() -> None:
    book = Book({Per.SECOND: 50})
    now = NOW
    while now < NOW + 60_000:
        lot = book.ask(50, now)
        now += lot.wait if not lot.granted else 1
    assert 0.8 * 50 * 60 <= len(book.started) <= 50 * 60


def test_a_lowered_rate_counts_at_once_and_a_window_without_a_rate_is_forgotten() -> None:
    book = Book({Per.MINUTE: 30, Per.DAY: 100})
    book.ask(30, NOW)
    book.rates = {Per.DAY: 20}
    lot = book.ask(1, NOW + 120_000)
    assert (lot.granted, set(lot.charges)) == (0, {Per.DAY})
    assert pacing.used(lot.charges, Per.DAY, NOW) == 30


def test_a_clock_that_is_put_back_makes_no_room() -> None:
    book = Book({Per.MINUTE: 10})
    book.ask(10, NOW)
    assert book.ask(1, NOW - 3_600_000).granted == 0
