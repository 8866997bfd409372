"""Every figure of every page equals the API's for the same filter, on a corpus of real transcripts and plans.

A page is asked, and the API with the same filter. What the page shows is taken away by what the API says it should
be; in the end nothing may be left, so that a figure nobody compared fails. Figures that the API does not tell are
compared with a sum of others or with the selector behind them, and said so where it is done.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from analytics.metrics import DIMENSIONS, METRICS, Metric
from analytics.period_parameters import parse_period
from analytics.series import period_values
from analytics.tiles import changed
from sessions.models import AgentSession, QuarantinedLine
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync
from telemetry_site.tests.compared import (
    Near,
    Seen,
    Wanted,
    api,
    cost,
    dashboard,
    day,
    exact,
    items,
    percent,
)
from telemetry_site.tests.dashboard_figures import (
    classes,
    course,
    courses,
    key_figures,
    latest,
    models,
    projects,
    tools,
)
from telemetry_site.tests.filled import Kept
from telemetry_site.tests.session_figures import (
    cost_tab,
    files_tab,
    impact_tab,
    sessions_to_look_into,
    tools_tab,
    tree_tab,
)

pytestmark = pytest.mark.django_db


DAYS = {"start": "2026-01-10", "end": "2026-02-25"}
PROJECT = {"project": "oh-my-posh"}
FAR = {"tz": "Pacific/Kiritimati"}
FILTERS = {
    "all time": {},
    "days": DAYS,
    "a project": PROJECT,
    "days of a zone far from UTC": DAYS | FAR,
}


@pytest.fixture(scope="class", autouse=True)
def read_once(request: pytest.FixtureRequest, kept: Kept, corpus: Path) -> None:
    def fill(_: Path) -> None:
        for plans in sorted((corpus / "plans").iterdir()):
            add_manual_root(str(plans), plans.name)
        sync([corpus / "claude"])

    kept.fill(request, fill)


@pytest.mark.parametrize("asked", FILTERS.values(), ids=FILTERS)
def test_dashboard(asked: dict[str, str]) -> None:
    seen = Seen("/", **dashboard(asked))
    kpis = api("analytics/overview", **asked)["kpis"]
    key_figures(seen, kpis)
    courses(seen, asked)
    classes(seen, kpis)
    models(seen, asked, kpis)
    projects(seen, asked, kpis)
    latest(seen, asked)
    tools(seen, asked)
    seen.done()


def test_activity() -> None:
    """A day of the calendar says its two figures in words, and the table has them again."""
    seen = Seen("/activity")
    days: dict[date, list[dict[str, Any]]] = {}
    for response in items("responses"):
        days.setdefault(day(response["timestamp"]), []).append(response)
    shown = dict(re.findall(r"<title>\w+ (\d+ \w+ \d+): (\d+) responses?, \$", seen.html))
    for at, responses in sorted(days.items(), reverse=True)[: len(seen.rows("Active days"))]:
        tokens = exact(responses, "inputTokens", "outputTokens")
        row: dict[str, Wanted] = {
            "Responses": len(responses),
            "Cost": exact(responses, "cost"),
            "Tokens": tokens,
        }
        seen.row("Active days", f"{at:%a} {at.day} {at:%b %Y}", row)
        assert shown.pop(f"{at.day} {at:%b %Y}") == str(len(responses))
    assert not shown
    seen.same(("Activity", "Busiest day"), max(map(len, days.values())))
    seen.same(("Activity", "Dearest day"), max(exact(each, "cost") for each in days.values()))
    seen.done()


LISTS = {
    "all": {},
    "days": {"start_date": "2026-01-10", "end_date": "2026-02-25"},
    "a project": PROJECT,
    "a model": {"model": "claude-opus-4-6"},
    "a tool": {"tool": "WebFetch", "include_subagents": "true"},
    "days of a zone far from UTC": {"start_date": "2026-01-10", "end_date": "2026-02-25", **FAR},
}
OWN = {"Input": "inputTokens", "Output": "outputTokens", "Cache read": "cacheReadTokens"}


@pytest.mark.parametrize("asked", LISTS.values(), ids=LISTS)
def test_sessions(asked: dict[str, str]) -> None:
    """Every row of the first page in every column, and what the whole list adds up to."""
    columns = "cost,tokens,input,output,cache,prompts,calls,errors,lines,active,duration"
    seen = Seen("/sessions", columns=columns, **asked)
    listed = items("sessions", **asked)
    first = listed[: api("sessions", **asked)["limit"]]
    for each in first:
        session_row(seen, each)
    noun = "session" if len(listed) == 1 else "sessions"
    own = {
        "Cost": exact(listed, "totalCost"),
        "Tokens": exact(listed, "inputTokens", "outputTokens"),
        "Calls": exact(listed, "toolCallCount"),
        "Errors": exact(listed, "toolErrorCount"),
        "Active": exact(listed, "activeSeconds"),
        **{label: exact(listed, name) for label, name in OWN.items()},
    }
    seen.row("Columns", f"All {len(listed)} {noun} of this list", own)
    if "With their subagents" in seen.rows("Columns"):
        seen.row("Columns", "With their subagents", families(listed))
    seen.done()


def session_row(seen: Seen, each: dict[str, Any]) -> None:
    family, spent = each["familyTotals"], cost(each["totalCost"], each["responseCount"])
    both = (cost(family["cost"], family["responses"]),) if each["subagentCount"] else ()
    tokens = (family["tokens"],) if each["subagentCount"] else ()
    row: dict[str, Wanted | tuple[Wanted, ...]] = {
        "Cost": (spent, *both),
        "Tokens": (each["inputTokens"] + each["outputTokens"], *tokens),
        "Calls": each["toolCallCount"],
        "Errors": each["toolErrorCount"],
        "Active": each["activeSeconds"],
        "Duration": each["durationSeconds"],
        "Lines changed": f"+{each['linesAdded']} −{each['linesRemoved']}",
        **{label: each[name] for label, name in OWN.items()},
    }
    seen.row("Columns", each["id"], row)
    # The API does not count prompts.
    (prompts,) = seen.take("Columns", each["id"], "Prompts")
    assert prompts.value == AgentSession.objects.get(public_id=each["id"]).prompt_count


def families(listed: list[dict[str, Any]]) -> dict[str, Wanted]:
    """Sums over sessions and all below them, each counted once."""
    every = {
        each["id"]: each for each in items("sessions", include_subagents="true", include_inactive="true")
    }
    wanted = {each["id"] for each in listed}

    def is_below(each: dict[str, Any]) -> bool:
        above = each["parentSessionId"]
        return each["id"] in wanted or (above in every and is_below(every[above]))

    members = [each for each in every.values() if is_below(each)]
    return {
        "Cost": exact(members, "totalCost"),
        "Tokens": exact(members, "inputTokens", "outputTokens"),
        "Calls": exact(members, "toolCallCount"),
        "Errors": exact(members, "toolErrorCount"),
        "Active": exact(members, "activeSeconds"),
        **{label: exact(members, name) for label, name in OWN.items()},
    }


def test_session_pages() -> None:
    for public_id in sessions_to_look_into():
        told = api(f"sessions/{public_id}")
        tree = api(f"sessions/{public_id}/tree")["items"]
        for tab in (cost_tab, tools_tab, files_tab, tree_tab, impact_tab):
            tab(told, tree)


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


@pytest.mark.parametrize("zone", [{}, FAR], ids=["UTC", "far from it"])
def test_comparison(zone: dict[str, str]) -> None:
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


@pytest.mark.parametrize("by", ["", "model", "project", "tool"])
@pytest.mark.parametrize("asked", [DAYS, DAYS | FAR], ids=["UTC", "far from it"])
def test_explorer(by: str, asked: dict[str, str]) -> None:
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
    seen.done()


@pytest.mark.parametrize("asked", FILTERS.values(), ids=FILTERS)
def test_correlation(asked: dict[str, str]) -> None:
    seen = Seen("/explore/correlation", **dashboard(asked))
    heading = "Sessions and features"
    found: dict[str, list[dict[str, Any]]] = {}
    for each in api("analytics/correlation", limit=50, **asked)["items"]:
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


def work_of(key: str, **asked: str) -> dict[Any, list[dict[str, Any]]]:
    """The responses of a period by what they were for."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for response in items("responses", **asked):
        found.setdefault(response[key], []).append(response)
    return found


def work(parts: list[dict[str, Any]], whole: Decimal, sessions: Wanted = -1) -> dict[str, Wanted]:
    """What was used for something; nothing is known of what no response was for."""
    told = len({part["sessionId"] for part in parts}) if sessions == -1 else sessions
    return {
        "Share of cost": Near(percent(exact(parts, "cost"), whole)),
        "Cost": exact(parts, "cost") if parts else None,
        "Tokens": exact(parts, "inputTokens", "outputTokens") if parts else None,
        "Sessions": told,
    }


@pytest.mark.parametrize("asked", [{}, DAYS, DAYS | FAR], ids=["all time", "days", "far from UTC"])
def test_feature_costs(asked: dict[str, str]) -> None:
    """The API tells the feature of each response."""
    seen = Seen("/features/costs", **dashboard(asked))
    heading = "Features by cost"
    used = work_of("featureKey", **asked)
    every = [each for parts in used.values() for each in parts]
    whole = exact(every, "cost")
    told = {str(each["key"]): each for each in items("features")}
    for key, parts in used.items():
        name = "(unattributed)" if key is None else str(key)
        seen.row(heading, name, work(parts, whole))
        if key is not None:
            seen.same((heading, name, "Progress"), *progress(told[name]))
    seen.row(heading, "All work", work(every, whole))
    seen.done()


def progress(told: dict[str, Any]) -> tuple[Wanted, ...]:
    return (told["completedTasks"], told["totalTasks"]) if told["totalTasks"] else (None,)


def test_features() -> None:
    seen = Seen("/features", view="list", sort="cost")
    kpis = api("analytics/overview")["kpis"]
    told = {str(each["key"]): each for each in items("features")}
    heading = next(place[0] for place in seen.left if place[-1] == "Progress")
    for name in [each for each in seen.rows(heading) if each in told]:
        each = told[name]
        seen.same((heading, name, "Progress"), *progress(each))
        row = {
            "Share of cost": Near(percent(each["cost"], kpis["sessionCost"])),
            "Cost": cost(each["cost"], each["sessionCount"]),
            "Tokens": cost(each["tokens"], each["sessionCount"]),
            "Sessions": each["sessionCount"],
        }
        seen.row(heading, name, row)
    added_up(seen, list(told.values()))
    seen.done()


def added_up(seen: Seen, told: list[dict[str, Any]]) -> None:
    heading = "What it adds up to"
    used = work_of("featureKey")
    every = [each for parts in used.values() for each in parts]
    planned = [each for key, parts in used.items() if key is not None for each in parts]
    whole = exact(every, "cost")
    shown = f"{len(told)} features shown"
    done = (exact(told, "completedTasks"), exact(told, "totalTasks"))
    seen.same((heading, shown, "Progress"), *done)
    seen.row(heading, shown, work(planned, whole, None))
    seen.row(heading, "(unattributed)", work(used[None], whole))
    seen.row(heading, "All work", work(every, whole))


@pytest.mark.parametrize("asked", [DAYS, DAYS | FAR], ids=["UTC", "far from it"])
def test_velocity(asked: dict[str, str]) -> None:
    seen = Seen("/features/velocity", **dashboard(asked))
    kpis = api("analytics/overview", **asked)["kpis"]
    said = re.search(r"Cost and completed tasks per (\w+)", seen.html)
    assert said
    seen.same((said[0], "Cost"), kpis["sessionCost"])
    seen.same((said[0], "Tasks completed"), kpis["taskVelocity"])
    seen.same((said[0], "Cost per task"), kpis["costPerCompletedTask"])
    columns = {"Cost": "session_cost", "Tasks completed": "task_velocity"}
    period = {"day": "daily", "week": "weekly"}[said[1]]
    course(seen, "Cost and completed tasks, as a table", columns, asked, period)
    complete = items("tasks", status="done") + items("tasks", status="deferred")
    seen.same((said[0],), sum(each["completedAt"] is None for each in complete))
    seen.done()


def test_quality() -> None:
    seen = Seen("/quality")
    told = api("ingest/status")
    names = ("seen", "stored", "duplicate", "quarantined", "blank")
    seen.same(
        ("Lines seen = stored + duplicate + quarantined + blank",), *(told["equation"][n] for n in names)
    )
    responses = items("responses")
    lower = [each for each in responses if each["partialOutput"]]
    heading = "Lower bounds"
    seen.same((heading,), len(responses))
    for name in seen.rows(heading):
        of = {"No": lower, "Told": [e for e in responses if e["fromProgress"]], "All": responses}[
            name.split()[0]
        ]
        tokens = exact(of, "outputTokens")
        shares = of is lower
        whole = exact(responses, "outputTokens")
        seen.same(
            (heading, name, "Responses"), len(of), *([percent(len(of), len(responses))] if shares else [])
        )
        seen.same((heading, name, "Output tokens"), tokens, *([percent(tokens, whole)] if shares else []))
    # The API counts what is quarantined and lists no line of it.
    lines = Counter((line.line_no, line.offset) for line in QuarantinedLine.objects.all())
    for name in seen.rows("Quarantined lines"):
        places = zip(
            *(seen.take("Quarantined lines", name, column) for column in ("Line", "Offset")), strict=True
        )
        assert Counter((int(a.text), int(b.text)) for a, b in places) <= lines
    # Transcripts and their sidecars: every source that is no document.
    files = told["sources"]["total"] - told["report"]["documents"]["seen"]
    (run,) = seen.rows("Last runs")
    seen.row("Last runs", run, {"Files": files, "Lines": told["report"]["lines"]["seen"]})
    seen.done()
