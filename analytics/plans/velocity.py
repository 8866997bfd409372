"""What was spent against what was completed: two figures of one period that are not made of each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analytics.charts import Point, Series, bar, series_table
from analytics.courses import STEPS, USAGE_COURSES, DrawnCourse, usage_in_buckets
from analytics.formatting import Number
from analytics.metrics import metric
from analytics.periods import Bucket, Period, buckets, fitting_kind
from analytics.selectors import narrowed
from analytics.series import series
from analytics.sums import Usage, cost_per_task
from sessions.scope import Projects
from tasks.selectors import undated_completions


@dataclass(frozen=True, slots=True)
class Velocity:
    """`completed` is None without plans; `undated`: complete tasks of all time whose plans name no day.

    `cost_per_task` divides all cost of the period by the tasks completed in it, whatever the cost was for.
    """

    step: str
    cost_usd: Decimal | None
    completed: int | None
    cost_per_task: Decimal | None
    undated: int
    drawn: DrawnCourse


def cost_and_velocity(period: Period, *, projects: Projects = None) -> Velocity:
    """Cost and completed tasks of a period in the buckets that fit it; as many queries for much as for little."""
    shown = narrowed(period, projects)
    kind = fitting_kind(shown)
    cut = buckets(shown, kind)
    usage = usage_in_buckets(cut, projects)
    points = series("task_velocity", shown, kind, projects=projects)
    counts = [None if point.value is None else int(point.value) for point in points]
    known = [count for count in counts if count is not None]
    completed = sum(known) if known else None
    whole = Usage.summed(usage)
    return Velocity(
        step=STEPS[kind],
        cost_usd=whole.cost_usd if whole.responses else Decimal(0),
        completed=completed,
        cost_per_task=cost_per_task(whole, completed) if completed else None,
        undated=undated_completions(projects) if known else 0,
        drawn=_drawn(cut, usage, counts, STEPS[kind]),
    )


def _drawn(cut: list[Bucket], usage: list[Usage], completed: list[int | None], step: str) -> DrawnCourse:
    """Money as bars on the left, tasks as a line on the right: two units, two axes, two shapes."""
    values = [USAGE_COURSES["session_cost"](each) for each in usage]
    money = Series(metric("session_cost"), _points(cut, values))
    tasks = Series(metric("task_velocity"), _points(cut, completed))
    chart = bar([money], [tasks])
    chart["axes"]["left"]["label"] = "Cost, USD"
    return DrawnCourse(chart, series_table([money, tasks], first=step.capitalize()))


def _points(cut: list[Bucket], values: Sequence[Number | None]) -> tuple[Point, ...]:
    return tuple(
        Point(bucket.start_at, bucket.label, value) for bucket, value in zip(cut, values, strict=True)
    )
