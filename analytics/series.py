"""Answers over time: one metric in buckets, whole or split into groups."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import overload

from analytics.days.answers import usage_by_bucket, usage_from
from analytics.measured import MEASURED, Buckets, Measured, Value, called, measured
from analytics.metrics import Metric, series_dimension
from analytics.metrics import metric as metric_named
from analytics.periods import Bucket, BucketKind, Period, buckets
from analytics.plan_figures import TaskCourse, has_plans, task_courses
from analytics.plan_series import PLAN_SIZES, PLAN_VALUES, Groups, costs_of_tasks, plan_groups, reaching
from analytics.querysets import WORK_DIMENSIONS
from analytics.selectors import known_span, narrowed
from analytics.stalled_tasks import stalled_groups, stalled_spells
from analytics.work import work_names
from sessions.querysets import TOKENS
from sessions.scope import Projects

ANSWERED = MEASURED | PLAN_VALUES.keys()


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One bucket's value; None where it is not known (a ratio of nothing), 0 where nothing happened."""

    bucket: Bucket
    value: Value
    group: str = ""


class SeriesPoints(Sequence[SeriesPoint]):
    """The points of a series, by bucket and then by group, each made when it is looked at."""

    def __init__(
        self, cut: Sequence[Bucket], groups: Mapping[str, Buckets], told: Callable[[Buckets, int], Value]
    ):
        self._cut, self._groups, self._told = cut, list(groups.items()), told

    def __len__(self) -> int:
        return len(self._cut) * len(self._groups)

    def __iter__(self) -> Iterator[SeriesPoint]:
        for index, bucket in enumerate(self._cut):
            for name, held in self._groups:
                yield SeriesPoint(bucket, self._told(held, index), name)

    @overload
    def __getitem__(self, at: int) -> SeriesPoint: ...
    @overload
    def __getitem__(self, at: slice) -> list[SeriesPoint]: ...
    def __getitem__(self, at: int | slice) -> SeriesPoint | list[SeriesPoint]:
        if isinstance(at, slice):
            return [self._point(place) for place in range(*at.indices(len(self)))]
        return self._point(range(len(self))[at])

    def _point(self, place: int) -> SeriesPoint:
        index, of_bucket = divmod(place, len(self._groups))
        name, held = self._groups[of_bucket]
        return SeriesPoint(self._cut[index], self._told(held, index), name)


def series(
    metric_id: str,
    period: Period,
    kind: BucketKind,
    *,
    projects: Projects = None,
    group_by: str | None = None,
) -> Sequence[SeriesPoint]:
    """A metric per bucket of the period, ascending; with `group_by`, one point per bucket and group.

    A flow is summed from the dates each event happened, a ratio is the true ratio of its bucket. An end nobody
    named is cut to what there is data of. A metric about plans is None everywhere as long as none was read.
    Raises UnknownMetric, UnknownDimension or TooManyBuckets.
    """
    return _points(metric_id, period, lambda within: buckets(within, kind), projects, group_by)


def period_values(
    metric_id: str, period: Period, *, projects: Projects = None, group_by: str | None = None
) -> dict[str, Value]:
    """The value of each group for the whole period, "" being all of it: ratios and percentiles anew, not averaged.

    Empty where nothing is known of the period. Raises UnknownMetric or UnknownDimension.
    """
    points = _points(metric_id, period, _one_bucket, projects, group_by)
    return {point.group: point.value for point in points}


def _one_bucket(period: Period) -> list[Bucket]:
    return [Bucket(period.start_at, period.end_at, "")]


def _points(
    metric_id: str,
    period: Period,
    cut_up: Callable[[Period], list[Bucket]],
    projects: Projects,
    group_by: str | None,
) -> Sequence[SeriesPoint]:
    metric = metric_named(metric_id)
    if group_by:
        series_dimension(metric, group_by)
    if metric.id in PLAN_VALUES and has_plans(projects):
        return _plan_series(metric, period, cut_up, projects, group_by)
    if (period.starts_open or period.ends_open) and known_span(projects) is None:
        return []
    cut = cut_up(narrowed(period, projects))
    if metric.id in PLAN_VALUES:
        return [SeriesPoint(bucket, None) for bucket in cut]
    return _told(metric, cut, measured(metric, cut, projects, group_by), group_by)


def _plan_series(
    metric: Metric,
    period: Period,
    cut_up: Callable[[Period], list[Bucket]],
    projects: Projects,
    group_by: str | None,
) -> Sequence[SeriesPoint]:
    """A metric about plans. Tasks were completed before the first session, too: they also tell what is known."""
    courses = task_courses(projects, period.zone)
    within = reaching(period, known_span(projects), courses)
    if within.starts_open or within.ends_open:
        return []
    cut = cut_up(within)
    groups = _plan_groups(metric.id, courses, cut, projects, group_by)
    found = Measured(groups, PLAN_VALUES[metric.id], PLAN_SIZES[metric.id])
    return _told(metric, cut, found.limited(), group_by)


def _plan_groups(
    metric_id: str, courses: list[TaskCourse], cut: list[Bucket], projects: Projects, group_by: str | None
) -> Groups:
    if metric_id == "stalled_tasks":
        return stalled_groups(stalled_spells(projects), cut, group_by)
    groups = plan_groups(metric_id, courses, cut, group_by)
    if metric_id == "cost_per_completed_task":
        return costs_of_tasks(_costs(cut, projects, group_by), groups)
    return groups


def _costs(cut: list[Bucket], projects: Projects, group_by: str | None) -> Mapping[str, Buckets]:
    columns = ("cost_nano_usd", *TOKENS)
    found = usage_by_bucket(group_by or "", cut, projects, columns)
    usage = {
        name: {index: usage_from(columns, sums) for index, sums in held.items()}
        for name, held in found.items()
    }
    return called(
        group_by, Measured(usage, lambda used: used.cost_usd, lambda used: int(used.all_tokens))
    ).groups


def _told(metric: Metric, cut: list[Bucket], found: Measured, group_by: str | None) -> SeriesPoints:
    """The points of a series, its groups under the names people know them by, in the order in which they began.

    A bucket in which nothing happened is 0 of a flow, and None of a ratio.
    """
    if group_by in WORK_DIMENSIONS:
        found = found.named(work_names(group_by, found.groups))
    empty: Value = 0 if metric.adds_up else None
    ordered = sorted(found.groups.items(), key=lambda item: (min(item[1], default=0), item[0]))
    groups = dict(ordered) or ({} if group_by else {"": {}})

    def told(held: Buckets, index: int) -> Value:
        return found.value(held[index]) if index in held else empty

    return SeriesPoints(cut, groups, told)


def latest_of(points: Iterable[SeriesPoint]) -> datetime | None:
    """The end of the last bucket in which something happened."""
    ends = [point.bucket.end_at for point in points if point.value]
    return max(ends, default=None)
