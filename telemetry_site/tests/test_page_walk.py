"""Every page in a real browser, on a small history of everything: nothing to hear in the console, nothing that axe
finds, nothing from another origin, and no page wider than its window; at two widths, light and dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from sessions.tests import samples as s
from tasks.models import Document, Feature, ProjectTask
from telemetry_site.models import SavedView
from telemetry_site.tests.ledger import NOW, write_and_read

# The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")

WIDTHS = (1440, 390)
# The second theme differs in nothing but colours.
THEMES: dict[str, dict[str, Any]] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
REGIONS_CAME = "() => !document.querySelector('[hx-trigger=load]')"
PLAIN = (
    *("dashboard", "explore", "compare", "correlation", "flow"),
    *("session-list", "feature-list", "task-list", "document-list", "plan-settings"),
    *("velocity", "feature-costs", "live-sessions", "saved-views", "go", "search", "data-quality"),
    *("secret-list", "sync-progress", "settings", "folder-check", "token-list"),
)
QUERIES = {
    "dashboard": ("?period=all", "?start=2030-01-01&end=2030-01-02", "?start=nonsense"),
    "explore": ("?metric=tool_calls&split=tool&period=all&view=table",),
    "session-list": (
        "?include_subagents=true&columns=cost,output,lines,ended",
        "?q=no+such+word",
        "?min_cost=x",
    ),
    "feature-list": ("?view=list",),
    "velocity": ("?period=all",),
    "search": ("?q=pump",),
    "go": ("?q=ernte", "?q=nothing+has+this+name"),
}


def addresses() -> Iterator[str]:
    for name in PLAIN:
        yield from (reverse(name) + query for query in ("", *QUERIES.get(name, ())))
    for name, model in (("feature", Feature), ("task", ProjectTask), ("document", Document)):
        first: Any = model.objects.first()
        yield reverse(f"{name}-detail", args=[first.pk])


def test_every_page_is_quiet_accessible_and_fits(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    write_and_read(tmp_path)
    SavedView.objects.create(name="Failures", query="status=failed", created_at=NOW)
    found: list[str] = []
    page.on("console", lambda message: found.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on(
        "request", lambda request: None if is_ours(request.url, live_server) else found.append(request.url)
    )
    told: list[str] = []
    for address in addresses():
        page.emulate_media(color_scheme="light")
        page.goto(live_server.url + address)
        page.wait_for_function(REGIONS_CAME)
        found += [complaint for width in WIDTHS for complaint in look(page, width)]
        told += [f"{address}: {complaint}" for complaint in found]
        found.clear()
    assert told == []


def is_ours(url: str, server: LiveServer) -> bool:
    return url.startswith((server.url, "data:"))


def look(page: Page, width: int) -> list[str]:
    """What is wrong with the page as it stands at this width, in either theme."""
    found = []
    page.set_viewport_size({"width": width, "height": 900})
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"wider than its window of {width}")
    for theme, options in THEMES.items():
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        answer = Axe().run(page, options=options)
        found += [
            f"{width} {theme}: {each['id']}: {each['nodes'][0]['html'][:120]}"
            for each in answer.response["violations"]
        ]
    return found


def test_threads_open_and_close_by_keyboard(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    write_and_read(tmp_path)
    page.goto(f"{live_server.url}/sessions?q={s.uid('w')[:8]}")
    link = page.get_by_role("link", name="1 subagent, 1 fork")
    link.focus()
    for expanded, rows in (("true", 2), ("false", 0), ("true", 2)):
        page.keyboard.press("Enter")
        page.wait_for_function(
            "rows => [...document.querySelectorAll('tr[data-thread-of]')].filter(row => !row.hidden).length === rows",
            arg=rows,
        )
        assert link.get_attribute("aria-expanded") == expanded
