"""Series and breakdowns as they are asked for in a query string, for lists and for files."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from rest_framework.exceptions import ValidationError

from analytics.metrics import UnknownDimension
from analytics.periods import BucketKind, Period, PeriodError
from analytics.selectors import breakdown
from analytics.serializers import BreakdownRowSerializer, breakdown_rows, exact_cost, exact_point, token_point
from analytics.series import SeriesPoint, series
from sessions.api_parameters import named_session
from sessions.exporting.definition import Export, Item, columns_of
from sessions.exporting.snapshot import snapshot
from sessions.scope import Projects
from sessions.selectors import TokenPoint, token_timeline

POINT = "point"
_STEP = (
    "stepTokens",
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheCreationTokens",
    "agent",
    "model",
)
_INSTANT = timedelta(microseconds=1)


def series_buckets(asked: dict[str, Any], projects: Projects) -> Sequence[SeriesPoint]:
    """The points of `SeriesParameters`. Raises ValidationError for what the metric or the period does not allow."""
    kind, group_by, within = BucketKind(asked["period"]), asked.get("group_by"), asked["within"]
    try:
        return series(asked["metric"], within, kind, projects=projects, group_by=group_by)
    except UnknownDimension as error:
        raise ValidationError({"group_by": [str(error)]}) from None
    except PeriodError as error:
        raise ValidationError({name: [text] for name, text in error.errors.items()}) from None


def session_timeline(asked: dict[str, Any], projects: Projects) -> list[TokenPoint]:
    """The timeline of the session that `SeriesParameters` name. Raises NotFound."""
    found = named_session(asked["session_id"], projects)
    return [step for step in token_timeline(found) if step.at in asked["within"]]


def series_export(asked: dict[str, Any]) -> Export:
    """Every point of a series; money to the nano-dollar. Raises as `series_buckets` and `session_timeline` do."""
    projects, group_by = asked["projects"], asked.get("group_by")
    with snapshot():
        if asked["period"] == POINT:
            items = [token_point(step) for step in session_timeline(asked, projects)]
            metadata: tuple[str, ...] = _STEP
        else:
            items = [exact_point(at, group_by) for at in series_buckets(asked, projects)]
            metadata = (group_by,) if group_by else ()
    columns = ("captured_at", "value", *(f"metadata.{name}" for name in metadata))
    about = (asked["metric"], str(asked["period"]), asked.get("session_id", ""), *_about(asked))
    return Export("series", columns, *_held(items), about)


def breakdown_export(asked: dict[str, Any]) -> Export:
    """Every part of a breakdown; money to the nano-dollar."""
    projects = asked["projects"]
    with snapshot():
        rows = breakdown(asked["dimension"], asked["within"], projects=projects, sort=asked["sort"]).rows
    exact = [exact_cost(row.usage) if row.usage else None for row in rows]
    items = [
        item | {"cost": cost} for item, cost in zip(breakdown_rows(rows, 0, len(rows)), exact, strict=True)
    ]
    about = (asked["dimension"], *_about(asked))
    return Export("breakdown", columns_of(BreakdownRowSerializer()), *_held(items), about)


def _held(items: list[Item]) -> tuple[Callable[[], Any], Callable[[], int]]:
    """Rows that are few enough to be in memory."""
    return lambda: iter(items), lambda: len(items)


def _about(asked: dict[str, Any]) -> tuple[str, ...]:
    return (*days_told(asked["within"]), asked.get("project") or "")


def days_told(within: Period) -> tuple[str, ...]:
    """A period's first and last day in its zone, for the name of a file; an open end is left out."""
    first = "" if within.starts_open else f"from-{within.start_at.astimezone(within.zone):%Y-%m-%d}"
    last = "" if within.ends_open else f"to-{(within.end_at - _INSTANT).astimezone(within.zone):%Y-%m-%d}"
    return first, last
