"""How far behind reading is: looked at once in a quarter of an hour, written down, and told over time."""

from datetime import datetime

from analytics.models import ReadingLevel
from analytics.periods import Bucket, quarter_edges, quarter_of, quarter_start
from sessions.parsers.discovery import Root
from sessions.waiting import waiting

READING_METRICS = {"reading_lag": "lag_seconds", "transcripts_at_risk": "at_risk"}


def observe_reading(roots: list[Root], now: datetime) -> bool:
    """Write down how far behind reading is at the end of the quarter before this one; returns whether that was new.

    Where there is no folder to look into nothing is known, and nothing is written.
    """
    quarter = quarter_of(now) - 1
    if ReadingLevel.objects.filter(quarter=quarter).exists():
        return False
    clear = ReadingLevel.objects.filter(lag_seconds=0).order_by("-quarter")
    found = waiting(roots, now, clear.values_list("observed_at", flat=True).first())
    if found is None:
        return False
    lag = int(found.longest.total_seconds())
    row = ReadingLevel(quarter=quarter, observed_at=now, lag_seconds=lag, at_risk=found.at_risk)
    ReadingLevel.objects.bulk_create([row], ignore_conflicts=True)
    return True


def last_looked_at() -> datetime | None:
    """The end of the last quarter of which the level is known."""
    latest = ReadingLevel.objects.order_by("-quarter").values_list("quarter", flat=True).first()
    return None if latest is None else quarter_start(latest + 1)


def levels_within(metric_id: str, first: int, stop: int) -> dict[int, int]:
    """{quarter: its level at its end}, of those at which somebody looked."""
    rows = ReadingLevel.objects.filter(quarter__gte=first, quarter__lt=stop)
    return dict(rows.values_list("quarter", READING_METRICS[metric_id]))


def reading_levels(metric_id: str, cut: list[Bucket]) -> dict[int, int]:
    """{bucket index: the last level that was seen in it}."""
    edges = quarter_edges(cut)
    levels = levels_within(metric_id, edges[0], edges[-1])
    found: dict[int, int] = {}
    index = 0
    for quarter in sorted(levels):
        while quarter >= edges[index + 1]:
            index += 1
        found[index] = levels[quarter]
    return found
