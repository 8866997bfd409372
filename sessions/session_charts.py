"""Charts of one session, as `static/js/charts.js` draws them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sessions.selectors import Impact, TokenPoint

MAX_POINTS = 600


def token_chart(points: Sequence[TokenPoint], zone: ZoneInfo) -> dict[str, Any]:
    """Tokens so far, and what the model was given to read at each step; the last point is always there."""
    drawn = thinned(points)
    return {
        "type": "line",
        "labels": [_label(point.at, zone) for point in drawn],
        "datasets": [
            _line("Input + output so far", [point.running_tokens for point in drawn], "left", "--chart-1"),
            _line("Context of the response", [point.context_tokens for point in drawn], "right", "--chart-2"),
        ],
        "axes": {
            "left": {"label": "input + output so far", "unit": "tokens"},
            "right": {"label": "context", "unit": "tokens"},
        },
    }


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


def _line(label: str, data: list[int], axis: str, color: str) -> dict[str, Any]:
    return {"label": label, "data": data, "axis": axis, "color": color}


def _label(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
