"""Every figure of every page equals the API's for the same filter, on a corpus of real transcripts and plans.

A page is asked, and the API with the same filter. What the page shows is taken away by what the API says it should
be; in the end nothing may be left, so that a figure nobody compared fails. Figures that the API does not tell are
compared with a sum of others or with the selector behind them, and said so where it is done.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from analytics.metrics import metric
from analytics.tiles import changed
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync
from telemetry_site.tests.asking import ask
from telemetry_site.tests.filled import Kept
from telemetry_site.tests.shown import Place, Shown, figures

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
CLASSES = {
    "Input": "inputTokens",
    "Output": "outputTokens",
    "Cache write": "cacheCreationTokens",
    "Cache read": "cacheReadTokens",
}
CLASS_METRICS = {
    "Cache read tokens": ("cache_read_tokens", "cacheReadTokens"),
    "Cache write tokens": ("cache_creation_tokens", "cacheCreationTokens"),
    "Input tokens": ("input_tokens", "inputTokens"),
    "Output tokens": ("output_tokens", "outputTokens"),
}
MICRO = Decimal("0.000001")


@pytest.fixture(scope="class", autouse=True)
def read_once(request: pytest.FixtureRequest, kept: Kept, corpus: Path) -> None:
    def fill(_: Path) -> None:
        for plans in sorted((corpus / "plans").iterdir()):
            add_manual_root(str(plans), plans.name)
        sync([corpus / "claude"])

    kept.fill(request, fill)


@dataclass(frozen=True)
class Near:
    """What is drawn: a share of a bar, known to a tenth."""

    value: float


Wanted = int | float | Decimal | str | Near | None


class Seen:
    """The figures of a page that nothing was compared with yet, and what was wrong with the others."""

    def __init__(self, address: str, **query: str) -> None:
        self.address = f"{address}?{urlencode(query)}" if query else address
        answer = Client(headers={"host": "localhost"}).get(self.address)
        assert answer.status_code == 200, self.address
        self.html = answer.content.decode()
        self.left = figures(self.html)
        self.wrong = [
            f"{place}: {each} is not rounded as others are"
            for place, found in self.left.items()
            for each in found
            if not each.is_rounded_well()
        ]

    def rows(self, heading: str) -> list[str]:
        """The names of the rows of a table, or of what is named in one part of the page."""
        return list(dict.fromkeys(place[1] for place in self.left if place[0] == heading and len(place) == 3))

    def take(self, *place: str) -> list[Shown]:
        return self.left.pop(place, [])

    def same(self, place: Place, *wanted: Wanted) -> None:
        """Compare what stands at a place, in its order."""
        found = self.take(*place)
        if len(found) != len(wanted) or not all(map(agree, found, wanted)):
            self.wrong.append(f"{place}: {[(str(f.value), f.text) for f in found]}, not {wanted}")

    def row(self, heading: str, name: str, wanted: Mapping[str, Wanted | tuple[Wanted, ...]]) -> None:
        for column, value in wanted.items():
            self.same((heading, name, column), *(value if isinstance(value, tuple) else (value,)))

    def done(self) -> None:
        """Fail with all that was wrong, and with every figure that was compared with nothing."""
        unclaimed = [
            f"{place}: {[f.text for f in found]} was not compared" for place, found in self.left.items()
        ]
        assert not self.wrong + unclaimed, "\n".join([self.address, *self.wrong, *unclaimed])


def agree(found: Shown, wanted: Wanted) -> bool:
    """Money of the API has six places."""
    if isinstance(wanted, str):
        return found.text == wanted
    if wanted is None or found.value is None:
        return wanted is None and found.value is None
    if isinstance(wanted, Near):
        return abs(found.value - Decimal(str(wanted.value))) < Decimal("0.06")
    return found.value.quantize(MICRO) == Decimal(str(wanted)).quantize(MICRO)


def api(route: str, **query: Any) -> Any:
    answer = ask(f"/api/{route}?{urlencode(query)}")
    assert answer.status_code == 200, (route, query, answer.content)
    return answer.json()


def items(route: str, **query: Any) -> list[dict[str, Any]]:
    """Every item of a list, all of its pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = api(route, limit=500, offset=len(found), **query)
        found += page["items"]
        if len(found) >= page["total"]:
            return found


def by_name(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def exact(rows: Iterable[Mapping[str, Any]], *names: str) -> Decimal:
    """A sum over rows; each is as exact as the API tells it."""
    return sum((Decimal(str(row[name] or 0)) for row in rows for name in names), Decimal())


def percent(part: Any, whole: Any) -> float:
    return 100 * float(part) / float(whole)


def cost(value: float | None, responses: int) -> float | None:
    """Where nothing was used, pages show a dash instead of no money."""
    return value if responses else None


def day(moment: str, tz: str = "UTC") -> date:
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(tz)).date()


def dashboard(asked: Mapping[str, str]) -> dict[str, str]:
    """How the dashboard and the explorer are asked for the same."""
    return {"period": "custom" if "start" in asked else "all", **asked}


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
        change = changed(metric(measured), kpis[name], before.get(name)).text
        seen.same((label,), kpis[name], change)


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
        spent = exact(parts, "cost")
        return {
            "Share of cost": Near(percent(spent, kpis["sessionCost"])),
            "Cost": spent,
            "Sessions": sessions,
            "Responses": sum(used[part["name"]] for part in parts),
            **{label: exact(parts, name) for label, name in CLASSES.items()},
        }

    parts_and_rest(seen, "Models", found, row)
    total = {label: kpis[name] for label, name in CLASSES.items()}
    seen.row("Models", "Total", {"Cost": kpis["sessionCost"], "Responses": used.total(), **total})


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


def latest(seen: Seen, asked: dict[str, str]) -> None:
    """Cost and tokens with subagents, the time without."""
    heading = "Latest sessions of this period"
    wanted = session_filter(asked)
    for each in api("sessions", limit=10, **wanted)["items"]:
        family = each["familyTotals"]
        spent = cost(family["cost"], family["responses"])
        row = {"Cost": spent, "Tokens": family["tokens"], "Active": each["activeSeconds"]}
        seen.row(heading, each["id"], row)


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
