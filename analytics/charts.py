"""From numbers over time, or split by something, to what the charts of a page are drawn from.

The dictionaries are JSON-ready and are drawn by `static/js/charts.js`. Colours are names of custom
properties, never values, so that a chart follows the theme. A value of None stays None and becomes a gap:
unknown is not 0.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NotRequired, TypedDict

from analytics.formatting import Figure, Number, figure
from analytics.metrics import Metric, Unit

COLOURS = 8
# The last colour of the palette is grey; what has been swept together must not look like one more name.
REST_NAMES = frozenset({"other", "(unattributed)"})
REST_COLOUR = f"--chart-{COLOURS}"


@dataclass(frozen=True, slots=True)
class Point:
    """One bucket of a series: where it starts, what its place on the axis is called, its value or None."""

    at: datetime
    label: str
    value: Number | None


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over time, or one group of it when it has a `group`."""

    metric: Metric
    points: tuple[Point, ...]
    group: str = ""

    @property
    def name(self) -> str:
        return self.group or self.metric.label


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a breakdown."""

    name: str
    value: Number | None


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One cell of a heat map: its day, how much, the same in words, and where it leads."""

    day: date
    value: float | None
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a chart for those who read them: per row its label and one figure per column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]


class Dataset(TypedDict):
    label: str
    data: list[float | None]
    color: str
    axis: str
    unit: str
    type: NotRequired[str]
    fill: NotRequired[bool]


class Axis(TypedDict):
    label: str
    unit: str


class Chart(TypedDict):
    type: str
    labels: list[str]
    datasets: list[Dataset]
    axes: dict[str, Axis]


def line(left: Sequence[Series], right: Sequence[Series] = ()) -> Chart:
    """Lines over time. ValueError unless each axis has one unit and all series the same buckets."""
    return _over_time("line", left, right)


def area(left: Sequence[Series], right: Sequence[Series] = ()) -> Chart:
    """Lines with the space below them filled."""
    chart = line(left, right)
    for dataset in chart["datasets"]:
        dataset["fill"] = True
    return chart


def bar(left: Sequence[Series], right: Sequence[Series] = ()) -> Chart:
    """Bars over time; series on the right axis are lines, since bars of two units do not compare."""
    chart = _over_time("bar", left, right)
    for dataset in chart["datasets"]:
        if dataset["axis"] == "right":
            dataset["type"] = "line"
    return chart


def stacked(groups: Sequence[Series]) -> Chart:
    """Bars over time, the groups of one metric on top of each other. ValueError for what does not add up."""
    if any(not series.metric.adds_up for series in groups):
        raise ValueError("Only quantities can be stacked: ratios and levels do not add up.")
    return _over_time("stacked", groups, ())


def bars(parts: Sequence[Part], metric: Metric) -> Chart:
    """One bar for each row of a breakdown, in the order given."""
    return {
        "type": "bar",
        "labels": [part.name for part in parts],
        "datasets": [_dataset(metric.label, (part.value for part in parts), metric.unit, "left", 0)],
        "axes": {"left": {"label": metric.label, "unit": metric.unit}},
    }


def series_table(columns: Sequence[Series], *, first: str = "Time") -> Table:
    """The same numbers as a table: a row per bucket, a column per series after the one named `first`."""
    labels = _shared_labels(columns)
    figures = [[figure(point.value, series.metric.unit) for point in series.points] for series in columns]
    rows = tuple((label, tuple(column[row] for column in figures)) for row, label in enumerate(labels))
    return Table((first, *(series.name for series in columns)), rows)


def sparkline(series: Series) -> list[float | None]:
    """The values of a small line without axes, with None where one is unknown."""
    return [_json_number(point.value) for point in series.points]


def calendar(daily: Series, href: Callable[[date], str]) -> list[CalendarDay]:
    """The cells of a heat map of days. Raises ValueError when the buckets of the series are no days."""
    return [_calendar_day(point, daily.metric, href) for point in daily.points]


def _calendar_day(point: Point, metric: Metric, href: Callable[[date], str]) -> CalendarDay:
    day = date.fromisoformat(point.label)
    words = "unknown" if point.value is None else figure(point.value, metric.unit)
    return CalendarDay(day, _json_number(point.value), f"{metric.label}: {words}", href(day))


def _over_time(kind: str, left: Sequence[Series], right: Sequence[Series]) -> Chart:
    sides = [("left", series) for series in left] + [("right", series) for series in right]
    return {
        "type": kind,
        "labels": _shared_labels([*left, *right]),
        "datasets": [
            _dataset(series.name, (point.value for point in series.points), series.metric.unit, side, index)
            for index, (side, series) in enumerate(sides)
        ],
        "axes": {side: _axis(group) for side, group in (("left", left), ("right", right)) if group},
    }


def _dataset(name: str, values: Iterable[Number | None], unit: Unit, side: str, index: int) -> Dataset:
    return {
        "label": name,
        "data": [_json_number(value) for value in values],
        "color": REST_COLOUR if name in REST_NAMES else f"--chart-{index % (COLOURS - 1) + 1}",
        "axis": side,
        "unit": unit,
    }


def _axis(group: Sequence[Series]) -> Axis:
    units = {series.metric.unit for series in group}
    if len(units) > 1:
        raise ValueError(f"One axis cannot measure {' and '.join(sorted(units))}.")
    labels = {series.metric.label for series in group}
    unit = units.pop()
    return {"label": labels.pop() if len(labels) == 1 else unit[0].upper() + unit[1:], "unit": unit}


def _shared_labels(together: Sequence[Series]) -> list[str]:
    """Values meet their labels by position: other buckets would be drawn at wrong times."""
    all_labels = [[point.label for point in series.points] for series in together]
    if any(labels != all_labels[0] for labels in all_labels):
        raise ValueError("Series in one chart must have the same buckets.")
    return all_labels[0] if all_labels else []


def _json_number(value: Number | None) -> float | None:
    # A float is good enough to draw; what is shown as text is formatted from the exact value.
    return value if value is None or isinstance(value, int) else float(value)
