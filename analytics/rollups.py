"""Keeping the rollups equal to the facts: dirty quarters are counted anew, whole, and nothing else is touched."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from analytics.models import SessionToolUsage, SessionUsage
from analytics.querysets import TOOL_COLUMNS, USAGE_COLUMNS, tool_usage_rows, usage_rows
from sessions.bulk import write_rows
from sessions.models import DirtyQuarter, ModelResponse, ToolCall

CHUNK = 2000


def roll_up(*, stop: Callable[[], bool] = lambda: False) -> int:
    """Rebuild the rollups of every dirty quarter; returns how many there were.

    A kill between two chunks leaves the rest dirty, so that the next run does them.
    """
    done = 0
    while not stop():
        quarters = list(DirtyQuarter.objects.order_by("-quarter").values_list("quarter", flat=True)[:CHUNK])
        if not quarters:
            break
        with transaction.atomic():
            _rebuild(quarters)
            DirtyQuarter.objects.filter(quarter__in=quarters).delete()
        done += len(quarters)
    return done


def _rebuild(quarters: list[int]) -> None:
    SessionUsage.objects.filter(quarter__in=quarters).delete()
    SessionToolUsage.objects.filter(quarter__in=quarters).delete()
    write_rows(SessionUsage, USAGE_COLUMNS, list(usage_rows(ModelResponse.objects, quarters)))
    write_rows(SessionToolUsage, TOOL_COLUMNS, list(tool_usage_rows(ToolCall.objects, quarters)))


def differing_quarters() -> list[int]:
    """Quarters whose rollups are not what their facts come to; [] when all is well."""
    usage: set[tuple[Any, ...]] = set(SessionUsage.objects.values_list(*USAGE_COLUMNS))
    tools: set[tuple[Any, ...]] = set(SessionToolUsage.objects.values_list(*TOOL_COLUMNS))
    everything = list(
        {*ModelResponse.objects.values_list("quarter", flat=True)}
        | {*ToolCall.objects.exclude(quarter=None).values_list("quarter", flat=True)}
        | {row[0] for row in usage | tools}
    )
    wrong: set[int] = set()
    for at in range(0, len(everything), CHUNK):
        quarters = everything[at : at + CHUNK]
        chosen = set(quarters)
        wrong |= _difference(usage, set(usage_rows(ModelResponse.objects, quarters)), chosen)
        wrong |= _difference(tools, set(tool_usage_rows(ToolCall.objects, quarters)), chosen)
    return sorted(wrong)


def _difference(stored: set[tuple[Any, ...]], counted: set[tuple[Any, ...]], quarters: set[int]) -> set[int]:
    mine = {row for row in stored if row[0] in quarters}
    return {row[0] for row in mine ^ counted}
