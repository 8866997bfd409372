"""The explorer's answer: one metric of the catalogue over a period, split, compared, drawn and as numbers."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from analytics import charts
from analytics.charts import Chart, Point, Series, Table
from analytics.explore_form import Question
from analytics.links import Links
from analytics.measured import OTHER, Value
from analytics.metrics import DIMENSIONS, Metric
from analytics.periods import DAY, BucketKind, Period, TooManyBuckets, fitting_kind
from analytics.selectors import narrowed
from analytics.series import SeriesPoint, period_values, series
from analytics.tiles import Change, changed
from analytics.week_of_hours import HeatRow, total, week_of_hours

DRAWN_GROUPS = 7  # the eighth colour is for the rest
YEAR = 365 * DAY
PRECEDING = "preceding period"
# Which filter of the session list shows the sessions behind a group.
SESSION_FILTERS = {"model": "model", "agent": "agent", "skill": "skill", "tool": "tool"}


@dataclass(frozen=True, slots=True)
class Row:
    """A group's value for the whole period. `share` is percent of the whole, None for what does not add up.

    `change` is against the preceding period, None where none is compared with.
    """

    name: str
    value: Value
    share: float | None = None
    change: Change | None = None
    course: list[float | None] = field(default_factory=list)
    href: str = ""


@dataclass(frozen=True, slots=True)
class Exploration:
    """`step` is the buckets' width; `chart` is None where nothing is known of the period.

    `hidden` groups are in the table and not in the chart. `compared` is the preceding period, where one is asked
    for and there is one. `problem` is why there is no chart.
    """

    question: Question
    period: Period
    step: BucketKind
    whole: Row
    rows: list[Row] = field(default_factory=list)
    chart: Chart | None = None
    table: Table | None = None
    heat: list[HeatRow] = field(default_factory=list)
    hidden: int = 0
    compared: Period | None = None
    problem: str = ""

    @property
    def title(self) -> str:
        by = self.question.by
        return (
            f"{self.question.metric.label} by {DIMENSIONS[by].label.lower()}"
            if by
            else self.question.metric.label
        )


def exploration(question: Question, period: Period, links: Links) -> Exploration:
    """The answer for a period, which may be open: an open end is cut to what there is data of."""
    metric, projects = question.metric, question.asked.projects
    shown = narrowed(period, projects)
    before = period.preceding() if question.compares else None
    value = period_values(metric.id, period, projects=projects).get("")
    earlier = period_values(metric.id, before, projects=projects).get("") if before else None
    whole = Row("All", value, change=changed(metric, value, earlier) if before else None)
    found = Exploration(question, shown, question.step or fitting_kind(shown), whole, compared=before)
    try:
        points = series(metric.id, period, found.step, projects=projects, group_by=question.by)
        return _answered(found, period, _by_group(metric, points), links)
    except TooManyBuckets as error:
        return replace(found, problem=str(error))


def _by_group(metric: Metric, points: Sequence[SeriesPoint]) -> list[Series]:
    groups: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        groups[point.group].append(Point(point.bucket.start_at, point.bucket.label, point.value))
    return [Series(metric, tuple(held), name) for name, held in groups.items()]


def _answered(found: Exploration, period: Period, groups: list[Series], links: Links) -> Exploration:
    question = found.question
    rows = _rows(found, period, groups, links) if question.by else []
    place = {row.name: index for index, row in enumerate(rows)}
    ranked = sorted(groups, key=lambda group: place.get(group.group, 0))
    drawn, hidden = drawable(ranked)
    if not question.by:
        drawn += _preceding(found, drawn)
    return replace(
        found,
        rows=rows,
        chart=_chart(question.view, drawn) if drawn else None,
        table=charts.series_table(drawn if not question.by else ranked) if drawn else None,
        heat=_week(found) if question.view == "heat" and drawn else [],
        hidden=hidden,
    )


def _rows(found: Exploration, period: Period, groups: list[Series], links: Links) -> list[Row]:
    metric, by, projects = found.question.metric, found.question.by or "", found.question.asked.projects
    values = period_values(metric.id, period, projects=projects, group_by=by)
    before = found.compared
    earlier = period_values(metric.id, before, projects=projects, group_by=by) if before else {}
    # A group that did not occur then did nothing; of a ratio nothing is known.
    absent: Value = 0 if metric.adds_up else None
    courses = {group.group: charts.sparkline(group) for group in groups}
    rows = [
        Row(
            name,
            value,
            _share(value, found.whole.value) if metric.adds_up else None,
            changed(metric, value, earlier.get(name, absent)) if before else None,
            courses.get(name, []),
            _sessions_behind(by, name, links),
        )
        for name, value in values.items()
    ]
    return sorted(rows, key=lambda row: (row.name == OTHER, -(row.value or 0), row.name))


def _share(part: Value, whole: Value) -> float | None:
    return None if part is None or not whole else float(100 * Decimal(part) / Decimal(whole))


def _sessions_behind(by: str, name: str, links: Links) -> str:
    if by not in SESSION_FILTERS or name in charts.REST_NAMES:
        return ""
    return links.sessions(**{SESSION_FILTERS[by]: name})


def drawable(ranked: list[Series]) -> tuple[list[Series], int]:
    """The largest groups, and the rest as one where a rest adds up; and how many are not drawn at all."""
    if len(ranked) <= DRAWN_GROUPS + 1:
        return ranked, 0
    kept, rest = ranked[:DRAWN_GROUPS], ranked[DRAWN_GROUPS:]
    if not ranked[0].metric.adds_up:
        return kept, len(rest)
    together = zip(*(group.points for group in rest), strict=True)
    summed = tuple(Point(at[0].at, at[0].label, total(point.value for point in at)) for at in together)
    return [*kept, Series(ranked[0].metric, summed, OTHER)], 0


def _preceding(found: Exploration, drawn: list[Series]) -> list[Series]:
    """The preceding period's course, laid bucket on bucket over this one's; where it is longer it is cut."""
    if not found.compared or not drawn:
        return []
    question = found.question
    points = series(question.metric.id, found.compared, found.step, projects=question.asked.projects)
    places = drawn[0].points
    values: list[Value] = [point.value for point in points]
    padded = [*values, *[None] * len(places)][: len(places)]
    laid = tuple(Point(p.at, p.label, value) for p, value in zip(places, padded, strict=True))
    return [Series(question.metric, laid, PRECEDING)]


def _chart(view: str, drawn: list[Series]) -> Chart:
    if view == "stacked" and all(group.group != PRECEDING for group in drawn):
        return charts.stacked(drawn)
    return charts.bar(drawn) if view in ("bar", "stacked") else charts.line(drawn)


def _week(found: Exploration) -> list[HeatRow]:
    metric, projects = found.question.metric, found.question.asked.projects
    points = [
        Point(point.bucket.start_at, point.bucket.label, point.value)
        for part in _years(found.period)
        for point in series(metric.id, part, BucketKind.HOURLY, projects=projects)
    ]
    return week_of_hours(points, found.period.zone)


def _years(period: Period) -> Iterator[Period]:
    """The period in parts that are short enough to be cut into hours."""
    start = period.start_at
    while start < period.end_at:
        end = min(start + YEAR, period.end_at)
        yield Period(start, end, period.zone)
        start = end
