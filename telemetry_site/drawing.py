"""Shapes of small figures that are drawn without a script. Pure: numbers in, coordinates out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

Number = float | int | None


@dataclass(frozen=True, slots=True)
class Spark:
    """SVG path data of a sparkline: `line` breaks at unknown values, `area` is the filled shape below it."""

    line: str
    area: str


def spark(values: Sequence[Number], *, width: int = 100, height: int = 24) -> Spark:
    """A line from left to right, scaled so that 0 is the bottom edge and the largest value the top.

    A value of None leaves a gap; a value with gaps on both sides becomes a dot. Fewer than two known values
    draw nothing: a point is no course of events.
    """
    known = [float(value) for value in values if value is not None]
    if len(known) < 2:
        return Spark("", "")
    top = max(max(known), 0.0) or 1.0
    step = width / (len(values) - 1)
    runs = _runs(
        [None if v is None else (i * step, height - float(v) / top * height) for i, v in enumerate(values)]
    )
    return Spark("".join(_line(run) for run in runs), "".join(_area(run, height) for run in runs))


Point = tuple[float, float]


def _runs(points: Iterable[Point | None]) -> list[list[Point]]:
    """The stretches without a gap, in order."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _line(run: list[Point]) -> str:
    # A path of no length with round caps shows as a dot.
    tail = run[1:] or run
    return f"M{_pair(run[0])}L" + " ".join(_pair(point) for point in tail)


def _area(run: list[Point], height: int) -> str:
    return f"M{run[0][0]:.1f} {height}L" + " ".join(map(_pair, run)) + f" {run[-1][0]:.1f} {height}Z"


def _pair(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day of the calendar: column of its week, row of its weekday (0 is Monday), strength 0 to 4."""

    day: date
    column: int
    row: int
    level: int
    value: Number


@dataclass(frozen=True, slots=True)
class MonthMark:
    """Where a month's name stands: above the first week that begins in it."""

    column: int
    first_day: date


@dataclass(frozen=True, slots=True)
class Calendar:
    weeks: int
    cells: tuple[DayCell, ...]
    months: tuple[MonthMark, ...]


def calendar(first: date, last: date, values: dict[date, Number]) -> Calendar:
    """Every day from `first` to `last`, both included, in columns of weeks that begin on Monday.

    A day that is missing from `values` or is None has level 0. The levels split the days with something by
    quarters of their ranks, not of the greatest value, so that one extraordinary day does not pale all others.
    """
    monday = first - timedelta(days=first.weekday())
    limits = _limits(sorted(float(value) for value in values.values() if value))
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    cells = tuple(
        DayCell(
            day, (day - monday).days // 7, day.weekday(), _level(values.get(day), limits), values.get(day)
        )
        for day in days
    )
    weeks = cells[-1].column + 1 if cells else 0
    return Calendar(weeks, cells, tuple(_months(monday, weeks)))


def _limits(ranked: list[float]) -> list[float]:
    """The values at a quarter, a half and three quarters of the ranks."""
    return [ranked[len(ranked) * quarter // 4] for quarter in (1, 2, 3)] if ranked else []


def _level(value: Number, limits: list[float]) -> int:
    return 1 + sum(value >= limit for limit in limits) if value else 0


def _months(monday: date, weeks: int) -> Iterable[MonthMark]:
    seen = None
    for column in range(weeks):
        start = monday + timedelta(weeks=column)
        if start.month != seen and (column > 0 or start.day <= 15):
            yield MonthMark(column, start)
        seen = start.month


@dataclass(frozen=True, slots=True)
class Share:
    """One stretch of a bar: label, offset and width in percent of the whole, series number 1 to 8."""

    label: str
    offset: float
    width: float
    series: int


def shares(parts: Iterable[tuple[str, Number]]) -> tuple[Share, ...]:
    """The parts of a whole side by side, in the order given; parts that are 0 or unknown take no room."""
    known = [(index, label, float(value)) for index, (label, value) in enumerate(parts) if value]
    total = sum(value for _, _, value in known)
    drawn, offset = [], 0.0
    for index, label, value in known:
        width = value / total * 100
        drawn.append(Share(label, offset, width, index % 8 + 1))
        offset += width
    return tuple(drawn)
