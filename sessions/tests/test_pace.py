"""When a run says how fast it reads and how long it still will."""

from sessions.pace import Pace, pace_of


def test_the_time_left_follows_from_what_was_read() -> None:
    assert pace_of(4_000_000, 8_000_000, 2.0) == Pace(2_000_000.0, 2.0)
    assert pace_of(9, 8, 2.0).seconds_left == 0


def test_nothing_is_told_before_there_is_something_to_tell_by() -> None:
    assert pace_of(0, 8, 2.0) == pace_of(4, 8, 0.0) == Pace(None, None)
    assert pace_of(1, 1_000_000, 2.0) == Pace(0.5, None)
