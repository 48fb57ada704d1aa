"""Bars add up, show what is rare, and sparklines stay inside their box."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.http import drawing

COUNTS = st.dictionaries(
    st.sampled_from([*drawing.ORDER, *drawing.WAITING]), st.integers(0, 40_000_000)
)


@given(COUNTS)
def test_the_parts_of_a_bar_fill_it_without_overlap(counts: dict[str, int]) -> None:
    parts = drawing.parts(counts)
    position = 0
    for part in parts:
        assert part.start == position
        assert part.width >= drawing.LEAST
        position += part.width
    assert position == (drawing.BAR if parts else 0)
    assert sum(part.count for part in parts) == sum(counts.values())


def test_three_of_forty_million_are_seen() -> None:
    parts = drawing.parts({"accepted": 40_000_000, "uncertain": 3})
    assert [(part.state, part.count) for part in parts] == [
        ("accepted", 40_000_000),
        ("uncertain", 3),
    ]
    assert parts[1].width == drawing.LEAST


def test_pending_and_sending_are_one_part_at_the_end() -> None:
    [waiting] = drawing.parts({"pending": 2, "sending": 1})
    assert (waiting.state, waiting.look.word, waiting.count) == ("pending", "Waiting", 3)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_meter_is_full_exactly_when_the_limit_is_reached(amount: int, limit: int) -> None:
    meter = drawing.meter(amount, limit)
    assert (meter.width == drawing.BAR) == (amount >= limit) == meter.reached
    assert (meter.tone == "red") == meter.reached


def test_no_limit_shows_an_empty_meter() -> None:
    assert drawing.meter(10**9, 0) == drawing.meter(5, None)


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=50))
def test_a_sparkline_stays_in_its_box(values: list[float]) -> None:
    points = [
        tuple(map(float, point.split(","))) for point in drawing.line(values, 120, 28).split()
    ]
    assert len(points) == len(values)
    assert all(0 <= x <= 120 and 0 <= y <= 28 for x, y in points)


def test_one_value_is_no_line() -> None:
    assert drawing.line([5], 120, 28) == ""


def test_each_result_of_a_day_has_a_shape_of_its_own_inside_the_box() -> None:
    bars = drawing.days(list(drawing.DAY_SHAPES))

    assert [bar.start for bar in bars] == [0, 8, 16, 24]
    assert len({bar.pieces for bar in bars}) == len(bars)
    assert all(0 <= top < top + height <= 20 for bar in bars for top, height in bar.pieces)
