"""The aggregates that only questions about planned work need."""

from typing import Any

from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.functions import Coalesce

from analytics.querysets import MONEY, SUMMED


def with_ends(rows: Any) -> Any:
    """Grouped rollup rows with their first and last quarter; None where no response has a time."""
    timed = Q(quarter__gt=0)
    return rows.annotate(
        first_quarter=Min("quarter", filter=timed), last_quarter=Max("quarter", filter=timed)
    )


def work_ends(usage: Any, field: str) -> dict[Any, tuple[int | None, int | None]]:
    """{value of a field: first and last quarter of usage rows}."""
    rows = with_ends(usage.order_by().values(field))
    return {row[field]: (row["first_quarter"], row["last_quarter"]) for row in rows}


def words_with_counts(unknown: Any) -> Any:
    """Rows (word, where, times, documents) of status words that nobody knows, most frequent first."""
    rows = unknown.order_by().values("word", "where")
    counted = rows.annotate(times=Sum("count"), documents=Count("document", distinct=True))
    return counted.order_by("-times", "word", "where")


def by_target(usage: Any) -> Any:
    """Rows (feature_id, phase_id, task_id, sums, first and last quarter) of usage rows."""
    sums: dict[str, Any] = {f"sum_{name}": Coalesce(Sum(name), 0) for name in SUMMED}
    sums |= {f"sum_{name}": Sum(name) for name in MONEY}
    rows = usage.values("feature_id", "phase_id", "task_id").annotate(**sums)
    return with_ends(rows).order_by("feature_id", "phase_id", "task_id")
