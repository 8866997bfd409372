"""What the API says about each part of the dashboard, and the tables under its charts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from analytics.formatting import percentage, tokens
from analytics.metrics import metric
from analytics.tiles import changed
from telemetry_site.tests.compared import (
    CLASSES,
    Near,
    Seen,
    Wanted,
    api,
    by_name,
    cost,
    dashboard,
    day,
    exact,
    items,
    numbered,
    percent,
)
from telemetry_site.tests.shown import counts

CLASS_METRICS = {
    "Cache read tokens": ("cache_read_tokens", "cacheReadTokens"),
    "Cache write tokens": ("cache_creation_tokens", "cacheCreationTokens"),
    "Input tokens": ("input_tokens", "inputTokens"),
    "Output tokens": ("output_tokens", "outputTokens"),
}


def dashboard_page(asked: dict[str, str]) -> None:
    seen = Seen("/", **dashboard(asked))
    kpis = api("analytics/overview", **asked)["kpis"]
    key_figures(seen, kpis)
    courses(seen, asked)
    classes(seen, kpis)
    models(seen, asked, kpis)
    projects(seen, asked, kpis)
    latest(seen, asked)
    tools(seen, asked)
    concerns(seen, asked)
    uncertain(seen, kpis, asked)
    seen.done()


def key_figures(seen: Seen, kpis: dict[str, Any]) -> None:
    """The value and its change against the preceding period, where there is one."""
    tiles = {
        "Cost, API-equivalent": ("session_cost", "sessionCost"),
        "Tokens, input + output": ("session_tokens", "sessionTokens"),
        "Sessions": ("session_count", "sessionCount"),
        "Tool success rate": ("tool_success_rate", "toolSuccessRate"),
        "Cache hit rate": ("cache_hit_rate", "cacheHitRate"),
        "Active time": ("active_seconds", "activeSeconds"),
    }
    before = kpis["previous"] or {}
    for label, (measured, name) in tiles.items():
        change = changed(metric(measured), kpis[name], before.get(name))
        seen.same((label,), kpis[name], *([change.text] if change.is_known else []))
    seen.says(numbered(kpis["subagentSessionCount"], "subagent"))


def courses(seen: Seen, asked: dict[str, str]) -> None:
    """The tables that stand below the charts."""
    said = re.search(r"Cost and tokens per (\w+)", seen.html)
    assert said
    period = {"day": "daily", "week": "weekly", "month": "monthly"}[said[1]]
    cost_and_tokens = {"Cost": "session_cost", "Tokens": "session_tokens"}
    course(seen, "Cost and tokens, as a table", cost_and_tokens, asked, period)
    names = {label: name for label, (name, _) in CLASS_METRICS.items()}
    course(seen, "Tokens by class, as a table", names, asked, period)


def course(seen: Seen, heading: str, columns: dict[str, str], asked: dict[str, str], period: str) -> None:
    for label, name in columns.items():
        for point in items("analytics/series", metric=name, period=period, **asked):
            at = day(point["captured_at"], asked.get("tz", "UTC"))
            # The first week begins with the data, and goes by its Monday all the same.
            first = at - timedelta(days=at.weekday()) if period == "weekly" else at
            seen.same((heading, first.isoformat(), label), point["value"])


def classes(seen: Seen, kpis: dict[str, Any]) -> None:
    step = re.search(r"Tokens by class per \w+", seen.html)
    assert step
    whole = sum(kpis[name] for _, name in CLASS_METRICS.values())
    for label, (_, name) in CLASS_METRICS.items():
        seen.same((step[0], label), kpis[name], percent(kpis[name], whole))


def models(seen: Seen, asked: dict[str, str], kpis: dict[str, Any]) -> None:
    found = by_name(items("analytics/breakdown", dimension="model", **asked))
    used = Counter(row["model"] for row in items("responses", **asked))

    def row(parts: list[dict[str, Any]], sessions: int | None) -> dict[str, Wanted]:
        spent = known(parts)
        return {
            "Share of cost": None if spent is None else Near(percent(spent, kpis["sessionCost"])),
            "Cost": spent,
            "Sessions": sessions,
            "Responses": sum(used[part["name"]] for part in parts),
            **{label: exact(parts, name) for label, name in CLASSES.items()},
        }

    parts_and_rest(seen, "Models", found, row)
    total = {label: kpis[name] for label, name in CLASSES.items()}
    seen.row("Models", "Total", {"Cost": kpis["sessionCost"], "Responses": used.total(), **total})


def known(parts: list[dict[str, Any]]) -> Decimal | None:
    """What has a price."""
    return None if all(part["cost"] is None for part in parts) else exact(parts, "cost")


def projects(seen: Seen, asked: dict[str, str], kpis: dict[str, Any]) -> None:
    if "project" in asked:
        return
    found = by_name(items("analytics/breakdown", dimension="project", **asked))

    def row(parts: list[dict[str, Any]], sessions: int | None) -> dict[str, Wanted]:
        spent = exact(parts, "cost")
        share = Near(percent(spent, kpis["sessionCost"]))
        return {"Share": share, "Cost": spent, "Tokens": exact(parts, "tokens"), "Sessions": sessions}

    parts_and_rest(seen, "Projects by cost", found, row)


def parts_and_rest(seen: Seen, heading: str, found: dict[str, dict[str, Any]], row: Any) -> None:
    """Every row of the API stands in a table, by itself or in the one sum of those that cost less."""
    names = seen.rows(heading)
    rest = [each for name, each in found.items() if name not in names]
    for name in names:
        if name in found:
            seen.row(heading, name, row([found[name]], found[name]["count"]))
    if rest:
        least = min(found[name]["cost"] for name in names if name in found)
        assert all(each["cost"] <= least for each in rest)
        other = next(name for name in names if re.fullmatch(rf"{len(rest)} other \w+", name))
        seen.row(heading, other, row(rest, None))
        seen.says(*counts(f"<p>{other}</p>"))


def latest(seen: Seen, asked: dict[str, str]) -> None:
    """Cost and tokens with subagents, the time without."""
    heading = "Latest sessions of this period"
    wanted = session_filter(asked)
    for each in api("sessions", limit=10, **wanted)["items"]:
        family = each["familyTotals"]
        spent = cost(family["cost"], family["responses"])
        row = {"Cost": spent, "Tokens": family["tokens"], "Active": each["activeSeconds"]}
        seen.row(heading, each["id"], row)
        if each["subagentCount"]:
            seen.says(numbered(each["subagentCount"], "subagent"))


def session_filter(asked: Mapping[str, str]) -> dict[str, str]:
    """The same for lists of sessions, which go by when they began."""
    names = {"start": "start_date", "end": "end_date"}
    return {names.get(name, name): value for name, value in asked.items()}


def tools(seen: Seen, asked: dict[str, str]) -> None:
    found = by_name(items("analytics/breakdown", dimension="tool", **asked))
    calls = items("tool-calls", **asked)
    timed = Counter(call["tool"] for call in calls if call["durationMs"] is not None)
    # Not `errors`: answers marked as errors are also those to calls that a person declined.
    failed = Counter(call["tool"] for call in calls if call["outcome"] == "error")
    for name in seen.rows("Tools by failures"):
        row = {"Failed": failed[name], "Of its calls": 100 - found[name]["successRate"]}
        seen.row("Tools by failures", name, row)
    for name in seen.rows("Tools by time"):
        tool = found[name]
        mean = tool["totalMs"] / timed[name] if timed[name] else None
        row = {"Calls": tool["count"], "Mean": mean, "Time": tool["totalMs"]}
        seen.row("Tools by time", name, row)


def concerns(seen: Seen, asked: dict[str, str]) -> None:
    """What is off, in words."""
    errors = sum(p["value"] for p in items("analytics/series", metric="api_error_count", **asked))
    outcomes = Counter(call["outcome"] for call in items("tool-calls", **asked))
    quarantined = api("ingest/status")["equation"]["quarantined"]
    seen.says(numbered(errors, "error"), numbered(quarantined, "line"))
    seen.says(*(f"{outcomes[each]} {each}" for each in ("rejected", "blocked", "interrupted")))
    seen.says(f"{outcomes['pending']} unanswered")


def uncertain(seen: Seen, kpis: dict[str, Any], asked: dict[str, str]) -> None:
    """What is only a lower bound, and what has no price, as far as there is any."""
    if bounds := kpis["partialOutputResponses"]:
        share = percentage(100 * bounds / len(items("responses", **asked)))
        assert f"Output is a lower bound in {share} of responses" in seen.html
        assert f"lower bound in {share}" in seen.html
    if unpriced := kpis["unpricedTokens"]:
        assert f"{tokens(unpriced)} tokens unpriced" in seen.html
