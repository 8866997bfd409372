"""Answers over time: one metric in buckets, whole or split into groups."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from analytics.calls.querysets import calls_by_quarter, timed_calls
from analytics.days.answers import tools_by_bucket, usage_by_bucket
from analytics.days.querysets import QUARTERS
from analytics.days.times import COLUMNS as CALL_COLUMNS
from analytics.days.times import call_times_by_bucket, nearest_rank
from analytics.metrics import Metric, UnknownDimension, series_dimension
from analytics.metrics import metric as metric_named
from analytics.periods import Bucket, BucketKind, Period, buckets, quarter_edges
from analytics.plan_figures import has_plans, task_courses
from analytics.plan_series import costs_of_tasks, plan_groups, reaching
from analytics.querysets import (
    EVENT_NAMES,
    SESSION_NAMES,
    TOOL_NAMES,
    UNATTRIBUTED,
    UNGROUPED,
    WORK_DIMENSIONS,
    counts_by_quarter,
    row_name,
    sessions_by_start,
)
from analytics.reading_levels import READING_METRICS, reading_levels
from analytics.selectors import known_span, narrowed
from analytics.stalled_tasks import stalled_groups, stalled_spells
from analytics.sums import ToolUse, Usage
from analytics.work import project_names, work_names
from sessions.models import AgentSession, SessionEvent
from sessions.parsers.pricing import model_family
from sessions.scope import Projects, in_projects

MAX_GROUPS = 50
OTHER = "other"
Value = int | float | Decimal | None


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One bucket's value; None where it is not known (a ratio of nothing), 0 where nothing happened."""

    bucket: Bucket
    value: Value
    group: str = ""


@dataclass(frozen=True, slots=True)
class SessionsBegun:
    """Sums over sessions; `timed` is how many of them have a length."""

    sessions: int
    timed: int
    wall_seconds: int
    active_seconds: int

    def __add__(self, other: "SessionsBegun") -> "SessionsBegun":
        return SessionsBegun(
            self.sessions + other.sessions,
            self.timed + other.timed,
            self.wall_seconds + other.wall_seconds,
            self.active_seconds + other.active_seconds,
        )


_USAGE_VALUES: dict[str, Callable[[Usage], Value]] = {
    "session_cost": lambda u: u.cost_usd,
    "session_tokens": lambda u: u.tokens,
    "input_tokens": lambda u: u.input_tokens,
    "output_tokens": lambda u: u.output_tokens,
    "cache_read_tokens": lambda u: u.cache_read_tokens,
    "cache_creation_tokens": lambda u: u.cache_creation_tokens,
    "unpriced_tokens": lambda u: u.unpriced_tokens,
    "unpriced_share": lambda u: u.unpriced_share,
    "cache_hit_rate": lambda u: u.cache_hit_rate,
}
_TOOL_VALUES: dict[str, Callable[[ToolUse], Value]] = {
    "tool_call_count": lambda t: t.calls,
    "tool_success_rate": lambda t: t.success_rate,
    "tool_error_rate": lambda t: None if t.success_rate is None else 100 - t.success_rate,
    "file_churn": lambda t: t.lines_changed,
}
_EVENT_KINDS = {"api_error_count": "api_error", "compaction_count": "compaction"}
_SESSION_METRICS = ("session_count", "session_duration", "active_seconds")
_PERCENTILES = {"tool_duration_p50": 0.5, "tool_duration_p95": 0.95}
_PLAN_VALUES: dict[str, Callable[[Any], Value]] = {
    "task_velocity": int,
    "task_completion_pct": lambda share: share.percent,
    "feature_progress": lambda share: share.percent,
    "stalled_tasks": int,
    "cost_per_completed_task": lambda cost: cost.each,
}
_PLAN_SIZES: dict[str, Callable[[Any], int]] = {
    "task_velocity": int,
    "task_completion_pct": lambda share: share.whole,
    "feature_progress": lambda share: share.whole,
    "stalled_tasks": int,
    "cost_per_completed_task": lambda cost: cost.usage.all_tokens,
}
ANSWERED = frozenset(
    {
        *_USAGE_VALUES,
        *_TOOL_VALUES,
        *_EVENT_KINDS,
        *_SESSION_METRICS,
        *_PERCENTILES,
        *_PLAN_VALUES,
        *READING_METRICS,
    }
)


def series(
    metric_id: str,
    period: Period,
    kind: BucketKind,
    *,
    projects: Projects = None,
    group_by: str | None = None,
) -> list[SeriesPoint]:
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
) -> list[SeriesPoint]:
    metric = metric_named(metric_id)
    if group_by:
        series_dimension(metric, group_by)
    if metric.id in _PLAN_VALUES and has_plans(projects):
        return _plan_series(metric, period, cut_up, projects, group_by)
    if (period.starts_open or period.ends_open) and known_span(projects) is None:
        return []
    cut = cut_up(narrowed(period, projects))
    if metric.id in _PLAN_VALUES:
        return [SeriesPoint(bucket, None) for bucket in cut]
    return _told(metric, cut, _bucket_sums(metric, cut, projects, group_by), group_by)


def _told(
    metric: Metric, cut: list[Bucket], sums: dict[str, dict[int, Value]], group_by: str | None
) -> list[SeriesPoint]:
    """The points of a series, its groups under the names people know them by."""
    if group_by in WORK_DIMENSIONS:
        names = work_names(group_by, sums)
        sums = {names.get(key, key): held for key, held in sums.items()}
    return _filled(metric, cut, sums, grouped=group_by is not None)


def _plan_series(
    metric: Metric,
    period: Period,
    cut_up: Callable[[Period], list[Bucket]],
    projects: Projects,
    group_by: str | None,
) -> list[SeriesPoint]:
    """A metric about plans. Tasks were completed before the first session, too: they also tell what is known."""
    courses = task_courses(projects, period.zone)
    within = reaching(period, known_span(projects), courses)
    if within.starts_open or within.ends_open:
        return []
    cut = cut_up(within)
    if metric.id == "stalled_tasks":
        groups = stalled_groups(stalled_spells(projects), cut, group_by)
    else:
        groups = plan_groups(metric.id, courses, cut, group_by)
    if metric.id == "cost_per_completed_task":
        groups = costs_of_tasks(_called(group_by, usage_by_bucket(group_by or "", cut, projects)), groups)
    limited = _limited(groups, _PLAN_SIZES[metric.id])
    return _told(metric, cut, _values(limited, _PLAN_VALUES[metric.id]), group_by)


def _bucket_sums(
    metric: Metric, cut: list[Bucket], projects: Projects, group_by: str | None
) -> dict[str, dict[int, Value]]:
    """{group: {bucket index: value}}; only buckets in which something happened."""
    if metric.id in _USAGE_VALUES:
        rows = _called(group_by, usage_by_bucket(group_by or "", cut, projects))
        return _values(_limited(rows, lambda u: u.all_tokens), _USAGE_VALUES[metric.id])
    if metric.id in _TOOL_VALUES:
        rows = _tools(cut, projects, group_by)
        return _values(_limited(rows, lambda t: t.calls), _TOOL_VALUES[metric.id])
    if metric.id in _EVENT_KINDS:
        return _limited(_event_counts(_EVENT_KINDS[metric.id], cut, projects, group_by), int)
    if metric.id in _SESSION_METRICS:
        held = _limited(_sessions_begun(metric.id, cut, projects, group_by), lambda s: s.sessions)
        return _values(held, _SESSION_VALUES[metric.id])
    if metric.id in READING_METRICS:
        # Of the installation as a whole: whoever is for some projects is told nothing.
        return {} if projects is not None else {"": dict(reading_levels(metric.id, cut))}
    if metric.id in _PERCENTILES:
        return _percentile_values(_PERCENTILES[metric.id], cut, projects, group_by)
    return {}


def _whole(cut: list[Bucket]) -> Period:
    return Period(cut[0].start_at, cut[-1].end_at, ZoneInfo("UTC"))


def _tools(cut: list[Bucket], projects: Projects, group_by: str | None) -> dict[str, dict[int, ToolUse]]:
    """{group: {bucket index: how calls went}}; by what only the asking response knows, from the calls themselves."""
    if group_by is None or group_by in TOOL_NAMES:
        return _called(group_by, tools_by_bucket(group_by or "", cut, projects))
    rows = calls_by_quarter(_whole(cut), projects, "model" if group_by == "model_family" else group_by)
    told = ((row["quarter"], row["row"], ToolUse.from_sums(row)) for row in rows)
    return _bucketed(told, cut, group_by)


def _called(group_by: str | None, groups: dict[str, dict[int, Any]]) -> dict[str, dict[int, Any]]:
    """Groups under the names of `plan_groups`: projects by name, so that those of one name are one group."""
    if group_by is None:
        return groups
    names = {key: key or UNATTRIBUTED for key in groups}
    if group_by == "project":
        names |= project_names(key for key in groups if key)
    found: dict[str, dict[int, Any]] = {}
    for key, held in groups.items():
        of_name = found.setdefault(names[key], {})
        for index, sums in held.items():
            of_name[index] = of_name[index] + sums if index in of_name else sums
    return found


def _limited(groups: dict[str, dict[int, Any]], size: Callable[[Any], int]) -> dict[str, dict[int, Any]]:
    """At most MAX_GROUPS groups by size; the rest is one group named `other`, so that sums hold."""
    if len(groups) <= MAX_GROUPS:
        return groups
    ranked = sorted(groups, key=lambda name: (-sum(size(s) for s in groups[name].values()), name))
    kept = {name: groups[name] for name in ranked[: MAX_GROUPS - 1]}
    rest: dict[int, Any] = {}
    for name in ranked[MAX_GROUPS - 1 :]:
        for index, sums in groups[name].items():
            rest[index] = rest[index] + sums if index in rest else sums
    return {**kept, OTHER: rest}


def _values(groups: dict[str, dict[int, Any]], value: Callable[[Any], Value]) -> dict[str, dict[int, Value]]:
    return {name: {index: value(sums) for index, sums in held.items()} for name, held in groups.items()}


def _event_counts(
    kind: str, cut: list[Bucket], projects: Projects, group_by: str | None
) -> dict[str, dict[int, Value]]:
    events = SessionEvent.objects.filter(kind=kind, inherited=False)
    events = events.filter(in_projects(projects, "session__project"))
    rows = counts_by_quarter(events, _name(EVENT_NAMES, group_by), _quarters(cut))
    return _bucketed(rows, cut, group_by)


def _sessions_begun(
    metric_id: str, cut: list[Bucket], projects: Projects, group_by: str | None
) -> dict[str, dict[int, SessionsBegun]]:
    """Sessions by the bucket they began in; active time counts subagents too."""
    begun = AgentSession.objects.filter(in_projects(projects))
    if metric_id != "active_seconds":
        begun = begun.roots()
    if group_by == "skill":
        return _by_skill(begun, cut)
    edges = quarter_edges(cut)
    # Of whole days the database adds up a day; an edge inside one needs its quarters.
    width = 1 if any(edge % QUARTERS for edge in edges) else QUARTERS
    rows = sessions_by_start(begun, _name(SESSION_NAMES, group_by), _quarters(cut), width)
    told = ((unit * width, name, SessionsBegun(*sums)) for unit, name, *sums in rows)
    return _bucketed(told, cut, group_by)


def _by_skill(begun: Any, cut: list[Bucket]) -> dict[str, dict[int, SessionsBegun]]:
    """A session that used several skills is one of each."""
    quarters = _quarters(cut)
    rows = begun.filter(start_quarter__gte=quarters.start, start_quarter__lt=quarters.stop)
    columns = ("start_quarter", "wall_seconds", "active_seconds", "skills")
    told = (
        (quarter, name, SessionsBegun(1, int(wall is not None), wall or 0, active or 0))
        for quarter, wall, active, skills in rows.order_by().values_list(*columns)
        for name in skills or [UNATTRIBUTED]
    )
    return _bucketed(told, cut, None)


def _quarters(cut: list[Bucket]) -> range:
    edges = quarter_edges(cut)
    return range(edges[0], edges[-1])


def _name(names: dict[str, Any], group_by: str | None) -> Any:
    """The expression that rows are grouped by; families are told from their models afterwards."""
    dimension = "model" if group_by == "model_family" else group_by
    if dimension is not None and dimension not in names:
        raise UnknownDimension("dimension to group this metric by", group_by or "", names)
    return row_name(names, dimension) if dimension else UNGROUPED


def _bucketed(
    rows: Iterable[tuple[int, str, Any]], cut: list[Bucket], group_by: str | None
) -> dict[str, dict[int, Any]]:
    """{group: {bucket index: sum}} of rows (quarter, name, sums)."""
    edges = quarter_edges(cut)
    found: dict[str, dict[int, Any]] = {}
    for quarter, name, sums in rows:
        group = (model_family(name) or UNATTRIBUTED) if group_by == "model_family" else name
        held, index = found.setdefault(group, {}), bisect_right(edges, quarter) - 1
        held[index] = held[index] + sums if index in held else sums
    return found


_SESSION_VALUES: dict[str, Callable[[SessionsBegun], Value]] = {
    "session_count": lambda begun: begun.sessions,
    "session_duration": lambda begun: begun.wall_seconds / begun.timed if begun.timed else None,
    "active_seconds": lambda begun: begun.active_seconds,
}


def _percentile_values(
    share: float, cut: list[Bucket], projects: Projects, group_by: str | None
) -> dict[str, dict[int, Value]]:
    """The nearest rank of the timed calls of every bucket and group."""
    if group_by is None or group_by in CALL_COLUMNS:
        found = _called(group_by, call_times_by_bucket(group_by or "", cut, projects))
    else:
        told = timed_calls(_whole(cut), projects, "model" if group_by == "model_family" else group_by)
        found = _bucketed(((quarter, name, [ms]) for quarter, name, ms in told), cut, group_by)
        found = {name: {at: sorted(times) for at, times in held.items()} for name, held in found.items()}
    return _values(_limited(found, len), lambda ascending: nearest_rank(ascending, share))


def _filled(
    metric: Metric, cut: list[Bucket], sums: dict[str, dict[int, Value]], *, grouped: bool
) -> list[SeriesPoint]:
    """Every bucket of every group: 0 where a flow had none, None where a ratio is of nothing."""
    empty: Value = 0 if metric.adds_up else None
    groups = {name: sums[name] for name in sorted(sums, key=lambda name: (min(sums[name], default=0), name))}
    groups = groups or ({} if grouped else {"": {}})
    return [
        SeriesPoint(bucket, held.get(index, empty), group)
        for index, bucket in enumerate(cut)
        for group, held in groups.items()
    ]


def latest_of(points: Iterable[SeriesPoint]) -> datetime | None:
    """The end of the last bucket in which something happened."""
    ends = [point.bucket.end_at for point in points if point.value]
    return max(ends, default=None)
