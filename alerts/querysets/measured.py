"""What rules are measured by: sums of rollups and small tables per quarter, group and session."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce

from analytics.models import SessionToolUsage, SessionUsage
from analytics.querysets import EVENT_NAMES, SESSION_NAMES, TOOL_NAMES, USAGE_NAMES, row_name
from sessions.bulk import in_chunks
from sessions.models import AgentSession, SessionEvent, ToolCall

Filters = Mapping[str, Iterable[str]]


def parts_by_quarter(
    columns: Sequence[str],
    first: int,
    stop: int,
    *,
    of_tools: bool,
    project_id: int | None,
    dimensions: Iterable[str],
    filters: Filters,
    by_session: bool,
) -> list[tuple[Any, ...]]:
    """(quarter, session if asked, each dimension's value, each column's sum) of a rollup, by quarter."""
    manager, names = _rollup(of_tools=of_tools)
    rows = manager.objects.filter(quarter__gte=first, quarter__lt=stop)
    rows, keys = _named(rows, names, project_id, dimensions, filters)
    keys = ["quarter", *(["session_id"] if by_session else []), *keys]
    sums = {f"sum_{name}": Sum(name) for name in columns}
    return list(rows.order_by("quarter").values_list(*keys).annotate(**sums))


def _rollup(*, of_tools: bool) -> tuple[Any, Mapping[str, Any]]:
    """The rollup of tool calls or of responses, and what its dimensions are called."""
    return (SessionToolUsage, TOOL_NAMES) if of_tools else (SessionUsage, USAGE_NAMES)


def _named(
    rows: Any,
    names: Mapping[str, Any],
    project_id: int | None,
    dimensions: Iterable[str],
    filters: Filters,
    project_field: str = "project_id",
) -> tuple[Any, list[str]]:
    """Rows of a project that the filters let through, with `of_<dimension>` for each dimension."""
    if project_id is not None:
        rows = rows.filter(**{project_field: project_id})
    for name, values in filters.items():
        if name == "feature":
            rows = rows.filter(feature__slug__in=list(values))
        else:
            rows = rows.alias(**{f"in_{name}": row_name(dict(names), name)}).filter(
                **{f"in_{name}__in": list(values)}
            )
    keys = [f"of_{name}" for name in dimensions]
    expressions = {f"of_{name}": row_name(dict(names), name) for name in dimensions}
    return rows.annotate(**expressions), keys


def session_begins(
    first: int,
    stop: int,
    *,
    project_id: int | None,
    dimensions: Iterable[str],
    filters: Filters,
    roots: bool,
) -> list[dict[str, Any]]:
    """Sessions by the quarter they began in, with how long they took."""
    rows = AgentSession.objects.filter(start_quarter__gte=first, start_quarter__lt=stop)
    rows, keys = _named(rows.roots() if roots else rows, SESSION_NAMES, project_id, dimensions, filters)
    return list(
        rows.order_by("start_quarter", "id").values("start_quarter", "wall_seconds", "active_seconds", *keys)
    )


def event_counts(
    kind: str, first: int, stop: int, *, project_id: int | None, dimensions: Iterable[str], filters: Filters
) -> list[dict[str, Any]]:
    """How often (`n`) something of a kind happened per quarter and group."""
    rows = SessionEvent.objects.filter(kind=kind, inherited=False, quarter__gte=first, quarter__lt=stop)
    field = "session__project_id"
    rows, keys = _named(rows, EVENT_NAMES, project_id, dimensions, filters, field)
    return list(rows.order_by().values("quarter", *keys).annotate(n=Count("id")))


def call_times(
    first: int, stop: int, *, project_id: int | None, tools: Iterable[str] | None
) -> Iterator[tuple[int, str, int]]:
    """(quarter, tool, milliseconds) of timed calls."""
    calls = ToolCall.objects.counted().filter(quarter__gte=first, quarter__lt=stop)
    if project_id is not None:
        calls = calls.filter(owner__project_id=project_id)
    if tools is not None:
        calls = calls.filter(name__in=list(tools))
    timed = calls.annotate(ms=Coalesce("execution_ms", "elapsed_ms")).filter(ms__isnull=False)
    yield from timed.values_list("quarter", "name", "ms").iterator()


def session_sums(
    columns: Iterable[str],
    *,
    of_tools: bool,
    project_id: int | None,
    filters: Filters,
    session_ids: Collection[int] | None,
) -> dict[int, dict[str, Any]]:
    """{session: sums over all its rollup rows that the filters let through}; None: of every session."""
    manager, names = _rollup(of_tools=of_tools)
    chunks: Iterable[Any] = [None] if session_ids is None else in_chunks(session_ids)
    sums = {f"sum_{name}": Sum(name) for name in columns}
    found: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        rows = manager.objects.all() if chunk is None else manager.objects.filter(session_id__in=chunk)
        rows, _ = _named(rows, names, project_id, (), filters)
        found |= {row["session_id"]: row for row in rows.order_by().values("session_id").annotate(**sums)}
    return found


def filtered_sessions(project_id: int | None, filters: Filters) -> Any:
    """The sessions of a project that the filters let through."""
    rows, _ = _named(AgentSession.objects.all(), SESSION_NAMES, project_id, (), filters)
    return rows


def top_sessions(
    columns: Iterable[str],
    first: int,
    stop: int,
    *,
    of_tools: bool,
    project_id: int | None,
    filters: Filters,
    count: int,
) -> list[tuple[int, int]]:
    """(session, sum of the columns) of those that contributed most to a window."""
    manager, names = _rollup(of_tools=of_tools)
    rows = manager.objects.filter(quarter__gte=first, quarter__lt=stop)
    rows, _ = _named(rows, names, project_id, (), filters)
    first_column, *others = (Coalesce(F(name), 0) for name in columns)
    total: Any = first_column
    for column in others:
        total = total + column
    summed = rows.order_by().values_list("session_id").annotate(part=Sum(total))
    return list(summed.order_by("-part", "session_id")[:count])
