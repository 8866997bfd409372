"""The page of the API in a real browser: drawn from the description, from here alone, in light and in dark."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = [
    pytest.mark.django_db,
    # The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
    pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"),
]


@pytest.fixture
def docs(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """The page, drawn. Whatever the browser complains about or asks of others fails the test."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    own = (live_server.url, "data:", "blob:")
    page.on(
        "request", lambda request: None if request.url.startswith(own) else complaints.append(request.url)
    )
    page.goto(f"{live_server.url}/api/docs")
    page.wait_for_selector(".opblock")
    yield page
    assert complaints == []


def test_every_operation_is_drawn_and_opens(docs: Page) -> None:
    described = docs.evaluate(
        """async () => {
            const text = await (await fetch("/api/schema", {headers: {Accept: "application/json"}})).json();
            return Object.values(text.paths).flatMap((path) => Object.keys(path)).length;
        }"""
    )
    expect(docs.locator(".opblock")).to_have_count(described)
    docs.locator("#operations-analytics-analytics_overview").click()
    expect(docs.get_by_text("IANA name of the zone whose midnights cut days").first).to_be_visible()


def test_a_request_can_be_tried(docs: Page) -> None:
    docs.locator("#operations-health-health").click()
    docs.get_by_role("button", name="Try it out").click()
    docs.get_by_role("button", name="Execute").click()
    expect(docs.locator(".live-responses-table .response-col_status").last).to_contain_text("200")


@pytest.mark.parametrize("width", [1440, 390])
def test_it_fits_and_follows_the_colours(docs: Page, width: int) -> None:
    docs.set_viewport_size({"width": width, "height": 900})
    assert docs.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colour = "getComputedStyle(document.querySelector('.opblock-summary-path')).color"
    if (menu := docs.get_by_text("Menu", exact=True)).is_visible():
        menu.click()
    docs.get_by_role("button", name="Light", exact=True).click()
    light = docs.evaluate(colour)
    docs.get_by_role("button", name="Dark", exact=True).click()
    assert docs.evaluate(colour) != light


def test_it_is_led_to_from_every_page_and_closed_to_strangers() -> None:
    here = Client(headers={"host": "localhost"})
    assert 'href="/api/docs"' in here.get("/sessions").text
    assert here.post("/api/docs").status_code == 405
    with override_settings(IS_TEAM=True):
        assert here.get("/api/schema").status_code == 401
