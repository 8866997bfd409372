"""How long tool calls took, every one of them: percentiles that are values of real calls, never estimates.

A call's duration is the tool's own figure where it gives one, else the time from call to answer.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

from analytics.days.answers import MOST_EDGES, Cut, days_are_whole
from analytics.days.querysets import QUARTERS, call_times_of, in_runs
from analytics.days.rollup import unpacked
from analytics.models import DailyToolTimes
from analytics.periods import Bucket, Period, quarter_edges
from sessions.models import ToolCall
from sessions.scope import Projects, in_projects

COLUMNS = {"tool": "name", "tool_category": "category", "mcp_server": "mcp_server"}
Times = dict[str, Sequence[int]]


def nearest_rank(ascending: Sequence[int], share: float) -> int | None:
    """The least of the values that this share of all does not exceed; None of nothing."""
    return ascending[ceil(len(ascending) * share) - 1] if ascending else None


def call_times(dimension: str, period: Period, projects: Projects = None) -> Times:
    """{name: milliseconds of its timed calls in a period, ascending}; the dimension "" is of all tools, named ""."""
    quarters = period.quarters
    return {
        name: held[0] for name, held in _times(dimension, [quarters.start, quarters.stop], projects).items()
    }


def call_times_by_bucket(
    dimension: str, cut: Sequence[Bucket], projects: Projects = None
) -> dict[str, dict[int, Sequence[int]]]:
    """{name: {index of the bucket: milliseconds, ascending}}; only buckets with a timed call."""
    return _times(dimension, quarter_edges(cut), projects)


def _times(dimension: str, edges: Sequence[int], projects: Projects) -> dict[str, dict[int, Sequence[int]]]:
    held: dict[str, dict[int, array[int]]] = {}
    for quarter, name, durations in _pieces(dimension, edges, projects):
        of_name = held.setdefault(name, {})
        at = bisect_right(edges, quarter) - 1
        if at in of_name:
            of_name[at].extend(durations)
        else:
            of_name[at] = durations
    # Sorting pieces that are in order already is merging them.
    return {name: {at: sorted(found) for at, found in of_name.items()} for name, of_name in held.items()}


def _pieces(
    dimension: str, edges: Sequence[int], projects: Projects
) -> Iterator[tuple[int, str, "array[int]"]]:
    """(a quarter of the bucket, name, milliseconds)."""
    whole = range(edges[0], edges[-1])
    torn = sorted({edge // QUARTERS for edge in edges if edge % QUARTERS})
    days = Cut.of(whole).days
    if not days or len(torn) > MOST_EDGES or projects is not None or not days_are_whole():
        yield from _of_calls(dimension, [whole], projects)
        return
    rows = DailyToolTimes.objects.of_days(days).exclude(day__in=torn).order_by("day")
    named = rows.values_list("day", COLUMNS[dimension], "durations") if dimension else _unnamed(rows)
    for day, name, durations in named:
        yield day * QUARTERS, name, unpacked(durations)
    if torn:
        runs = [
            range(max(day * QUARTERS, whole.start), min((day + 1) * QUARTERS, whole.stop)) for day in torn
        ]
        yield from _of_calls(dimension, runs, projects)


def _unnamed(rows: Any) -> Iterable[tuple[int, str, bytes]]:
    return ((day, "", durations) for day, durations in rows.values_list("day", "durations"))


def _of_calls(
    dimension: str, runs: Sequence[range], projects: Projects
) -> Iterator[tuple[int, str, "array[int]"]]:
    calls = ToolCall.objects.filter(in_runs(runs, field="quarter")).filter(
        in_projects(projects, "owner__project")
    )
    column = COLUMNS.get(dimension)
    for quarter, name, ms in call_times_of(calls, column):
        yield quarter, name, array("q", (ms,))
