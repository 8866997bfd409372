"""Answers about numbers: the overview of a period and its split by something. Pages, API and terminal ask here."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from analytics.metrics import dimension as dimension_named
from analytics.models import SessionToolUsage, SessionUsage
from analytics.periods import Period, quarter_start
from analytics.plan_figures import PlanFigures, plan_figures
from analytics.querysets import WORK_DIMENSIONS, percentiles
from analytics.sums import ToolUse, Usage, cost_per_task
from analytics.work import work_names
from sessions.models import AgentSession, SessionEvent, ToolCall
from sessions.parsers.pricing import model_family
from sessions.scope import Projects, in_projects

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


def overview(period: Period, *, projects: Projects = None) -> Overview:
    """The figures of a period, for these projects."""
    usage = SessionUsage.objects.within(period).of_projects(projects)
    tools = SessionToolUsage.objects.within(period).of_projects(projects)
    begun = _sessions_begun(period, projects)
    main, every = begun.roots().summary(), begun.summary()
    return Overview(
        period=period,
        usage=Usage.from_sums(usage.totals()),
        tools=ToolUse.from_sums(tools.totals()),
        session_count=main["sessions"],
        subagent_session_count=begun.exclude(session_type__in=("session", "fork")).count(),
        session_duration_avg=main["duration_avg"],
        active_seconds=every["active"],
        api_error_count=_events("api_error", period, projects).count(),
        web_search_side_calls=every["web_searches"],
        models=_models(usage),
        plans=plan_figures(period, projects=projects),
    )


def _sessions_begun(period: Period, projects: Projects) -> Any:
    quarters = period.quarters
    begun = AgentSession.objects.filter(start_quarter__gte=quarters.start, start_quarter__lt=quarters.stop)
    return begun.filter(in_projects(projects))


def _events(kind: str, period: Period, projects: Projects) -> Any:
    quarters = period.quarters
    found = SessionEvent.objects.filter(
        kind=kind, quarter__gte=quarters.start, quarter__lt=quarters.stop, inherited=False
    )
    return found.filter(in_projects(projects, "session__project"))


def _models(usage: Any) -> list[ModelUsage]:
    rows = usage.by_dimension("model")
    found = [ModelUsage(row["row"], row["sessions"], Usage.from_sums(row)) for row in rows]
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
    whole: Usage = field(default_factory=Usage)


def breakdown(dimension: str, period: Period, *, projects: Projects = None, sort: str = "count") -> Breakdown:
    """A period split by a dimension. Raises UnknownDimension for one that is not in the catalogue."""
    dimension_named(dimension)
    if dimension in TOOL_DIMENSIONS:
        rows = _tool_rows(dimension, period, projects)
    else:
        rows = _usage_rows(dimension, SessionUsage.objects.within(period).of_projects(projects))
    whole = sum((row.usage for row in rows if row.usage), Usage())
    return Breakdown(dimension, sorted(rows, key=_SORTS[sort]), whole)


def _usage_rows(dimension: str, usage: Any) -> list[BreakdownRow]:
    if dimension == "model_family":
        return _family_rows(usage)
    rows = list(usage.by_dimension(dimension))
    names = work_names(dimension, (row["row"] for row in rows)) if dimension in WORK_DIMENSIONS else {}
    return [
        BreakdownRow(names.get(row["row"], row["row"]), row["sessions"], Usage.from_sums(row)) for row in rows
    ]


def _family_rows(usage: Any) -> list[BreakdownRow]:
    """Families are told from model names in Python, so that a session with two models of one counts once."""
    sums: dict[str, Usage] = {}
    for row in usage.by_dimension("model"):
        family = model_family(row["row"]) or "(unattributed)"
        sums[family] = sums.get(family, Usage()) + Usage.from_sums(row)
    held = {
        (session, model_family(model))
        for session, model in usage.values_list("session_id", "model").distinct()
    }
    sessions = Counter(family or "(unattributed)" for _, family in held)
    return [BreakdownRow(name, sessions[name], total) for name, total in sums.items()]


def _tool_rows(dimension: str, period: Period, projects: Projects) -> list[BreakdownRow]:
    rows = SessionToolUsage.objects.within(period).of_projects(projects).by_dimension(dimension)
    calls = ToolCall.objects.filter(in_projects(projects, "owner__project"))
    by = {"tool": "name", "tool_category": "category", "mcp_server": "mcp_server"}[dimension]
    times = {(name, share): ms for name, share, ms in percentiles(calls, period, (0.5, 0.95), by=by)}
    return [
        BreakdownRow(
            name=row["row"],
            count=row["sum_calls"],
            tools=ToolUse.from_sums(row),
            p50_ms=times.get((row["row"], 0.5)),
            p95_ms=times.get((row["row"], 0.95)),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last moment anything is known of; None in an empty database."""

    first_at: datetime
    last_at: datetime


def known_span(projects: Projects = None) -> Span | None:
    """What there is data of, so that a period without any can say where to look."""
    sessions = AgentSession.objects.filter(in_projects(projects))
    ends = sessions.time_span()
    if ends is None:
        return None
    return Span(ends[0].astimezone(UTC), max(ends[1].astimezone(UTC), ends[0].astimezone(UTC)))


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
