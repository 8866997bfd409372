"""Keeping the rollups of days equal to those of quarters: days with a changed quarter are counted anew, whole."""

import sys
from array import array
from collections.abc import Iterable, Iterator
from itertools import batched, groupby, pairwise
from typing import Any

from analytics.days.querysets import (
    DAY,
    QUARTERS,
    RETURN_COLUMNS,
    TIMES_COLUMNS,
    TOOL_DAY_COLUMNS,
    USAGE_DAY_COLUMNS,
    Runs,
    as_name,
    day_times,
    in_runs,
    sessions_of_several_days,
    tool_day_rows,
    usage_day_rows,
)
from analytics.models import (
    DailyToolTimes,
    DailyToolUsage,
    DailyUsage,
    SessionReturn,
    SessionToolUsage,
    SessionUsage,
)
from analytics.querysets import WORK_COLUMNS, WORK_DIMENSIONS
from sessions.bulk import in_chunks, write_rows
from sessions.models import ToolCall
from sessions.parsers.pricing import model_family

RUNS_AT_ONCE = 50  # conditions in one query
BYTES = 8  # of a packed duration
Row = tuple[Any, ...]


def roll_up_days(quarters: Iterable[int]) -> None:
    """Rebuild the rollups of the days these quarters lie in; callers hold the transaction.

    Quarters before 1970 are of clocks that lie: no period reaches them, so no day has them.
    """
    runs = runs_of({quarter // QUARTERS for quarter in quarters if quarter >= 0})
    for some in batched(runs, RUNS_AT_ONCE):
        _rebuild(some)


def runs_of(days: Iterable[int]) -> list[range]:
    """Days as stretches without a gap, ascending."""
    found: list[range] = []
    for day in sorted(days):
        if found and found[-1].stop == day:
            found[-1] = range(found[-1].start, day + 1)
        else:
            found.append(range(day, day + 1))
    return found


def _rebuild(runs: Runs) -> None:
    for model in (DailyUsage, DailyToolUsage, DailyToolTimes):
        model.objects.filter(in_runs(runs)).delete()
    write_rows(DailyUsage, USAGE_DAY_COLUMNS, list(usage_day_rows(SessionUsage, runs)))
    write_rows(DailyToolUsage, TOOL_DAY_COLUMNS, list(tool_day_rows(SessionToolUsage, runs)))
    write_rows(DailyToolTimes, TIMES_COLUMNS, list(_times(runs)))
    _rebuild_returns(runs)


def _times(runs: Runs) -> Iterator[Row]:
    rows = day_times(ToolCall.objects, runs).iterator(chunk_size=10_000)
    for key, calls in groupby(rows, key=lambda row: row[:4]):
        yield *key, packed(row[4] for row in calls)


def packed(durations: Iterable[int]) -> bytes:
    """Ascending milliseconds as DailyToolTimes keeps them."""
    held = array("q", durations)
    if sys.byteorder == "big":
        held.byteswap()
    return held.tobytes()


def unpacked(durations: bytes) -> "array[int]":
    held = array("q")
    held.frombytes(durations)
    if sys.byteorder == "big":
        held.byteswap()
    return held


def _rebuild_returns(runs: Runs) -> None:
    """Those of every session that has or had something on these days, on whatever day they are."""
    in_quarters = in_runs(runs, field="quarter", width=QUARTERS)
    now = SessionUsage.objects.filter(in_quarters).order_by().values_list("session_id", flat=True).distinct()
    before = SessionReturn.objects.filter(in_runs(runs) | in_runs(runs, field="previous_day"))
    sessions = {*now, *before.order_by().values_list("session_id", flat=True).distinct()}
    for chunk in in_chunks(sorted(sessions)):
        SessionReturn.objects.filter(session_id__in=chunk).delete()
        write_rows(SessionReturn, RETURN_COLUMNS, list(returns_of(chunk)))


def returns_of(session_ids: list[int]) -> Iterator[Row]:
    """The SessionReturn rows of these sessions. Columns: RETURN_COLUMNS."""
    several = sessions_of_several_days(SessionUsage.objects, session_ids)
    usage: Any = SessionUsage.objects.filter(session_id__in=several, quarter__gte=0)
    columns = ("session_id", "day", "model", "skill", *WORK_COLUMNS)
    rows = usage.annotate(day=DAY).order_by("session_id", "day").values_list(*columns).distinct()
    for session_id, of_session in groupby(rows, key=lambda row: row[0]):
        days: dict[tuple[str, str], set[int]] = {}
        for _, day, model, skill, *work in of_session:
            for key in _names(model, skill, work):
                days.setdefault(key, set()).add(day)
        for (dimension, name), held in sorted(days.items()):
            for previous, day in pairwise(sorted(held)):
                yield session_id, dimension, name, day, previous


def _names(model: str, skill: str, work: Iterable[int | None]) -> Iterator[tuple[str, str]]:
    """(dimension, name) of all that is counted by sessions, as `as_name` writes it."""
    yield "", ""
    yield "model", model
    yield "model_family", model_family(model)
    yield "skill", skill
    yield from zip(WORK_DIMENSIONS, map(as_name, work), strict=True)


def differing_days() -> list[int]:
    """Days whose rollups are not what their quarters and calls come to; [] when all is well."""
    everything = {quarter // QUARTERS for quarter in _quarters() if quarter >= 0}
    stored = (DailyUsage, DailyToolUsage, DailyToolTimes)
    for model in stored:
        everything |= set(model.objects.order_by().values_list("day", flat=True).distinct())
    wrong: set[int] = set()
    for runs in batched(runs_of(everything), RUNS_AT_ONCE):
        wrong |= _difference(DailyUsage, USAGE_DAY_COLUMNS, usage_day_rows(SessionUsage, runs), runs)
        wrong |= _difference(DailyToolUsage, TOOL_DAY_COLUMNS, tool_day_rows(SessionToolUsage, runs), runs)
        wrong |= _difference(DailyToolTimes, TIMES_COLUMNS, _times(runs), runs)
    return sorted(wrong | _differing_returns())


def _quarters() -> Iterator[int]:
    for rows in (SessionUsage.objects, SessionToolUsage.objects):
        yield from rows.order_by().values_list("quarter", flat=True).distinct()


def _difference(model: Any, columns: tuple[str, ...], counted: Iterable[Row], runs: Runs) -> set[int]:
    at = columns.index("day")
    stored = map(_plain, model.objects.filter(in_runs(runs)).values_list(*columns))
    return {row[at] for row in set(stored) ^ set(map(_plain, counted))}


def _plain(row: Row) -> Row:
    """PostgreSQL gives bytes as a memoryview, which differs from equal bytes."""
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def _differing_returns() -> set[int]:
    stored = set(SessionReturn.objects.values_list(*RETURN_COLUMNS))
    sessions = list(SessionUsage.objects.order_by().values_list("session_id", flat=True).distinct())
    counted = {row for chunk in in_chunks(sessions) for row in returns_of(chunk)}
    return {row[3] for row in stored ^ counted}
