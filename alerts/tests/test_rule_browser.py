"""A rule in a real browser: taken from a preset, tried on the past while it is written, saved, found and snoozed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from alerts.models import AlertRule
from alerts.tests.rules import read, spend
from sessions.tests import samples

# The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page; whatever the browser complains about fails the test, but for a request that leaving a page cut off."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    cut_off = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
    assert [said for said in complaints if not said.startswith(cut_off)] == []


def test_from_a_preset_to_a_snoozed_rule(quiet: Page, live_server: LiveServer, tmp_path: Path) -> None:
    for n, dollars in enumerate((2, 6, 9)):
        spend(tmp_path, f"s{n}", 60 + n * 3600, dollars)
    read(tmp_path)
    page = quiet
    page.goto(live_server.url)
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.locator("a[href$='preset=alert-cost']").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Cost of a session is above $5.00.")
    expect(preview).to_contain_text("it would have fired 2 times")
    page.wait_for_function("Object.keys(Chart.instances).length === 1")
    page.get_by_label("Threshold", exact=True).fill("8")
    expect(preview).to_contain_text("it would have fired 1 time,")
    page.get_by_text("More: comparison").click()
    page.get_by_label("Steps on the way").fill("9")
    expect(page.locator("#error-steps")).to_contain_text("each must be below")
    page.get_by_label("Steps on the way").fill("")
    expect(page.locator("#error-steps")).to_be_empty()
    page.get_by_label("Of", exact=True).select_option("rolling")
    expect(page.get_by_label("The last")).to_be_visible()
    page.get_by_label("Of", exact=True).select_option("session")
    expect(page.get_by_label("The last")).to_be_hidden()
    page.get_by_role("button", name="Save the rule").click()
    row = page.get_by_role("row").filter(has_text="Cost of a session is above $8.00")
    expect(row).to_contain_text("ok")
    # The session goes on: the bell says so, and leads to what is behind it.
    spend(tmp_path, "fresh", (timezone.now() - samples.START).total_seconds(), 9)
    read(tmp_path, timezone.now() + timedelta(seconds=1))
    page.reload()
    expect(page.locator("#bell-link .bell-count")).to_have_text("1")
    page.locator("#bell-link").click()
    page.get_by_role("link", name="Session cost: cost $9.00").first.click()
    page.locator("#timeline .chip").first.click()
    expect(page).to_have_url(f"{live_server.url}/sessions/{samples.uid('fresh')}")
    page.goto(f"{live_server.url}/alerts")
    expect(row).to_contain_text("firing")
    row.get_by_label("Snooze Session cost for").select_option("24")
    row.get_by_role("button", name="Snooze Session cost").click()
    expect(row).to_contain_text("snoozed until")
    assert AlertRule.objects.get().snoozed_until is not None
