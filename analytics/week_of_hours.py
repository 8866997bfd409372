"""A flow folded into one week of its zone: at which hours of which days things happen."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from analytics.charts import Point
from analytics.formatting import Number

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = range(24)
LEVELS = 4


@dataclass(frozen=True, slots=True)
class HeatCell:
    """What happened in one hour of the week, in all weeks of the period together; `level` is 0 to 4."""

    hour: int
    value: Number | None
    level: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    weekday: str
    cells: list[HeatCell]


def week_of_hours(hourly: Iterable[Point], zone: ZoneInfo) -> list[HeatRow]:
    """Seven days from Monday with 24 hours each. An hour the period never holds is None, not 0.

    The hour that a clock shows twice counts in one cell, like the same hour of any other day.
    """
    held: dict[tuple[int, int], list[Number]] = defaultdict(list)
    for point in hourly:
        if point.value is not None:
            wall = point.at.astimezone(zone)
            held[wall.weekday(), wall.hour].append(point.value)
    values = {place: total(numbers) for place, numbers in held.items()}
    ranked = sorted(float(value) for value in values.values() if value)
    return [
        HeatRow(name, [_cell(hour, values.get((day, hour)), ranked) for hour in HOURS])
        for day, name in enumerate(WEEKDAYS)
    ]


def total(numbers: Iterable[Number | None]) -> Number | None:
    """The sum of what is known, exact where money is among it; None where nothing is."""
    known = [number for number in numbers if number is not None]
    if any(isinstance(number, Decimal) for number in known):
        return sum((Decimal(str(number)) for number in known), Decimal(0))
    return sum(known) if known else None


def _cell(hour: int, value: Number | None, ranked: list[float]) -> HeatCell:
    """Levels split the hours with something by quarters of rank: one extraordinary hour pales no others."""
    if not value:
        return HeatCell(hour, value, 0)
    return HeatCell(hour, value, min(LEVELS, 1 + LEVELS * bisect_left(ranked, float(value)) // len(ranked)))
