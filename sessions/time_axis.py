"""Where stretches of time lie on an axis that leaves out the pauses between them. Pure: numbers in, numbers out."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000.0  # units of the axis
# A pause is drawn at most this long, as a part of all the time in which something ran.
LONGEST_PAUSE = 0.02
THINNEST = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch on the axis, in units of WIDTH."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the clock and where it lies on the axis."""

    start_ms: int
    end_ms: int
    x: float
    width: float


def bars(spans: Sequence[tuple[int, int]]) -> list[Bar]:
    """A bar for each span of epoch milliseconds, in their order; none is too thin to be seen."""
    pieces = _pieces(spans)
    starts = [piece.start_ms for piece in pieces]
    return [
        _bar(_place(start, pieces, starts), _place(max(start, end), pieces, starts)) for start, end in spans
    ]


def _bar(start: float, end: float) -> Bar:
    x = min(start, WIDTH - THINNEST)
    return Bar(round(x, 2), round(min(max(end - x, THINNEST), WIDTH - x), 2))


def _pieces(spans: Sequence[tuple[int, int]]) -> list[_Piece]:
    """The stretches in which something ran and the pauses between them, side by side."""
    runs = _runs(spans)
    busy = sum(end - start for start, end in runs) or 1
    lengths = []
    for at, (start, end) in enumerate(runs):
        if at:
            pause = start - runs[at - 1][1]
            lengths.append((runs[at - 1][1], start, min(pause, LONGEST_PAUSE * busy)))
        lengths.append((start, end, float(end - start)))
    scale = WIDTH / (sum(length for _, _, length in lengths) or 1.0)
    found, x = [], 0.0
    for start, end, length in lengths:
        found.append(_Piece(start, end, x, length * scale))
        x += length * scale
    return found


def _runs(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans with those that touch or overlap made one."""
    runs: list[tuple[int, int]] = []
    for start, end in sorted((start, max(start, end)) for start, end in spans):
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end))
        else:
            runs.append((start, end))
    return runs


def _place(at_ms: int, pieces: Sequence[_Piece], starts: Sequence[int]) -> float:
    """Where a moment of one of the spans lies."""
    piece = pieces[bisect_right(starts, at_ms) - 1]
    length = piece.end_ms - piece.start_ms
    return piece.x + (piece.width * min(1.0, (at_ms - piece.start_ms) / length) if length else 0.0)
