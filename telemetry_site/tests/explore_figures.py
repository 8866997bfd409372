"""What the API says about the explorer, a comparison and sessions with their features."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from analytics.metrics import DIMENSIONS, METRICS, Metric
from analytics.period_parameters import parse_period
from analytics.series import period_values
from analytics.tiles import changed
from telemetry_site.tests.asking import ask
from telemetry_site.tests.compared import (
    MICRO,
    Near,
    Seen,
    api,
    dashboard,
    day,
    exact,
    items,
    numbered,
    percent,
)

# Figures of the overview by their metric.
OVERVIEW = {
    "session_cost": "sessionCost",
    "session_tokens": "sessionTokens",
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_read_tokens": "cacheReadTokens",
    "cache_creation_tokens": "cacheCreationTokens",
    "unpriced_tokens": "unpricedTokens",
    "cache_hit_rate": "cacheHitRate",
    "session_count": "sessionCount",
    "session_duration": "sessionDurationAvg",
    "active_seconds": "activeSeconds",
    "task_velocity": "taskVelocity",
    "task_completion_pct": "taskCompletionPct",
    "feature_progress": "featureProgress",
    "cost_per_completed_task": "costPerCompletedTask",
    "tool_call_count": "toolCallCount",
    "tool_success_rate": "toolSuccessRate",
}


def of_period(measured: Metric, asked: Mapping[str, str]) -> Any:
    """A metric of a whole period, from the overview, as the sum of a series, or, where neither has it, its selector."""
    if name := OVERVIEW.get(measured.id):
        return api("analytics/overview", **asked)["kpis"][name]
    if measured.adds_up:
        return sum(point["value"] for point in items("analytics/series", metric=measured.id, **asked))
    zone = ZoneInfo(asked.get("tz", "UTC"))
    period = parse_period(start=asked["start"], end=asked["end"], now=timezone.now(), default_zone=zone)
    return period_values(measured.id, period).get("")


def comparison(zone: dict[str, str]) -> None:
    first, second = (
        {"start": "2026-01-10", "end": "2026-02-05"},
        {"start": "2026-02-06", "end": "2026-02-25"},
    )
    sides = {f"{letter}_{k}": v for letter, side in (("a", first), ("b", second)) for k, v in side.items()}
    seen = Seen("/explore/compare", **sides, **zone)
    heading = "The figures of both"
    by_label = {each.label: each for each in METRICS.values()}
    for name in seen.rows(heading):
        columns = [place[2] for place in seen.left if place[:2] == (heading, name)]
        values = [of_period(by_label[name], side | zone) for side in (first, second)]
        for column, value in zip(columns[:2], values, strict=True):
            seen.same((heading, name, column), value)
        seen.same((heading, name, "Change"), changed(by_label[name], values[1], values[0]).text)
    seen.done()


def explorer(by: str, asked: dict[str, str]) -> None:
    """A metric per week, per group and as a whole. The API's parts of a flow add up to the page's."""
    measured = METRICS["tool_call_count" if by == "tool" else "session_cost"]
    grouped = {"group_by": by} if by else {}
    seen = Seen(
        "/explore", metric=measured.id, step="weekly", **dashboard(asked), **({"by": by} if by else {})
    )
    points = items("analytics/series", metric=measured.id, period="weekly", **asked, **grouped)
    title = measured.label + (f" by {DIMENSIONS[by].label.lower()}" if by else "")
    parts: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        name = point["metadata"][by] if by else measured.label
        parts.setdefault(name, []).append(point)
        at = day(point["captured_at"], asked.get("tz", "UTC"))
        monday = at - timedelta(days=at.weekday())
        seen.same((f"{title}, as a table", monday.isoformat(), name), point["value"])
    whole = of_period(measured, asked)
    top = next(place for place in seen.left if len(place) == 1)
    seen.same(top, whole)
    if by:
        for name, mine in parts.items():
            value = exact(mine, "value")
            seen.row(title, name, {"Share": Near(percent(value, whole)), measured.label: value})
        seen.row(title, f"All {len(parts)}", {measured.label: whole})
    file_of(seen, [point["value"] for point in points])
    seen.done()


def file_of(seen: Seen, values: list[float | None]) -> None:
    """The file that the page offers has the same values."""
    (address,) = re.findall(r'href="([^"]+)">As CSV<', seen.html)
    answer = ask(unescape(address))
    lines = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    told = [Decimal(line["value"]) if line["value"] else None for line in lines]
    rounded = Counter(None if value is None else value.quantize(MICRO) for value in told)
    wanted = Counter(None if value is None else Decimal(str(value)).quantize(MICRO) for value in values)
    assert rounded == wanted, (seen.address, rounded - wanted, wanted - rounded)


def correlation(asked: dict[str, str]) -> None:
    seen = Seen("/explore/correlation", **dashboard(asked))
    heading = "Sessions and features"
    found: dict[str, list[dict[str, Any]]] = {}
    answer = api("analytics/correlation", limit=50, **asked)
    seen.says(numbered(answer["total"], "row"))
    for each in answer["items"]:
        found.setdefault(each["sessionId"], []).append(each)
    for name, mine in found.items():
        sure = [100 * each["confidence"] for each in mine if each["origin"]]
        seen.row(
            heading,
            name,
            {
                "Sure": tuple(sure),
                "Cost of it": tuple(
                    None if not each["tokens"] and not each["cost"] else each["cost"] for each in mine
                ),
                "Tokens": tuple(each["tokens"] for each in mine),
            },
        )
    seen.done()
