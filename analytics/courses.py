"""The course of a period, as charts and their tables: one query for all that is made of tokens and money."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analytics.charts import Chart, Point, Series, Table, bar, series_table, stacked
from analytics.days.answers import usage_by_bucket, usage_of
from analytics.formatting import Number
from analytics.metrics import metric
from analytics.periods import Bucket, BucketKind, Period, buckets, fitting_kind
from analytics.series import series
from analytics.sums import Usage
from sessions.scope import Projects

STEPS = {
    BucketKind.QUARTER_HOUR: "quarter of an hour",
    BucketKind.HOURLY: "hour",
    BucketKind.DAILY: "day",
    BucketKind.WEEKLY: "week",
    BucketKind.MONTHLY: "month",
}
USAGE_COURSES: dict[str, Callable[[Usage], Number | None]] = {
    "session_cost": lambda usage: usage.cost_usd if usage.responses else Decimal(0),
    "session_tokens": lambda usage: usage.tokens,
    "cache_hit_rate": lambda usage: usage.cache_hit_rate,
    "output_tokens": lambda usage: usage.output_tokens,
    "input_tokens": lambda usage: usage.input_tokens,
    "cache_creation_tokens": lambda usage: usage.cache_creation_tokens,
    "cache_read_tokens": lambda usage: usage.cache_read_tokens,
}
TOKEN_CLASSES = ("cache_read_tokens", "cache_creation_tokens", "input_tokens", "output_tokens")
OTHER_COURSES = ("session_count", "tool_success_rate", "active_seconds")


@dataclass(frozen=True, slots=True)
class DrawnCourse:
    """A chart and the same numbers as a table."""

    chart: Chart
    table: Table


def courses(period: Period, *, projects: Projects) -> dict[str, Series]:
    """Every metric of the dashboard over a narrowed period, in buckets that fit it."""
    kind = fitting_kind(period)
    cut = buckets(period, kind)
    usage = usage_in_buckets(cut, projects)
    found = {
        id: Series(metric(id), _points(cut, [value(each) for each in usage]))
        for id, value in USAGE_COURSES.items()
    }
    for id in OTHER_COURSES:
        points = series(id, period, kind, projects=projects)
        found[id] = Series(metric(id), _points(cut, [point.value for point in points]))
    return found


def usage_in_buckets(cut: Sequence[Bucket], projects: Projects) -> list[Usage]:
    """What each bucket's responses used; an empty `Usage` where there were none."""
    found = usage_by_bucket("", cut, projects).get("", {})
    return [usage_of(found.get(index, ())) for index in range(len(cut))]


def _points(cut: Sequence[Bucket], values: Sequence[Number | None]) -> tuple[Point, ...]:
    return tuple(
        Point(bucket.start_at, bucket.label, value) for bucket, value in zip(cut, values, strict=True)
    )


def cost_and_tokens(found: dict[str, Series], step: str) -> DrawnCourse:
    """Money as bars on the left, tokens as a line on the right: two units, two axes, two shapes."""
    cost, tokens = found["session_cost"], found["session_tokens"]
    chart = bar([cost], [tokens])
    chart["axes"]["left"]["label"] = "Cost, USD"
    chart["axes"]["right"]["label"] = "Input + output tokens"
    return DrawnCourse(chart, series_table([cost, tokens], first=step.capitalize()))


def token_classes(found: dict[str, Series], step: str) -> DrawnCourse:
    classes = [found[id] for id in TOKEN_CLASSES]
    return DrawnCourse(stacked(classes), series_table(classes, first=step.capitalize()))
