"""Charts of one session, as `static/js/charts.js` draws them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sessions.selectors import Impact, TokenPoint

MAX_POINTS = 600


def token_chart(
    points: Sequence[TokenPoint], compactions: Sequence[datetime], zone: ZoneInfo
) -> dict[str, Any]:
    """Tokens so far, and what the model was given to read at each step; the last point is always there."""
    drawn = thinned(points)
    lines = [
        _line("Context of the response", [point.context_tokens for point in drawn], "left", "--chart-1"),
        _line("Input + output so far", [point.running_tokens for point in drawn], "right", "--chart-2"),
    ]
    if compactions:
        after = _first_after(drawn, compactions)
        data = [point.context_tokens if at in after else None for at, point in enumerate(drawn)]
        lines.append(_line("First response after a compaction", data, "left", "--chart-5") | {"marks": True})
    return {
        "type": "line",
        "labels": [_label(point.at, zone) for point in drawn],
        "datasets": lines,
        "axes": {
            "left": {"label": "context", "unit": "tokens"},
            "right": {"label": "input + output so far", "unit": "tokens"},
        },
    }


def _first_after(points: Sequence[TokenPoint], moments: Sequence[datetime]) -> set[int]:
    """Places of the first points behind the moments."""
    times = [point.at for point in points]
    places = (bisect_right(times, moment) for moment in moments)
    return {place for place in places if place < len(times)}


def impact_chart(history: Sequence[Impact], zone: ZoneInfo) -> dict[str, Any]:
    """Lines added and removed so far."""
    drawn = thinned(history)
    return {
        "type": "line",
        "labels": [_label(point.at, zone) for point in drawn],
        "datasets": [
            _line("Lines added", [point.added for point in drawn], "left", "--chart-3"),
            _line("Lines removed", [point.removed for point in drawn], "left", "--chart-4"),
        ],
        "axes": {"left": {"label": "lines so far", "unit": "lines"}},
    }


def thinned[T](points: Sequence[T]) -> list[T]:
    """At most MAX_POINTS of them, evenly, the last one among them: running totals lose nothing by it."""
    step = max(1, -(-len(points) // MAX_POINTS))
    return list(points[::-1][::step][::-1])


def _line(label: str, data: Sequence[int | None], axis: str, color: str) -> dict[str, Any]:
    return {"label": label, "data": list(data), "axis": axis, "color": color}


def _label(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
