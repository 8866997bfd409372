"""Going somewhere by name: what is found, in which order, by how many queries, and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from telemetry_site.destinations.ranking import fit
from telemetry_site.destinations.selectors import MOST, destinations, pages
from telemetry_site.tests.filled import filled
from telemetry_site.tests.ledger import write_and_read

# The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")


@pytest.fixture(scope="module")
def ledger(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: write_and_read(tmp_path_factory.mktemp("ledger"))):
        yield


def test_a_name_fits_better_the_earlier_and_the_more_of_it_was_typed() -> None:
    typed = ["pump"]
    names = ["Pump", "Pump room", "The pump room", "Unpumped"]
    found = [fit(typed, name) for name in names]
    assert found == sorted(found, key=lambda score: -(score or 0)) and len(set(found)) == len(names)
    assert fit(typed, "Valve", "pump house") == 1
    assert fit(["pump", "valve"], "Pump") is None
    assert fit(["PUMP".casefold()], "PUMP") == fit(["pump"], "pump")


def kinds(typed: str) -> list[tuple[str, str]]:
    return [(place.kind, place.name) for place in destinations(typed)]


def test_everything_is_found_by_its_name(ledger: None) -> None:
    assert kinds("quality")[0] == ("page", "Data quality")
    assert ("project", "engine") in kinds("engine")
    assert kinds("äpfel pflü")[0] == ("session", "Äpfel pflücken")
    assert ("feature", "Ernte äußerst früh") in kinds("ernte")
    assert kinds("körbe")[0] == ("task", "Körbe flechten")
    assert "document" in [kind for kind, _ in kinds("ernte")]
    assert kinds("no such name anywhere") == []


def test_every_word_must_fit_and_not_too_much_is_told(ledger: None) -> None:
    assert kinds("ernte quality") == []
    assert len(destinations("e")) == MOST
    assert kinds("\0")[-1][0] == "page"
    assert kinds("100%")[0] == ("session", "100%")


def test_a_number_of_queries_that_no_name_changes(ledger: None) -> None:
    counts = []
    for typed in ("e", "engine", "a e i o u"):
        with CaptureQueriesContext(connection) as asked:
            destinations(typed)
        counts.append(len(asked))
    assert len(set(counts)) == 1, counts


def test_pages_that_are_offered_exist() -> None:
    assert all(resolve(page.href) for page in pages())


def test_without_scripts_it_is_a_page_of_links(ledger: None) -> None:
    here = Client(headers={"host": "localhost"})
    page = here.get("/go", {"q": "<b>ernte</b>"})
    assert "Nothing is called “&lt;b&gt;ernte&lt;/b&gt;”" in page.text
    assert 'href="/tasks/' in here.get("/go", {"q": "körbe"}).text
    options = here.get("/go", {"q": "körbe"}, headers={"HX-Request": "true"}).text
    assert 'role="option"' in options and "<html" not in options


@pytest.fixture
def quiet(page: Page, live_server: LiveServer, tmp_path: Path) -> Iterator[Page]:
    """The list of sessions of the small history; whatever the browser complains about fails the test."""
    write_and_read(tmp_path)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/sessions")
    yield page
    cut_off = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
    assert [said for said in complaints if not said.startswith(cut_off)] == []


def test_the_palette_goes_anywhere_by_keyboard_alone(quiet: Page) -> None:
    page = quiet
    page.get_by_label("Search", exact=True).focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Go to")
    expect(field).to_be_focused()
    expect(page.locator("#palette-list [role=option]").first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("ernte")
    expect(page.get_by_role("option", name="Ernte äußerst früh").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#palette-list [aria-selected=true]")
    expect(chosen).to_have_count(1)
    assert chosen.get_attribute("id") == field.get_attribute("aria-activedescendant") == "palette-option-2"
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Escape")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    page.keyboard.press("Meta+k")
    expect(field).to_be_focused()
    page.keyboard.type("körbe")
    expect(page.locator("#palette-list [role=option]").first).to_contain_text("Körbe flechten")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Körbe flechten")
