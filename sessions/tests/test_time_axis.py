"""Bars on an axis without pauses: in order, inside, and never invisible."""

from hypothesis import given
from hypothesis import strategies as st

from sessions.time_axis import LONGEST_PAUSE, THINNEST, WIDTH, bars

SPANS = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**7)).map(lambda s: (s[0], s[0] + s[1])), max_size=30
)


def test_bars_lie_where_the_time_does() -> None:
    first, second = bars([(0, 500), (500, 1000)])
    assert (first.x, first.width, second.x, second.width) == (0, 500, 500, 500)


def test_a_night_between_two_calls_takes_little_room() -> None:
    first, second = bars([(0, 1000), (30_000_000, 30_001_000)])
    gap = second.x - first.x - first.width
    assert 0 < gap <= WIDTH * LONGEST_PAUSE
    assert first.width == second.width > WIDTH * 0.45


def test_calls_at_one_moment_are_still_seen() -> None:
    assert [bar.width for bar in bars([(5, 5), (5, 5)])] == [THINNEST, THINNEST]
    assert bars([]) == []


@given(SPANS)
def test_every_bar_is_on_the_axis_and_starts_in_order(spans: list[tuple[int, int]]) -> None:
    drawn = bars(spans)
    assert all(
        bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.02 and bar.width >= THINNEST - 0.01 for bar in drawn
    )
    by_start = sorted(zip(spans, drawn, strict=True), key=lambda pair: pair[0][0])
    starts = [bar.x for _, bar in by_start]
    assert starts == sorted(starts)
