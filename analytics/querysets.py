"""The vocabulary of questions about numbers over time; the only place of this app that aggregates."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import add
from typing import Any

from django.db import models
from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    F,
    Min,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.db.models.lookups import In

from analytics.periods import Period
from analytics.places import placed, placed_by
from sessions.models import AgentSession, SessionEvent
from sessions.prepared import prepared
from sessions.querysets import ROOT_TYPES
from sessions.scope import Projects, in_projects
from tasks.models import Document, Link, ServedSpan

SUMMED = (
    "responses",
    "lower_bound_responses",
    "partial_responses",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
    "unpriced_tokens",
    "unpriced_responses",
)
MONEY = ("cost_nano_usd", "reported_cost_nano_usd")
TOOL_SUMMED = (
    "calls",
    "errors",
    "outcome_ok",
    "outcome_error",
    "outcome_rejected",
    "outcome_interrupted",
    "outcome_blocked",
    "outcome_pending",
    "elapsed_ms",
    "timed",
    "execution_ms",
    "lines_changed",
)
UNATTRIBUTED = "(unattributed)"
WORK_DIMENSIONS = ("feature", "phase", "task")


def named(field: str) -> Any:
    """The field, or the name of the row that makes parts add up."""
    return Case(When(**{field: ""}, then=Value(UNATTRIBUTED)), default=F(field))


# What a rollup row is counted under, per dimension.
USAGE_NAMES = {
    "project": Coalesce(F("project__name"), Value(UNATTRIBUTED)),
    "model": F("model"),
    "session_type": F("session__session_type"),
    "agent": named("session__agent_name"),
    "skill": named("skill"),
    "branch": named("session__branch"),
    # By id, since slugs repeat in other projects; selectors put the names.
    **{name: Coalesce(Cast(f"{name}_id", CharField()), Value(UNATTRIBUTED)) for name in WORK_DIMENSIONS},
}
TOOL_NAMES = {
    "project": USAGE_NAMES["project"],
    "session_type": USAGE_NAMES["session_type"],
    "agent": USAGE_NAMES["agent"],
    "branch": USAGE_NAMES["branch"],
    **{name: USAGE_NAMES[name] for name in WORK_DIMENSIONS},
    "tool": named("name"),
    "tool_category": named("category"),
    "mcp_server": named("mcp_server"),
}


def _main_feature(session: str) -> Any:
    """The feature that a session was for first of all: sessions and events are of one, tokens of what they served.

    For `row_name` to build, since a subquery cannot be made before all models are there.
    """
    links = Link.objects.filter(session_id=OuterRef(session), is_primary=True, feature__isnull=False)
    return Coalesce(Cast(Subquery(links.values("feature_id")[:1]), CharField()), Value(UNATTRIBUTED))


# The same for sessions by when they began (their model is the one that answered most), and for events.
SESSION_NAMES = {
    "project": Coalesce(F("project__name"), Value(UNATTRIBUTED)),
    "model": named("model"),
    "session_type": F("session_type"),
    "agent": named("agent_name"),
    "branch": named("branch"),
    "feature": partial(_main_feature, "pk"),
}
EVENT_NAMES = {name: USAGE_NAMES[name] for name in ("session_type", "agent", "branch")} | {
    "project": Coalesce(F("session__project__name"), Value(UNATTRIBUTED)),
    "feature": partial(_main_feature, "session_id"),
}


def row_name(names: dict[str, Any], dimension: str) -> Any:
    """What rows are counted under, as an expression."""
    found = names[dimension]
    return found() if callable(found) else found


UNGROUPED = Value("", output_field=CharField())


class RollupQuerySet(models.QuerySet[Any]):
    def within(self, period: Period) -> Any:
        """Of the quarters a period touches."""
        quarters = period.quarters
        return self.filter(quarter__gte=quarters.start, quarter__lt=quarters.stop)

    def of_projects(self, projects: Projects) -> Any:
        return self.filter(in_projects(projects))


class UsageQuerySet(RollupQuerySet):
    def totals(self) -> dict[str, Any]:
        """Sums over all rows; money is None where nothing is priced."""
        return self.aggregate(**_usage_sums(), sessions=Count("session", distinct=True))

    def by_place(self, edges: Sequence[int]) -> tuple[Any, Callable[[int], int]]:
        """Rows (place, sums...), and the bucket between two edges that a place is in."""
        rows, index = placed(self.filter(quarter__gte=edges[0], quarter__lt=edges[-1]), edges)
        return rows.order_by().values("place").annotate(**_usage_sums()), index

    def sessions_by_place(self, edges: Sequence[int]) -> tuple[Any, Callable[[int], int]]:
        """(place, session) of every session with usage, each once."""
        rows, index = placed(self.filter(quarter__gte=edges[0], quarter__lt=edges[-1]), edges)
        return rows.order_by().values_list("place", "session_id").distinct(), index

    def by_dimension(self, dimension: str) -> Any:
        """Rows (row, sums..., sessions) per name of the dimension."""
        sums = _usage_sums()
        return (
            self.annotate(row=USAGE_NAMES[dimension])
            .values("row")
            .annotate(**sums, sessions=Count("session", distinct=True))
            .order_by("row")
        )

    def by_session(self) -> Any:
        """Rows (session_id, sums...), for the sessions behind a number."""
        return self.values("session_id").annotate(**_usage_sums()).order_by("session_id")

    def by_session_and_feature(self) -> Any:
        """Rows (session_id, feature_id, sums...); feature_id None is what served nothing planned."""
        rows = self.values("session_id", "feature_id").annotate(**_usage_sums())
        return rows.order_by("session_id", "feature_id")

    def unpriced_by_model(self) -> dict[str, int]:
        """{model: tokens of all classes without a known price}."""
        unpriced = self.filter(unpriced_tokens__gt=0).order_by().values_list("model")
        return dict(unpriced.annotate(n=Sum("unpriced_tokens")))

    def first_quarter(self) -> int | None:
        first: int | None = self.aggregate(first=Min("quarter", filter=Q(quarter__gt=0)))["first"]
        return first


def _usage_sums() -> dict[str, Any]:
    sums: dict[str, Any] = {f"sum_{name}": Coalesce(Sum(name), 0) for name in SUMMED}
    return sums | {f"sum_{name}": Sum(name) for name in MONEY}


class ToolUsageQuerySet(RollupQuerySet):
    def by_dimension(self, dimension: str) -> Any:
        return (
            self.annotate(row=TOOL_NAMES[dimension])
            .values("row")
            .annotate(**_tool_sums(), sessions=Count("session", distinct=True))
            .order_by("row")
        )


def _tool_sums() -> dict[str, Any]:
    return {f"sum_{name}": Coalesce(Sum(name), 0) for name in TOOL_SUMMED}


@prepared
def usage_rows(responses: Any, *, quarters: Any) -> Any:
    """The SessionUsage rows these quarters should have, counted from the responses themselves, for `of_work`."""
    tokens = F("input_tokens") + F("output_tokens") + F("cache_read_tokens")
    tokens = tokens + F("cache_creation_5m_tokens") + F("cache_creation_1h_tokens")
    unpriced = Q(cost_nano_usd__isnull=True)
    sums = {
        "n": Count("id"),
        "n_lower": Count("id", filter=Q(stop_reason="")),
        "n_partial": Count("id", filter=Q(is_assistant=False)),
        **{f"n_{name}": Sum(name) for name in SUMMED[3:8]},
        "n_unpriced": Coalesce(Sum(tokens, filter=unpriced), 0),
        "n_unpriced_responses": Count("id", filter=unpriced),
        "n_cost": Sum("cost_nano_usd"),
        "n_reported": Sum("reported_cost_nano_usd"),
    }
    shown = Case(When(fast=True, then=Concat("model", Value("-fast"))), default=F("model"))
    rows = responses.objects.counted().filter(In(F("quarter"), quarters))
    rows = rows.annotate(shown=shown, span=_span_at("at_ms"))
    counted = rows.values_list("quarter", "owner_id", "owner__project_id", "shown", "skill", "span")
    return counted.annotate(**sums).order_by("quarter", "owner_id", "shown", "skill", "span")


WORK = ("of_feature", "of_phase", "of_task")


def work_at(moment: str) -> dict[str, Any]:
    """Annotations that tell what the owner's span at a row's moment was for, by key."""
    spans = ServedSpan.objects.filter(session_id=OuterRef("owner_id"), from_ms__lte=OuterRef(moment))
    latest = spans.order_by("-from_ms")
    fields = ("feature_id", "phase_id", "task_id")
    return {name: Subquery(latest.values(field)[:1]) for name, field in zip(WORK, fields, strict=True)}


def _span_at(moment: str) -> Any:
    """The owner's span at a row's moment."""
    spans = ServedSpan.objects.filter(session_id=OuterRef("owner_id"), from_ms__lte=OuterRef(moment))
    return Subquery(spans.order_by("-from_ms").values("id")[:1])


def of_work(rows: list[tuple[Any, ...]], keys: int) -> Iterator[tuple[Any, ...]]:
    """Rows (keys, span, sums) as (keys, feature, phase, task, sums), added up where spans are for the same.

    Columns in the order of USAGE_COLUMNS or TOOL_COLUMNS.
    """
    spans = ServedSpan.objects.filter(id__in={row[keys] for row in rows if row[keys] is not None}).order_by()
    work = {key: tuple(of) for key, *of in spans.values_list("id", "feature_id", "phase_id", "task_id")}
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        key, sums = (*row[:keys], *work.get(row[keys], (None, None, None))), row[keys + 1 :]
        found[key] = added(found[key], sums) if key in found else sums
    return ((*key, *sums) for key, sums in found.items())


def added(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sums added by place; None is nothing known, and stays so only beside another None."""
    if None not in one and None not in other:
        return tuple(map(add, one, other))
    pairs = zip(one, other, strict=True)
    return tuple([a if b is None else b if a is None else a + b for a, b in pairs])


WORK_COLUMNS = ("feature_id", "phase_id", "task_id")
USAGE_KEYS = ("quarter", "session_id", "project_id", "model", "skill")
USAGE_COLUMNS = (*USAGE_KEYS, *WORK_COLUMNS, *SUMMED, *MONEY)
TOOL_KEYS = ("quarter", "session_id", "project_id", "name", "category", "mcp_server")
TOOL_COLUMNS = (*TOOL_KEYS, *WORK_COLUMNS, *TOOL_SUMMED)


@prepared
def tool_usage_rows(calls: Any, *, quarters: Any) -> Any:
    """The SessionToolUsage rows these quarters should have, for `of_work`."""
    rows = calls.objects.counted().filter(In(F("quarter"), quarters)).annotate(span=_span_at("use_at_ms"))
    keys = ("quarter", "owner_id", "owner__project_id", "name", "category", "mcp_server", "span")
    return rows.values_list(*keys).annotate(**call_sums()).order_by("quarter", "owner_id", "name", "span")


def call_sums() -> dict[str, Any]:
    """The sums of TOOL_SUMMED over calls themselves, in that order."""
    outcomes = ("ok", "error", "rejected", "interrupted", "blocked", "pending")
    changed = Coalesce(F("lines_added"), 0) + Coalesce(F("lines_removed"), 0)
    return {
        "sum_calls": Count("id"),
        "sum_errors": Count("id", filter=Q(is_error=True)),
        **{f"sum_outcome_{name}": Count("id", filter=Q(outcome=name)) for name in outcomes},
        "sum_elapsed_ms": Coalesce(Sum("elapsed_ms"), 0),
        "sum_timed": Count("elapsed_ms"),
        "sum_execution_ms": Coalesce(Sum("execution_ms"), 0),
        "sum_lines_changed": Coalesce(Sum(changed, filter=Q(outcome="ok")), 0),
    }


TIMING_COLUMNS = ("quarter", "name", "bound", "calls", "total_ms")
# Upper ends, in milliseconds, of the stretches that durations of tool calls are counted in; the last has none.
DURATION_BOUNDS_MS = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000)


@prepared
def tool_timing_rows(calls: Any, *, quarters: Any) -> Any:
    """The ToolTiming rows these quarters should have. Columns in the order of TIMING_COLUMNS."""
    stretches = [When(ms__lte=ms, then=Value(bound)) for bound, ms in enumerate(DURATION_BOUNDS_MS)]
    rows = calls.objects.counted().filter(In(F("quarter"), quarters)).annotate(ms=duration())
    rows = rows.filter(ms__isnull=False)
    rows = rows.annotate(stretch=Case(*stretches, default=Value(len(DURATION_BOUNDS_MS))))
    keys = ("quarter", "name", "stretch")
    return rows.values_list(*keys).annotate(n=Count("id"), n_ms=Sum("ms")).order_by(*keys)


def duration() -> Any:
    """The tool's own figure where it gives one, else the time from call to answer."""
    return Coalesce("execution_ms", "elapsed_ms")


@prepared
def events_by_place(
    kind: str, dimension: str | None, *, start: Any, stop: Any, runs: Any, projects: Any
) -> Any:
    """Rows (place, name, how many events of a kind) of a stretch of quarters; `runs` are of `places`."""
    events = SessionEvent.objects.filter(kind=kind, inherited=False, quarter__gte=start, quarter__lt=stop)
    rows = events.filter(in_projects(projects, "session__project")).annotate(
        row=_name(EVENT_NAMES, dimension)
    )
    rows = rows.annotate(place=placed_by(runs, F("quarter")))
    return rows.order_by().values_list("place", "row").annotate(n=Count("id"))


@prepared
def sessions_by_place(
    dimension: str | None, roots_only: bool, *, start: Any, stop: Any, runs: Any, projects: Any
) -> Any:
    """Rows (place of the start, name, sessions, those with a length, wall and active seconds)."""
    begun: Any = AgentSession.objects.filter(start_quarter__gte=start, start_quarter__lt=stop)
    begun = begun.roots() if roots_only else begun
    rows = begun.filter(in_projects(projects)).annotate(row=_name(SESSION_NAMES, dimension))
    rows = rows.annotate(place=placed_by(runs, F("start_quarter")))
    sums = {
        "n": Count("start_quarter"),
        "timed": Count("wall_seconds"),
        "wall": Coalesce(Sum("wall_seconds"), 0),
        "active": Coalesce(Sum("active_seconds"), 0),
    }
    return rows.order_by().values_list("place", "row").annotate(**sums)


def _name(names: dict[str, Any], dimension: str | None) -> Any:
    return UNGROUPED if dimension is None else row_name(names, dimension)


@prepared
def sessions_begun(*, start: Any, stop: Any, projects: Any) -> Any:
    """One row of the sessions that began in a stretch of quarters, all of it from the index `session_start_figures`.

    Columns: sessions, roots, mean wall seconds of roots (None without any), active seconds, web searches at their side.
    """
    begun = AgentSession.objects.filter(
        in_projects(projects), start_quarter__gte=start, start_quarter__lt=stop
    )
    roots = Q(session_type__in=ROOT_TYPES)
    sums = {
        "sessions": Count("start_quarter"),
        "roots": Count("start_quarter", filter=roots),
        "duration_avg": Avg("wall_seconds", filter=roots),
        "active": Coalesce(Sum("active_seconds"), 0),
        "web_searches": Coalesce(Sum("web_search_side_calls"), 0),
    }
    return begun.order_by().annotate(whole=UNGROUPED).values_list("whole").annotate(**sums).values_list(*sums)


@prepared
def any_document(*, projects: Any) -> Any:
    """A row where any plan was read."""
    return Document.objects.filter(in_projects(projects)).order_by().values_list("pk")[:1]


@prepared
def event_counts(kind: str, *, start: Any, stop: Any, projects: Any) -> Any:
    """How many events of a kind happened in a stretch of quarters, as a row unless there are none."""
    events = SessionEvent.objects.filter(kind=kind, inherited=False, quarter__gte=start, quarter__lt=stop)
    events = events.filter(in_projects(projects, "session__project")).order_by()
    return events.annotate(whole=UNGROUPED).values_list("whole").annotate(n=Count("id")).values_list("n")


@prepared
def outermost(order: str, *, projects: Any) -> Any:
    """The first moment by an order of sessions, as a row: a look at the end of an index."""
    field = order.removeprefix("-")
    known = AgentSession.objects.filter(in_projects(projects)).exclude(**{field: None})
    return known.order_by(order).values_list(field)[:1]


def link_count(rows: Any) -> Any:
    """(links, sessions with one) of sessions with their `link`, as a row, for a prepared question."""
    joined = rows.order_by().filter(link__isnull=False).annotate(whole=UNGROUPED).values_list("whole")
    return joined.annotate(n=Count("id"), of=Count("id", distinct=True)).values_list("n", "of")


def row_count(rows: Any) -> Any:
    """How many rows of sessions and their `link` there are, as a row, for a prepared question."""
    joined = rows.order_by().alias(of=F("link__id")).annotate(whole=UNGROUPED)
    return joined.values_list("whole").annotate(n=Count("id")).values_list("n")
