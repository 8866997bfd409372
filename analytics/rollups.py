"""Keeping the rollups equal to the facts: dirty quarters are counted anew, whole, and nothing else is touched."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from analytics import counters
from analytics.days.rollup import roll_up_days
from analytics.models import CountedTotal, SessionToolUsage, SessionUsage, ToolTiming
from analytics.querysets import (
    TIMING_COLUMNS,
    TOOL_COLUMNS,
    TOOL_KEYS,
    USAGE_COLUMNS,
    USAGE_KEYS,
    of_work,
    tool_timing_rows,
    tool_usage_rows,
    usage_rows,
)
from sessions.bulk import write_rows
from sessions.ingest import mark_dirty
from sessions.models import AgentSession, DirtyQuarter, ModelResponse, ToolCall
from sessions.portions import Portions
from sessions.prepared import padded

CHUNK = 2000
# Sums of days are made anew with each of their quarters: less than a day is hardly faster than one.
_PORTIONS = Portions(most=CHUNK, least=96)


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table that is a cache of facts, and the rows it should have for some quarters."""

    table: Any
    columns: tuple[str, ...]
    facts: Any
    rows: Callable[..., list[tuple[Any, ...]]]
    keys: int | None = None  # of what is counted for each piece of work as well

    def stored(self, quarters: Iterable[int]) -> Any:
        return self.table.objects.filter(quarter__in=quarters)

    def counted(self, quarters: Iterable[int]) -> list[tuple[Any, ...]]:
        rows = self.rows(self.facts, quarters=padded(quarters))
        return rows if self.keys is None else list(of_work(rows, self.keys))


ROLLUPS = (
    Rollup(SessionUsage, USAGE_COLUMNS, ModelResponse, usage_rows, len(USAGE_KEYS)),
    Rollup(SessionToolUsage, TOOL_COLUMNS, ToolCall, tool_usage_rows, len(TOOL_KEYS)),
    Rollup(ToolTiming, TIMING_COLUMNS, ToolCall, tool_timing_rows),
)


def roll_up(*, stop: Callable[[], bool] = lambda: False) -> int:
    """Rebuild the rollups of every dirty quarter; returns how many there were.

    A kill between two chunks leaves the rest dirty, so that the next run does them.
    """
    if is_uncounted():
        count_everything()
    done = 0
    while not stop():
        dirty = DirtyQuarter.objects.order_by("-quarter").values_list("quarter", flat=True)
        quarters = list(dirty[: _PORTIONS.size])
        if not quarters:
            break
        with _PORTIONS.transaction(len(quarters)):
            _rebuild(quarters)
            roll_up_days(quarters)
            DirtyQuarter.objects.filter(quarter__in=quarters).delete()
        done += len(quarters)
    return done


def _rebuild(quarters: list[int]) -> None:
    usage, tools, timings = (_replace(rollup, quarters) for rollup in ROLLUPS)
    counters.count_rollups(usage, tools, timings)


def _replace(rollup: Rollup, quarters: list[int]) -> counters.Replaced:
    """Make the rows of these quarters again; returns those before and after."""
    stored = rollup.stored(quarters)
    before = list(stored.values_list(*rollup.columns))
    if before:
        stored.delete()
    after = rollup.counted(quarters)
    write_rows(rollup.table, rollup.columns, after)
    return before, after


def is_uncounted() -> bool:
    """Whether there are rollups of a time before there were counters."""
    return not CountedTotal.objects.exists() and SessionUsage.objects.exists()


def count_everything() -> None:
    """Begin the counters of a database that was read before there were any: with all that it holds."""
    with transaction.atomic():
        usage, tools = (rollup.table.objects.values_list(*rollup.columns) for rollup in ROLLUPS[:2])
        counters.count_rollups(([], usage.iterator()), ([], tools.iterator()), ([], []))
        counters.count_sessions(AgentSession.objects.values_list("id", flat=True))
        # Their rows do not exist yet: rolling up makes and counts them.
        mark_dirty(
            ToolCall.objects.filter(quarter__isnull=False).values_list("quarter", flat=True).distinct()
        )


def differing_quarters() -> list[int]:
    """Quarters whose rollups are not what their facts come to; [] when all is well."""
    stored = [set(rollup.table.objects.values_list(*rollup.columns)) for rollup in ROLLUPS]
    everything = list(
        {*ModelResponse.objects.values_list("quarter", flat=True)}
        | {*ToolCall.objects.exclude(quarter=None).values_list("quarter", flat=True)}
        | {row[0] for rows in stored for row in rows}
    )
    wrong: set[int] = set()
    for at in range(0, len(everything), CHUNK):
        quarters = everything[at : at + CHUNK]
        chosen = set(quarters)
        for rollup, rows in zip(ROLLUPS, stored, strict=True):
            wrong |= _difference(rows, set(rollup.counted(quarters)), chosen)
    return sorted(wrong)


def _difference(stored: set[tuple[Any, ...]], counted: set[tuple[Any, ...]], quarters: set[int]) -> set[int]:
    mine = {row for row in stored if row[0] in quarters}
    return {row[0] for row in mine ^ counted}
