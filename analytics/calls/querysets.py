"""Questions about tool calls over time that are asked of the calls, not of their rollups."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db.models import Case, CharField, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat

from analytics.periods import Period
from analytics.places import placed
from analytics.querysets import (
    UNATTRIBUTED,
    UNGROUPED,
    WORK_DIMENSIONS,
    call_sums,
    duration,
    named,
    row_name,
    work_at,
)
from sessions.models import ModelResponse, ToolCall
from sessions.scope import Projects, in_projects


def _of_response(field: str) -> Any:
    """What the response that asked for a call says; for `row_name` to build."""
    asked = ModelResponse.objects.filter(pk=OuterRef("response_id"))
    shown = Case(When(fast=True, then=Concat("model", Value("-fast"))), default=F("model"))
    told = asked.annotate(shown=shown).exclude(**{field: ""}).values(field)
    return Coalesce(Subquery(told[:1]), Value(UNATTRIBUTED), output_field=CharField())


def _of_span(field: str) -> Any:
    """What the owner's work was for at the moment of a call; for `row_name` to build."""
    return Coalesce(Cast(work_at("use_at_ms")[f"of_{field}"], CharField()), Value(UNATTRIBUTED))


CALL_NAMES = {
    "project": Coalesce(F("owner__project__name"), Value(UNATTRIBUTED)),
    "model": partial(_of_response, "shown"),
    "session_type": F("owner__session_type"),
    "agent": named("owner__agent_name"),
    "branch": named("owner__branch"),
    "skill": partial(_of_response, "skill"),
    **{name: partial(_of_span, name) for name in WORK_DIMENSIONS},
    "tool": named("name"),
    "tool_category": named("category"),
    "mcp_server": named("mcp_server"),
}


def calls_by_place(
    period: Period, edges: Sequence[int], projects: Projects, dimension: str
) -> tuple[Any, Callable[[int], int]]:
    """(place, row, sums...) rows with the sums of TOOL_SUMMED, and the bucket between two edges a place is in."""
    named = _counted(period, projects).annotate(row=row_name(CALL_NAMES, dimension))
    rows, index = placed(named, edges)
    return rows.order_by().values("place", "row").annotate(**call_sums()), index


def timed_calls(period: Period, projects: Projects, dimension: str | None = None) -> Any:
    """(quarter, name, ms) of calls with a duration, in order of time; the name is "" without a dimension."""
    name = row_name(CALL_NAMES, dimension) if dimension else UNGROUPED
    timed = _counted(period, projects).annotate(ms=duration(), row=name).filter(ms__isnull=False)
    return timed.order_by("quarter", "ms").values_list("quarter", "row", "ms")


def _counted(period: Period, projects: Projects) -> Any:
    quarters = period.quarters
    counted = ToolCall.objects.counted().filter(in_projects(projects, "owner__project"))
    return counted.filter(quarter__gte=quarters.start, quarter__lt=quarters.stop)
