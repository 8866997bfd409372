"""The style guide as a site of its own: a URL configuration that only tests and bin/screenshots use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import sin
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from telemetry_site.icons import ICONS

EXAMPLE_NOW = datetime(2026, 8, 14, 9, 30, tzinfo=UTC)
# In place of what the project's context processor reads from the database: the guide needs none.
EXAMPLE_STATE = {"version": "0.0.0", "demo": False, "synced_at": EXAMPLE_NOW, "data_until": EXAMPLE_NOW}


@dataclass(frozen=True)
class ExampleDay:
    day: date
    value: float
    text: str
    href: str = ""


def wave(index: int, *, base: float, swing: float) -> float:
    """A smooth made-up course: the same on every run."""
    return round(base + swing * sin(index * 0.7) + swing * 0.4 * sin(index * 2.3), 2)


def example_days(count: int) -> list[ExampleDay]:
    start = EXAMPLE_NOW.date() - timedelta(days=count - 1)
    values = [max(0.0, wave(index, base=3, swing=5)) for index in range(count)]
    return [ExampleDay(start + timedelta(days=i), value, f"${value:.2f}") for i, value in enumerate(values)]


def line_chart(days: list[str]) -> dict[str, Any]:
    cost: list[float | None] = [wave(i, base=6, swing=3) for i in range(len(days))]
    cost[9] = None
    tokens = [wave(i + 3, base=6e6, swing=2e6) for i in range(len(days))]
    return {
        "type": "line",
        "labels": days,
        "datasets": [
            {"label": "Cost", "data": cost, "axis": "left", "color": "--chart-1", "unit": "USD"},
            {"label": "Tokens", "data": tokens, "axis": "right", "color": "--chart-2", "unit": "tokens"},
        ],
        "axes": {"left": {"label": "Cost", "unit": "USD"}, "right": {"label": "Tokens", "unit": "tokens"}},
    }


def many_series(days: list[str], *, kind: str, count: int) -> dict[str, Any]:
    datasets = [
        {
            "label": f"series {n + 1}",
            "data": [wave(i + n, base=4e5 * (n + 1), swing=9e4) for i in range(len(days))],
        }
        for n in range(count)
    ]
    return {"type": kind, "labels": days, "unit": "tokens", "datasets": datasets}


def styleguide(request: HttpRequest) -> HttpResponse:
    labels = [entry.day.isoformat() for entry in example_days(30)]
    context = {
        "site_state": EXAMPLE_STATE,
        "now": EXAMPLE_NOW,
        "icons": sorted(ICONS),
        "spark_cost": [wave(i, base=6, swing=3) for i in range(30)],
        "spark_tokens": [wave(i, base=9, swing=4) for i in range(30)],
        "spark_sessions": [wave(i, base=4, swing=2) if i % 11 else None for i in range(30)],
        "spark_failures": [wave(i, base=7, swing=2) for i in range(30)],
        "chart_line": line_chart(labels),
        "chart_stacked": many_series(labels, kind="stacked", count=4),
        "chart_eight": many_series(labels, kind="line", count=8),
        "days": example_days(180),
        "classes": [("Cache read", 170.0), ("Cache write", 12.0), ("Input", 4.0), ("Output", 9.0)],
        "page": Paginator(range(115), 10).page(3),
    }
    return render(request, "telemetry_site/styleguide.html", context)


def bell(request: HttpRequest) -> HttpResponse:
    return render(request, "alerts/_bell.html", {"unread": 3})


def error_page(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, f"{name}.html", {"site_state": EXAMPLE_STATE})


# Every page that templates link to without naming a thing; those whose address matters to a test are named first.
NAMED = {
    "dashboard": "",
    "explore": "explore",
    "session-list": "sessions",
    "feature-list": "features",
    "alert-list": "alerts",
    "data-quality": "data-quality",
    "search": "search",
}
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
LINKED = {name for file in TEMPLATES for name in re.findall(r"{% url '([\w-]+)' %}", file.read_text("utf-8"))}

urlpatterns = [
    path("alerts/notifications/bell", bell, name="notification-bell"),
    path("error/<slug:name>", error_page),
    *(path(route, styleguide, name=name) for name, route in NAMED.items()),
    *(
        path(f"frame/{name}", styleguide, name=name)
        for name in sorted(LINKED - {*NAMED, "notification-bell"})
    ),
]
