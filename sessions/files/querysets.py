"""The vocabulary of questions about files: which sessions touched one, and how."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Max, Min, Q, Sum, Window
from django.db.models.functions import RowNumber, Substr

from sessions.bulk import in_chunks
from sessions.models import ToolCall
from sessions.models.tool_call import PATH_START_CHARS, path_start
from sessions.querysets import FILE_CHANGES, ToolCallQuerySet
from sessions.scope import Projects, in_projects

_DONE = Q(outcome="ok")
_CHANGED = _DONE & Q(file_action__in=FILE_CHANGES)


def calls_on(path: str, projects: Projects = None) -> ToolCallQuerySet:
    """The calls on the file of exactly this path, by sessions of these projects; each is its owner's."""
    start, rest = path[:PATH_START_CHARS], path[PATH_START_CHARS:]
    # Asked for the path in one piece, SQLite would put it into the expression that the index is of, and not use that.
    told = _named().alias(rest=Substr("path", PATH_START_CHARS + 1)).filter(start=start, rest=rest)
    found: ToolCallQuerySet = told.filter(in_projects(projects, "owner__project"))
    return found


def _named() -> Any:
    """Calls that name a file, with what the index holds of its path; calls without one are not in the index."""
    return ToolCall.objects.counted().alias(start=path_start()).exclude(path="")


def touch_sums() -> dict[str, Any]:
    """Annotations that count what calls did to files; lines are None where no change tells them."""
    return {
        "calls": Count("id"),
        "failures": Count("id", filter=~_DONE),
        "reads": Count("id", filter=_DONE & Q(file_action="read")),
        "changes": Count("id", filter=_CHANGED),
        "created": Count("id", filter=_DONE & Q(file_action="create")),
        "deleted": Count("id", filter=_DONE & Q(file_action="delete")),
        "added": Sum("lines_added", filter=_CHANGED),
        "removed": Sum("lines_removed", filter=_CHANGED),
        "untold": Count("id", filter=_CHANGED & Q(lines_added=None)),
        "first_ms": Min("use_at_ms"),
        "last_ms": Max("use_at_ms"),
    }


def touch_totals(calls: ToolCallQuerySet) -> dict[str, Any]:
    """`touch_sums` over all of these calls, and how many sessions made them."""
    return calls.aggregate(sessions=Count("owner_id", distinct=True), **touch_sums())


def touches_by_session(calls: ToolCallQuerySet) -> Any:
    """Rows (owner_id, `touch_sums`), the session with the latest call first."""
    rows = calls.order_by().values("owner_id").annotate(**touch_sums())
    return rows.order_by(F("last_ms").desc(nulls_last=True), "owner_id")


def ends_by_session(calls: ToolCallQuerySet) -> Any:
    """Rows (owner_id, call, place from the first, place from the last) of each session's first and last call."""
    within: dict[str, Any] = {"partition_by": [F("owner_id")]}
    first = Window(RowNumber(), order_by=[F("use_at_ms").asc(nulls_last=True), F("id").asc()], **within)
    last = Window(RowNumber(), order_by=[F("use_at_ms").desc(nulls_last=True), F("id").desc()], **within)
    ends = calls.annotate(from_first=first, from_last=last).filter(Q(from_first=1) | Q(from_last=1))
    return ends.order_by().values_list("owner_id", "id", "from_first", "from_last")


def session_counts(paths: Iterable[str], project_id: int) -> dict[str, int]:
    """{path: how many sessions of the project touched it}."""
    found: dict[str, int] = {}
    wanted = set(paths)
    # As a sum the key is in no index: SQLite would begin with the project and look at each of its calls.
    within = _named().alias(project=F("owner__project_id") + 0).filter(project=project_id)
    for chunk in in_chunks({path[:PATH_START_CHARS] for path in wanted}):
        rows = within.filter(start__in=chunk).order_by().values_list("path")
        counts = rows.annotate(n=Count("owner_id", distinct=True))
        found |= {path: n for path, n in counts if path in wanted}
    return found
