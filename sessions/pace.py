"""How fast a run reads, and how long it still will."""

from typing import NamedTuple

# Before so much is done, opening the first files says nothing of the others.
TELLING_SHARE = 0.01


class Pace(NamedTuple):
    """Bytes a second and seconds left, each None until there is something to tell it by."""

    bytes_per_second: float | None
    seconds_left: float | None


def pace_of(done: int, total: int, seconds: float) -> Pace:
    """The pace of a run that read `done` of `total` bytes in these seconds."""
    if seconds <= 0 or done <= 0:
        return Pace(None, None)
    rate = done / seconds
    return Pace(rate, max(0, total - done) / rate if done >= TELLING_SHARE * total else None)
