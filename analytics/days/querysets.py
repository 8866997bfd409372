"""What rollups of days are counted from, and what is asked of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import models
from django.db.models import Case, CharField, Count, F, Max, Min, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, In, LessThanOrEqual

from analytics.places import placed_by
from analytics.querysets import MONEY, SUMMED, TOOL_SUMMED, WORK_DIMENSIONS
from sessions.parsers.pricing import model_family
from sessions.prepared import padded, prepared
from sessions.querysets import all_tokens
from sessions.scope import in_projects

QUARTERS = 96  # of a day
ALL_TOKENS = "all_tokens"  # of the four classes, as a column to sum
USAGE_SUMS = (*SUMMED, *MONEY)
UNPRICED, COST, REPORTED = "unpriced_responses", *MONEY
# Of these a session has one: its returns as such serve for them.
OF_SESSION = {
    "project": "session__project_id",
    "session_type": "session__session_type",
    "agent": "session__agent_name",
    "branch": "session__branch",
}
# A response's own: a session can have several.
OF_RESPONSE = ("model", "model_family", "skill", *WORK_DIMENSIONS)
USAGE_DIMENSIONS = ("", *OF_SESSION, *OF_RESPONSE)
TOOL_DIMENSIONS = ("", *OF_SESSION, *WORK_DIMENSIONS, "tool", "tool_category", "mcp_server")
USAGE_DAY_COLUMNS = ("dimension", "day", "name", "sessions", *USAGE_SUMS)
TOOL_DAY_COLUMNS = ("dimension", "day", "name", *TOOL_SUMMED)
TIMES_COLUMNS = ("day", "name", "category", "mcp_server", "durations")
RETURN_COLUMNS = ("session_id", "dimension", "name", "day", "previous_day")
_COLUMNS = {
    "project": "project_id",
    "feature": "feature_id",
    "phase": "phase_id",
    "task": "task_id",
    "branch": "session__branch",
    **{name: column for name, column in OF_SESSION.items() if name != "project"},
    "tool": "name",
    "tool_category": "category",
}
DAY = F("quarter") / Value(QUARTERS)
Runs = Sequence[range]  # of days without a gap
Names = Sequence[Any] | None  # of projects, as days write them


class DaysQuerySet(models.QuerySet[Any]):
    def of_days(self, days: range) -> "DaysQuerySet":
        return self.filter(day__gte=days.start, day__lt=days.stop)

    def of(self, dimension: str, projects: Names) -> "DaysQuerySet":
        """What a question about projects is answered by, under `row`: for some of them, the rows of their names."""
        wanted = self.filter(dimension=dimension)
        if projects is not None:
            wanted = self.filter(dimension="project", name__in=projects)
        name = F("name") if dimension or projects is None else Value("", output_field=CharField())
        found: DaysQuerySet = wanted.annotate(row=name)
        return found


@prepared
def day_sums(
    days: Any, dimension: str, columns: Sequence[str], *, first: Any, after: Any, projects: Names
) -> Any:
    """(row, sums...) over the days from the first to before another."""
    rows = days.objects.of(dimension, projects).filter(day__gte=first, day__lt=after).order_by()
    return rows.values_list("row").annotate(**sums_of(columns))


@prepared
def day_values(
    days: Any, dimension: str, columns: Sequence[str], *, first: Any, after: Any, torn: Any, projects: Names
) -> Any:
    """(quarter, row, values...) of every single day but the torn ones."""
    rows = days.objects.of(dimension, projects).filter(day__gte=first, day__lt=after).exclude(day__in=torn)
    told = rows.order_by().annotate(**columns_of(columns))
    return told.values_list(F("day") * Value(QUARTERS), "row", *columns_of(columns))


@prepared
def day_places(
    days: Any,
    dimension: str,
    columns: Sequence[str],
    *,
    first: Any,
    after: Any,
    torn: Any,
    projects: Names,
    runs: Any,
) -> Any:
    """(place, row, sums...) of the days but the torn ones."""
    placed = days.objects.annotate(place=placed_by(runs, F("day") * Value(QUARTERS)))
    rows = placed.of(dimension, projects).filter(day__gte=first, day__lt=after).exclude(day__in=torn)
    return rows.order_by().values_list("place", "row").annotate(**sums_of(columns))


@prepared
def quarter_sums(
    quarters: Any, dimension: str, columns: Sequence[str], *, starts: Any, stops: Any, projects: Any
) -> Any:
    """(row, sums...) over stretches of quarters."""
    rows = _of_quarters(quarters.objects, dimension, starts, stops, projects)
    return rows.values_list("row").annotate(**sums_of(columns))


@prepared
def quarter_places(
    quarters: Any,
    dimension: str,
    columns: Sequence[str],
    *,
    starts: Any,
    stops: Any,
    projects: Any,
    runs: Any,
) -> Any:
    """(place, row, sums...) over stretches of quarters."""
    # Places before names: SQLite sorts rows for a group, and by place they are nearly in order.
    placed = quarters.objects.annotate(place=placed_by(runs, F("quarter")))
    rows = _of_quarters(placed, dimension, starts, stops, projects)
    return rows.values_list("place", "row").annotate(**sums_of(columns))


@prepared
def quarter_parts(
    quarters: Any,
    dimension: str,
    columns: Sequence[str],
    *,
    starts: Any,
    stops: Any,
    projects: Any,
    part: Any,
    runs: Any,
) -> Any:
    """(first quarter of the day, place, row, sums...) over a part of every day, its first quarter and its last."""
    quarter = F("quarter") % Value(QUARTERS)
    placed = quarters.objects.annotate(place=placed_by(runs, F("quarter")), first=DAY * Value(QUARTERS))
    of_day = GreaterThanOrEqual(quarter, part[0]), LessThanOrEqual(quarter, part[1])
    rows = _of_quarters(placed.filter(*of_day), dimension, starts, stops, projects)
    return rows.values_list("first", "place", "row").annotate(**sums_of(columns))


def _of_quarters(quarters: Any, dimension: str, starts: Any, stops: Any, projects: Any) -> Any:
    """The rows of stretches of quarters, with what they are counted under as `row`."""
    name = name_of("model" if dimension == "model_family" else dimension)
    rows = quarters.filter(_in_stretches(starts, stops)).filter(in_projects(projects))
    return rows.annotate(row=name).order_by()


def _in_stretches(starts: Iterable[Any], stops: Iterable[Any]) -> Q:
    condition = Q(pk__in=[])
    for start, stop in zip(starts, stops, strict=True):
        condition |= Q(quarter__gte=start, quarter__lt=stop)
    return condition


@prepared
def session_rows(
    quarters: Any, dimension: str, *, starts: Any, stops: Any, projects: Any, sessions: Any
) -> Any:
    """(session, row) of stretches of quarters, each once; of these sessions alone where some are given."""
    rows = _of_quarters(quarters.objects, dimension, starts, stops, projects)
    if sessions is not None:
        rows = rows.filter(In(F("session_id"), sessions))
    return rows.values_list("session_id", "row").distinct()


@prepared
def session_return_counts(
    returns: Any, dimension: str, field: str, *, first: Any, after: Any, projects: Any
) -> Any:
    """(value of the field, how often a session came back on one of these days after another of them)."""
    rows = returns.objects.filter(day__gte=first, day__lt=after, previous_day__gte=first)
    rows = rows.filter(in_projects(projects, "session__project"), dimension=dimension)
    return rows.values_list(field).annotate(n=Count("id")).order_by()


def columns_of(columns: Sequence[str]) -> dict[str, Any]:
    """Annotations that name columns, in their order; ALL_TOKENS may be one of them."""
    return {f"each_{name}": all_tokens() if name == ALL_TOKENS else F(name) for name in columns}


def sums_of(columns: Sequence[str]) -> dict[str, Any]:
    """The same, summed."""
    return {
        f"sum_{name}": Sum(column) for name, column in zip(columns, columns_of(columns).values(), strict=True)
    }


def known_sums(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows (name, sums...) without the row that the whole of no rows is."""
    return [row for row in rows if row[1] is not None]


def in_runs(runs: Runs, *, field: str = "day", width: int = 1) -> Q:
    """The condition that a field lies in one of the runs of days, or of units a day has `width` of."""
    condition = Q(pk__in=[])
    for run in runs:
        condition |= Q(**{f"{field}__gte": run.start * width, f"{field}__lt": run.stop * width})
    return condition


def usage_day_rows(usage: Any, runs: Runs) -> Iterator[tuple[Any, ...]]:
    """The DailyUsage rows these days should have, counted from SessionUsage. Columns: USAGE_DAY_COLUMNS."""
    quarters = _quarters_of(runs)
    for dimension in USAGE_DIMENSIONS:
        if dimension == "model_family":
            names = padded(sorted(name for (name,) in models_of_quarters(usage, **quarters)))
            named = family_day_sums(usage, **quarters, names=names, families=tuple(map(model_family, names)))
        else:
            named = usage_day_sums(usage, dimension, **quarters)
        yield from ((dimension, day, as_name(row), *found) for day, row, *found in named)


def tool_day_rows(tools: Any, runs: Runs) -> Iterator[tuple[Any, ...]]:
    """The DailyToolUsage rows these days should have, from SessionToolUsage. Columns: TOOL_DAY_COLUMNS."""
    quarters = _quarters_of(runs)
    for dimension in TOOL_DIMENSIONS:
        named = tool_day_sums(tools, dimension, **quarters)
        yield from ((dimension, day, as_name(row), *found) for day, row, *found in named)


def _quarters_of(runs: Runs) -> dict[str, tuple[int, ...]]:
    """Where the runs of days begin and end, in quarters."""
    return {
        "starts": padded(run.start * QUARTERS for run in runs),
        "stops": padded(run.stop * QUARTERS for run in runs),
    }


@prepared
def usage_day_sums(usage: Any, dimension: str, *, starts: Any, stops: Any) -> Any:
    """(day, row, sums...) of stretches of quarters."""
    return _usage_by_day(usage.objects.filter(_in_stretches(starts, stops)), name_of(dimension))


@prepared
def family_day_sums(usage: Any, *, starts: Any, stops: Any, names: Any, families: Any) -> Any:
    """(day, family, sums...) of stretches of quarters. Families are told in Python: of these models they are these."""
    cases = [When(model=name, then=family) for name, family in zip(names, families, strict=True)]
    family = Case(*cases, default=Value(""), output_field=CharField())
    return _usage_by_day(usage.objects.filter(_in_stretches(starts, stops)), family)


@prepared
def models_of_quarters(usage: Any, *, starts: Any, stops: Any) -> Any:
    """(model,) of stretches of quarters, each once."""
    return usage.objects.filter(_in_stretches(starts, stops)).order_by().values_list("model").distinct()


def _usage_by_day(rows: Any, name: Any) -> Any:
    sums = {"n_sessions": Count("session", distinct=True), **{f"n_{each}": Sum(each) for each in USAGE_SUMS}}
    return rows.order_by().annotate(day=DAY, row=name).values_list("day", "row").annotate(**sums)


@prepared
def tool_day_sums(tools: Any, dimension: str, *, starts: Any, stops: Any) -> Any:
    """(day, row, sums...) of stretches of quarters."""
    rows = tools.objects.filter(_in_stretches(starts, stops)).order_by()
    sums = {f"n_{name}": Sum(name) for name in TOOL_SUMMED}
    return rows.annotate(day=DAY, row=name_of(dimension)).values_list("day", "row").annotate(**sums)


def name_of(dimension: str) -> Any:
    """What a rollup row of quarters is counted under, as `as_name` takes it; families are told from models."""
    if not dimension:
        return Value("", output_field=CharField())
    return F(_COLUMNS.get(dimension, dimension))


def as_name(value: Any) -> str:
    """Ids as text, "" for none."""
    return "" if value is None else str(value)


def day_times(calls: Any, runs: Runs) -> Any:
    """(day, name, category, server, ms) of timed calls, in this order."""
    keys = ("day", "name", "category", "mcp_server", "ms")
    timed = _timed(calls.filter(in_runs(runs, field="quarter", width=QUARTERS)))
    return timed.annotate(day=DAY).order_by(*keys).values_list(*keys)


@prepared
def day_durations(times: Any, column: str | None, *, first: Any, after: Any, torn: Any) -> Any:
    """(quarter, value of the column or "", packed milliseconds of timed calls) of every day but the torn ones."""
    rows = times.objects.filter(day__gte=first, day__lt=after).exclude(day__in=torn).order_by()
    row = F(column) if column else Value("", output_field=CharField())
    return rows.annotate(row=row).values_list(F("day") * Value(QUARTERS), "row", "durations")


def call_times_of(calls: Any, column: str | None) -> Any:
    """(quarter, value of the column or "", ms) of timed calls."""
    row = F(column) if column else Value("", output_field=CharField())
    return _timed(calls).order_by().annotate(row=row).values_list("quarter", "row", "ms")


def _timed(calls: Any) -> Any:
    return calls.counted().annotate(ms=Coalesce("execution_ms", "elapsed_ms")).filter(ms__isnull=False)


def sessions_of_several_days(usage: Any, session_ids: Iterable[int]) -> list[int]:
    """Of these sessions, those with usage on more than one day."""
    days = usage.filter(session_id__in=session_ids, quarter__gte=0).order_by().values_list("session_id")
    spans = days.annotate(first=Min(DAY), last=Max(DAY)).filter(first__lt=F("last"))
    return [row[0] for row in spans]
