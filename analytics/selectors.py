"""Answers about numbers: the overview of a period and its split by something. Pages, API and terminal ask here."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from analytics.days.answers import (
    sums_and_sessions,
    tool_totals,
    tools_by_name,
    usage_and_sessions,
    usage_of,
)
from analytics.days.split import Sums
from analytics.days.times import Durations, call_times
from analytics.metrics import dimension as dimension_named
from analytics.models import SessionUsage
from analytics.periods import Period, quarter_start
from analytics.plan_figures import PlanFigures, plan_figures
from analytics.querysets import (
    UNATTRIBUTED,
    WORK_DIMENSIONS,
    event_counts,
    outermost,
    sessions_begun,
)
from analytics.sums import ToolUse, Usage, cost_per_task, together
from analytics.work import project_names, work_names
from sessions.scope import Projects

TOP_MODELS = 8
TOOL_DIMENSIONS = ("tool", "tool_category", "mcp_server")
USAGE_DIMENSIONS = (
    "model",
    "model_family",
    "session_type",
    "agent",
    "skill",
    "project",
    "branch",
    *WORK_DIMENSIONS,
)
BREAKDOWN_DIMENSIONS = (*USAGE_DIMENSIONS, *TOOL_DIMENSIONS)
_SORTS = {
    "count": lambda row: (-row.count, row.name),
    "tokens": lambda row: (-(row.usage.tokens if row.usage else 0), row.name),
    "cost": lambda row: (-((row.usage.cost_usd or 0) if row.usage else 0), row.name),
    "name": lambda row: (row.name,),
}


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """One model's part: `sessions` that used it, and what it used."""

    name: str
    sessions: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Overview:
    """What a period came to. Figures about plans are None as long as no plans were read."""

    period: Period
    usage: Usage
    tools: ToolUse
    session_count: int
    subagent_session_count: int
    session_duration_avg: float | None
    active_seconds: int
    api_error_count: int
    web_search_side_calls: int
    models: list[ModelUsage]
    plans: PlanFigures = field(default_factory=PlanFigures)

    @property
    def task_velocity(self) -> int | None:
        return self.plans.task_velocity

    @property
    def task_completion_pct(self) -> float | None:
        return self.plans.task_completion_pct

    @property
    def feature_progress(self) -> float | None:
        return self.plans.feature_progress

    @property
    def cost_per_completed_task(self) -> Decimal | None:
        return cost_per_task(self.usage, self.task_velocity)


def overview(period: Period, *, projects: Projects = None, plans: bool = True) -> Overview:
    """The figures of a period, for these projects; without `plans` those about plans are left unknown."""
    begun = _begun(period, projects)
    used, sessions = usage_and_sessions("model", period, projects)
    return Overview(
        period=period,
        usage=Usage.summed(used.values()),
        tools=tool_totals(period, projects),
        session_count=begun.roots,
        subagent_session_count=begun.sessions - begun.roots,
        session_duration_avg=begun.duration_avg,
        active_seconds=begun.active_seconds,
        api_error_count=_event_count("api_error", period, projects),
        web_search_side_calls=begun.web_searches,
        models=_models(used, sessions),
        plans=plan_figures(period, projects=projects) if plans else PlanFigures(),
    )


class _Begun(NamedTuple):
    """Of the sessions that began in a period; the mean length is of roots, None without any."""

    sessions: int = 0
    roots: int = 0
    duration_avg: float | None = None
    active_seconds: int = 0
    web_searches: int = 0


def _begun(period: Period, projects: Projects) -> _Begun:
    rows = sessions_begun(start=period.quarters.start, stop=period.quarters.stop, projects=projects)
    return _Begun(*rows[0]) if rows else _Begun()


def _event_count(kind: str, period: Period, projects: Projects) -> int:
    rows = event_counts(kind, start=period.quarters.start, stop=period.quarters.stop, projects=projects)
    return int(rows[0][0]) if rows else 0


def _models(used: dict[str, Usage], sessions: dict[str, int]) -> list[ModelUsage]:
    found = [ModelUsage(name, sessions.get(name, 0), usage) for name, usage in used.items()]
    return sorted(found, key=lambda m: (-m.sessions, m.name))


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """One part of a whole. `usage` is None for tools: no record says which token was for which call.

    `count` is sessions, or calls for tools. `p50_ms` and `p95_ms` are of timed calls.
    """

    name: str
    count: int
    usage: Usage | None = None
    tools: ToolUse | None = None
    p50_ms: int | None = None
    p95_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All parts, in order, and the whole they add up to."""

    dimension: str
    rows: list[BreakdownRow]

    @property
    def whole(self) -> Usage:
        return Usage.summed(row.usage for row in self.rows if row.usage)


def breakdown(dimension: str, period: Period, *, projects: Projects = None, sort: str = "count") -> Breakdown:
    """A period split by a dimension. Raises UnknownDimension for one that is not in the catalogue."""
    dimension_named(dimension)
    if dimension in TOOL_DIMENSIONS:
        rows = _tool_rows(dimension, period, projects)
    else:
        rows = _usage_rows(dimension, period, projects)
    return Breakdown(dimension, sorted(rows, key=_SORTS[sort]))


def _usage_rows(dimension: str, period: Period, projects: Projects) -> list[BreakdownRow]:
    found, sessions = sums_and_sessions(dimension, period, projects)
    names = shown_names(dimension, found)
    counts, parts = Counter[str](), defaultdict[str, list[Sums]](list)
    for key, sums in found.items():
        counts[names[key]] += sessions.get(key, 0)
        parts[names[key]].append(sums)
    return [BreakdownRow(name, counts[name], usage_of(together(mine))) for name, mine in parts.items()]


def shown_names(dimension: str, keys: Iterable[str]) -> dict[str, str]:
    """{what rollups count under: what people call it}; projects of one name come to the same."""
    found = {key: key or UNATTRIBUTED for key in keys}
    if dimension == "project":
        return found | project_names(key for key in found if key)
    return found | work_names(dimension, found) if dimension in WORK_DIMENSIONS else found


def _tool_rows(dimension: str, period: Period, projects: Projects) -> list[BreakdownRow]:
    times = call_times(dimension, period, projects)
    return [
        _tool_row(name, tools, times.get(name))
        for name, tools in tools_by_name(dimension, period, projects).items()
    ]


def _tool_row(name: str, tools: ToolUse, times: Durations | None) -> BreakdownRow:
    p50, p95 = (None, None) if times is None else times.nearest_ranks(0.5, 0.95)
    return BreakdownRow(name or UNATTRIBUTED, tools.calls, tools=tools, p50_ms=p50, p95_ms=p95)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last moment anything is known of; None in an empty database."""

    first_at: datetime
    last_at: datetime


def known_span(projects: Projects = None) -> Span | None:
    """What there is data of, so that a period without any can say where to look."""
    first = outermost("started_at", projects=projects)
    if not first:
        return None
    last = outermost("-ended_at", projects=projects) or first
    first_at, last_at = first[0][0].astimezone(UTC), last[0][0].astimezone(UTC)
    return Span(first_at, max(first_at, last_at))


def narrowed(period: Period, projects: Projects = None) -> Period:
    """A period that is open at an end, cut to what there is data of (its own ends otherwise)."""
    span = known_span(projects)
    if span is None:
        return period
    return period.narrowed_to(span.first_at, span.last_at + timedelta(milliseconds=1))


def first_usage_at(projects: Projects = None) -> datetime | None:
    """The start of the first quarter with usage."""
    first = SessionUsage.objects.of_projects(projects).first_quarter()
    return None if first is None else quarter_start(first)
