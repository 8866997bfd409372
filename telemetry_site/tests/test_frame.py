"""The frame of the pages in a real browser: what the scripts of `static/js` promise, on the style guide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test.utils import override_settings
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from analytics.formatting import figure
from analytics.metrics import Unit

# The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")


THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LINE_CHART = "Chart.getChart(document.querySelector('canvas[data-chart=chart-line]'))"
NUMBERS: list[tuple[float, str]] = [
    (0, "tokens"),
    (9_999, "tokens"),
    (12_345, "tokens"),
    (999_950, "tokens"),
    (1_234_567_890, "tokens"),
    (0, "USD"),
    (0.0312, "USD"),
    (3.41, "USD"),
    (12_345.6, "USD"),
    (850, "milliseconds"),
    (59_960, "milliseconds"),
    (7_512_000, "milliseconds"),
    (48, "seconds"),
    (75.25, "percent"),
    (1_234, "count"),
    (-3, "count"),
]


@pytest.fixture
def address(live_server: LiveServer) -> Iterator[str]:
    with override_settings(ROOT_URLCONF="telemetry_site.tests.styleguide"):
        yield live_server.url


@pytest.fixture
def guide(page: Page, address: str) -> Iterator[Page]:
    """The style guide, open. Whatever the browser complains about fails the test."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    yield page
    assert complaints == []


def theme_of(page: Page) -> str | None:
    return page.evaluate("document.documentElement.dataset.theme ?? null")  # type: ignore[no-any-return]


def charts(page: Page) -> int:
    """How many charts the library holds alive."""
    return page.evaluate("Object.keys(Chart.instances).length")  # type: ignore[no-any-return]


def test_theme_is_chosen_kept_and_set_before_the_first_paint(guide: Page) -> None:
    guide.get_by_role("button", name="Dark").click()
    assert theme_of(guide) == "dark"
    guide.reload(wait_until="commit")
    guide.wait_for_selector("body", state="attached")
    assert theme_of(guide) == "dark"
    expect(guide.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    guide.get_by_role("button", name="As the system").click()
    assert theme_of(guide) is None


def test_charts_are_drawn_and_follow_the_theme(guide: Page) -> None:
    first = "Object.values(Chart.instances)[0].data.datasets[0].borderColor"
    light = guide.evaluate(first)
    guide.get_by_role("button", name="Dark").click()
    assert guide.evaluate(first) != light
    assert charts(guide) == guide.locator("canvas[data-chart]").count() == 3


def test_charts_keep_gaps_and_never_draw_unknown_as_zero(guide: Page) -> None:
    spec = json.loads(guide.locator("#chart-line").text_content() or "")
    unknown = spec["datasets"][0]["data"].index(None)
    assert guide.evaluate(f"{LINE_CHART}.data.datasets[0].data[{unknown}]") is None


def test_legend_hides_a_series_by_keyboard(guide: Page) -> None:
    button = guide.get_by_role("button", name="Tokens", exact=True)
    button.focus()
    guide.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")
    assert not guide.evaluate(f"{LINE_CHART}.isDatasetVisible(1)")


def test_charts_of_a_swapped_region_are_destroyed_and_drawn_again(guide: Page) -> None:
    guide.evaluate("htmx.ajax('GET', '/', {target: '#main', select: '#main', swap: 'outerHTML'})")
    guide.wait_for_function("document.querySelectorAll('.chart-legend').length === 3")
    assert charts(guide) == 3
    guide.evaluate("htmx.swap('#main', '<p>none</p>', {swapStyle: 'innerHTML'})")
    guide.wait_for_function("Object.keys(Chart.instances).length === 0")


def test_axes_write_numbers_as_the_server_does(guide: Page) -> None:
    written = [(value, unit, tick(guide, value, unit)) for value, unit in NUMBERS]
    assert written == [(value, unit, plain(figure(value, Unit(unit)))) for value, unit in NUMBERS]


def tick(page: Page, value: float, unit: str) -> str:
    """A value as the axis of a chart with that unit writes it."""
    spec = {"type": "bar", "labels": ["a"], "datasets": [{"label": "a", "data": [value], "unit": unit}]}
    return plain(
        page.evaluate(
            """spec => {
                document.getElementById("chart-line").textContent = JSON.stringify(spec);
                document.dispatchEvent(new CustomEvent("ledger:theme"));
                const chart = Chart.getChart(document.querySelector("canvas[data-chart=chart-line]"));
                return chart.options.scales.y.ticks.callback(spec.datasets[0].data[0]);
            }""",
            spec,
        )
    )


def plain(text: object) -> str:
    """Spaces that do not break, of whatever width, as ordinary ones."""
    return re.sub(r"\s", " ", str(text))


def test_times_are_shown_in_the_zone_of_the_reader(browser: Any, address: str) -> None:
    context = browser.new_context(timezone_id="Asia/Kathmandu")
    page = context.new_page()
    page.goto(address)
    shown = page.locator('time[data-local="datetime"]').first
    expect(shown).to_have_text("14 Aug 2026, 15:15")
    expect(shown).to_have_attribute("title", re.compile(r"14 Aug 2026, 09:30:00 UTC"))
    context.close()


def test_exact_values_are_copied(guide: Page) -> None:
    guide.context.grant_permissions(["clipboard-read", "clipboard-write"])
    guide.get_by_role("button", name="Copy id").click()
    expect(guide.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert guide.evaluate("navigator.clipboard.readText()") == "b0d1a7e2-example"


def test_a_selected_figure_is_copied_in_full(guide: Page) -> None:
    copied = guide.evaluate(
        """() => {
            const figure = document.querySelector("data.num[value='8123456']");
            getSelection().selectAllChildren(figure);
            const clipboardData = new DataTransfer();
            const event = new ClipboardEvent("copy", {clipboardData, bubbles: true, cancelable: true});
            figure.dispatchEvent(event);
            return clipboardData.getData("text/plain");
        }"""
    )
    assert copied == "8123456"


def test_shortcuts_go_places(guide: Page) -> None:
    guide.keyboard.press("/")
    expect(guide.locator("main [data-search]")).to_be_focused()
    guide.keyboard.type("g s")
    expect(guide.locator("main [data-search]")).to_have_value("g s")
    guide.locator("main [data-search]").blur()
    guide.keyboard.press("g")
    guide.keyboard.press("s")
    guide.wait_for_url("**/sessions")


def test_shortcuts_can_be_switched_off(guide: Page) -> None:
    guide.keyboard.press("?")
    expect(guide.get_by_role("dialog")).to_be_visible()
    guide.get_by_label("Shortcuts are on in this browser").uncheck()
    guide.keyboard.press("Escape")
    guide.keyboard.press("?")
    expect(guide.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 390])
def test_components_are_accessible_and_fit(guide: Page, width: int) -> None:
    guide.set_viewport_size({"width": width, "height": 900})
    for theme in THEMES:
        guide.emulate_media(color_scheme=theme)
        found = Axe().run(guide)
        assert found.violations_count == 0, f"{theme}: {found.generate_report()}"
    assert guide.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_scrolls_sideways_on_the_smallest_phone(guide: Page) -> None:
    guide.set_viewport_size({"width": 360, "height": 640})
    assert guide.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_error_pages_lead_somewhere(guide: Page, address: str) -> None:
    for name in ("400", "403", "403_csrf", "404", "500"):
        guide.goto(f"{address}/error/{name}")
        assert Axe().run(guide).violations_count == 0, name
        expect(guide.get_by_role("link", name="dashboard").last).to_have_attribute("href", "/")


PAGES = ("Dashboard", "Explore", "Sessions", "Features", "Alerts", "Data quality")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_narrow_window_reaches_every_page_by_its_menu(browser: Any, address: str, scripts: bool) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(address)
    menu = page.locator("details.menu > summary")
    menu.focus()
    page.keyboard.press("Enter")
    for name in PAGES:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_in_viewport(ratio=1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Dashboard", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explore")
    context.close()


def test_the_menu_closes_and_gives_the_focus_back(guide: Page) -> None:
    guide.set_viewport_size({"width": 390, "height": 844})
    guide.get_by_text("Menu", exact=True).click()
    link = guide.get_by_role("link", name="Alerts", exact=True)
    link.focus()
    assert Axe().run(guide).violations_count == 0
    guide.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(guide.locator("details.menu > summary")).to_be_focused()


@pytest.mark.parametrize("width", [780, 1000, 1345, 1440])
def test_no_link_of_the_navigation_is_cut_off(guide: Page, width: int) -> None:
    guide.set_viewport_size({"width": width, "height": 800})
    for name in PAGES:
        expect(guide.locator("nav.nav").get_by_role("link", name=name, exact=True)).to_be_in_viewport(ratio=1)


OPENERS = "[data-open-palette], [data-open-keyboard-help], details[data-menu] > summary"
OVERLAYS = "dialog, details[data-menu]"


def test_overlays_keep_the_focus_and_give_it_back(guide: Page) -> None:
    """Whatever lies over a page, opened by each of the ways that are in view, at both widths."""
    opened: set[str] = set()
    for width in (1440, 390):
        guide.set_viewport_size({"width": width, "height": 844})
        for opener in guide.locator(OPENERS).all():
            if opener.is_visible():
                opened.add(opened_and_closed(guide, opener))
    guide.locator(".topbar details[data-menu] > summary").first.press("Enter")
    opened_and_closed(guide, guide.locator(".topbar [data-menu] [data-open-palette]").first)
    assert opened == set(
        guide.locator(OVERLAYS).evaluate_all("all => all.map(each => each.id || each.className)")
    )


def opened_and_closed(page: Page, opener: Locator) -> str:
    """Open by Enter, go round by Tab, close by Escape; which one it was."""
    opener.press("Enter")
    dialog = page.locator("dialog[open]")
    overlay = dialog if dialog.count() else page.locator("details[data-menu][open]")
    name = overlay.first.evaluate("each => each.id || each.className")
    for _ in range(12 * dialog.count()):
        assert page.evaluate("document.activeElement.matches('dialog[open] *, dialog[open], body')")
        page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    return str(name)
