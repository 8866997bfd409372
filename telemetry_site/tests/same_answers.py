"""Reads a folder into an empty database and prints the answers to some two hundred requests, as JSON.

`python -m telemetry_site.tests.same_answers FOLDER`, with `TEST_DATABASE_URL` or on SQLite: a test runs it on both and
compares. The clock stands still, since some answers tell when something was read.
"""

import json
import sys
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import django
from django.core.management import call_command

SESSION_QUERIES = [
    *(f"sort_by={key}&sort_order={way}&limit=40" for way in ("asc", "desc") for key in
      ("title", "project", "model", "cost", "duration", "active", "tokens", "tool_errors", "started_at", "updated_at")),
    *(f"q={quote(word)}" for word in ("übersicht", "ÄPFEL", "alpha", "100%", "_under", "日本", "😀", "birnen ernte")),
    *("status=failed", "model=sonnet", "model_family=Opus", "has_errors=true", "has_errors=false", "branch=ernte"),
    *("tool=Edit", "skill=frontend-design", "agent=Explore", "feature=passkey-login-v1", "include_subagents=true"),
    *("start_date=2026-03-01&end_date=2026-03-01&tz=Pacific/Chatham", "min_cost=0.01", "max_duration=60"),
    *("include_inactive=true&limit=3&offset=2", "completed_end=2026-03-02&tz=Asia/Kolkata", "project=nowhere"),
]  # fmt: skip
ZONES = ["UTC", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Chatham", "Europe/Berlin", "America/New_York"]
PLAIN = [
    *("projects", "ingest/status", "tasks", "tasks?status=done", "tasks?q=k%C3%96rbe", "tasks?owner=ADA"),
    *("features", "features?q=ERNTE", "features/passkey-login-v1", "features/passkey-login-v1/linked-sessions"),
    *("tasks/PK-001", "documents", "documents?q=%C3%A4u%C3%9Ferst", "documents?category=%C3%96ffentlich"),
    *("analytics/correlation?limit=200", "analytics/correlation?min_confidence=0.5", "tasks/nothing"),
    *("analytics/metrics", "responses?limit=50", "tool-calls?limit=50", "search?q=valve", "analytics/alerts"),
    *("analytics/overview?start=2026-13-01", "analytics/series?metric=colour", "sessions?limit=0"),
    *("documents/1", "sessions/nothing", "sessions?colour=red", "documents/2"),
]  # fmt: skip


def addresses() -> list[str]:
    """Everything that is asked, in order; needs a filled database."""
    from analytics.metrics import METRICS
    from analytics.selectors import BREAKDOWN_DIMENSIONS
    from sessions.models import AgentSession

    asked = [f"sessions?{query}" for query in SESSION_QUERIES] + PLAIN
    asked += [f"analytics/overview?tz={zone}&start=2026-03-01&end=2026-04-05" for zone in ZONES]
    periods, zones = cycle(("daily", "weekly", "monthly")), cycle(ZONES)
    for metric in METRICS.values():
        for by in (None, *metric.series_dimensions[:4]):
            group = f"&group_by={by}" if by else ""
            asked.append(
                f"analytics/series?metric={metric.id}&period={next(periods)}&tz={next(zones)}{group}"
            )
    sorts = cycle(("count", "tokens", "cost", "name"))
    asked += [f"analytics/breakdown?dimension={by}&sort={next(sorts)}" for by in BREAKDOWN_DIMENSIONS]
    told = AgentSession.objects.order_by("-entry_count", "id").values_list("public_id", flat=True)[:6]
    parts = ("", "/entries?limit=50", "/tree", "/files", "/tools", "/linked-features", "/raw?seq=1")
    return asked + [f"sessions/{name}{part}" for name in told for part in parts]


def answers() -> dict[str, Any]:
    from telemetry_site.tests.asking import ask

    found = {}
    for address in addresses():
        response = ask(f"/api/{address}")
        found[address] = [response.status_code, response.json()]
    return found


def read(folder: Path) -> None:
    from telemetry_site.demo import write_demo
    from telemetry_site.pipeline import sync
    from telemetry_site.tests.ledger import NOW, write_and_read

    write_and_read(folder / "ledger")
    write_demo(folder / "demo", now=NOW, days=30)
    sync([folder / "demo" / "claude"], now=NOW)


def main(folder: Path) -> None:
    django.setup()
    from telemetry_site.tests.ledger import NOW

    still = mock.patch("django.utils.timezone.now", return_value=NOW)
    with still, mock.patch("telemetry_site.pipeline.monotonic", return_value=0.0):
        call_command("migrate", verbosity=0)
        read(folder)
        json.dump(answers(), sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
