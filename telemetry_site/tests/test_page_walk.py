"""Every page in a real browser, on a small history of everything and, where there is one, the corpus of real
transcripts and plans: nothing to hear in the console, nothing that axe finds, nothing from another origin, nothing
that only a mouse reaches or that a keyboard loses, and no page wider than its window; at two widths, light and dark.

`PAGE_PICTURES` names a folder to keep a picture of each in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils.text import slugify
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from alerts.models import AlertEvent, Channel, Delivery, Silence
from alerts.tests.fired import fired_rule
from conftest import corpus_folder
from sessions.tests import samples as s
from tasks.roots import add_manual_root
from telemetry_site.access.tokens import create_token
from telemetry_site.models import SavedView
from telemetry_site.pipeline import sync
from telemetry_site.tests.browsing import UNFOLD, Tab, tabs, visits
from telemetry_site.tests.every_page import every_place
from telemetry_site.tests.keyboard import focus_troubles, never_reached
from telemetry_site.tests.ledger import NOW, write_and_read
from telemetry_site.tests.test_inspector_browser import one_of_each

# The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")

QUERIES = {
    "dashboard": ("?period=all", "?start=2030-01-01&end=2030-01-02", "?start=nonsense"),
    "explore": ("?metric=tool_call_count&by=tool&period=all&view=table",),
    "session-list": (
        "?include_subagents=true&columns=cost,output,lines,ended",
        "?q=no+such+word",
        "?min_cost=x",
    ),
    "feature-list": ("?view=list",),
    "velocity": ("?period=all",),
    "search": ("?q=pump",),
    "file-history": ("?path=/b", "?path=/home/ada/engine/pump.py", "?path=/nothing"),
    "go": ("?q=ernte", "?q=nothing+has+this+name"),
}
# Swagger UI is as its makers made it; `test_api_docs` is about the rest of that page.
NOT_OURS = {"api-docs"}
# A second theme differs from the first in nothing but colours; those of the frame are `test_frame`'s.
VIOLATIONS = {"resultTypes": ["violations"]}
EVERYTHING = ("document", VIOLATIONS)
COLOURS = ("'main'", VIOLATIONS | {"runOnly": ["color-contrast"]})
ALL_BUT_COLOURS = ("document", VIOLATIONS | {"rules": {"color-contrast": {"enabled": False}}})
# Of what is in view at two widths in the same colours and letters, contrast is looked at once.
NEW_COLOURS = ("keptColours.others()", VIOLATIONS | {"runOnly": ["color-contrast"]})
# Both themes at the width at which all is in view one below the other, and the other width once.
LOOKS: tuple[tuple[int, str, tuple[tuple[str, dict[str, Any]], ...]], ...] = (
    (390, "dark", (EVERYTHING,)),
    (390, "light", (COLOURS,)),
    (1440, "light", (ALL_BUT_COLOURS, NEW_COLOURS)),
)
KEEP_COLOURS = """() => {
    const seen = new WeakMap();
    const isInView = (element) => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
    const looks = (element) => {
        const {fontSize, fontWeight, opacity} = getComputedStyle(element);
        const colours = [];
        for (let each = element; each; each = each.parentElement) {
            const {color, backgroundColor, backgroundImage} = getComputedStyle(each);
            colours.push(each === element ? color : "", backgroundColor, backgroundImage);
        }
        return [fontSize, fontWeight, opacity, ...colours].join();
    };
    const all = () => [...document.querySelectorAll("main, main *")].filter(isInView);
    all().forEach((element) => seen.set(element, looks(element)));
    window.keptColours = {others: () => all().filter((element) => seen.get(element) !== looks(element))};
}"""
# Of what repeats, such as rows and what they say, three are looked at: the fourth of one shape has nothing to add.
TAKE_REPETITIONS_AWAY = """() => {
    const numbers = new Map(), shapes = new Map();
    const shape = (element) => {
        const own = `${element.tagName} ${element.getAttribute("class")} ${[...element.children].map(shape)}`;
        if (!numbers.has(own)) numbers.set(own, numbers.size);
        shapes.set(element, numbers.get(own));
        return numbers.get(own);
    };
    shape(document.body);
    // Headings give a page its order, and others name themselves after what has an id.
    const isAlone = (element) => !element.matches("h1, h2, h3, h4, [id]") && !element.querySelector("h1, h2, h3, h4");
    for (const parent of document.querySelectorAll("main, main *")) {
        const alike = Map.groupBy([...parent.children], (child) => shapes.get(child));
        alike.forEach((each) => each.slice(3).filter(isAlone).forEach((element) => element.remove()));
    }
}"""
# Of a longer page the picture shows so many pixels.
PICTURED = 4_000
# Started in every tab before any is waited for. Of no elements nothing is wrong.
BEGIN_AXE = """window.looked = (async (places, options) => {
    if (Array.isArray(places) && !places.length) return [];
    const {violations} = await axe.run(Array.isArray(places) ? {include: places} : places, options);
    return violations.map(({id, nodes}) => `${id}: ${nodes[0].html.slice(0, 160)}`);
})(%s, %s); null"""
# What a pointer can use and the Tab key does not come to: without an address, behind another, or taken out of the row.
ONLY_BY_MOUSE = """() => {
    const control = "a[href], button, input, select, textarea, summary, [tabindex]";
    const hidden = (element) => !element.checkVisibility({visibilityProperty: true});
    const found = [...document.querySelectorAll("body *")].filter((element) => {
        if (hidden(element)) return false;
        if (element.matches(control)) return element.tabIndex > 0 || (element.closest("[inert], [aria-hidden=true]")
            && element.tabIndex === 0);
        return getComputedStyle(element).cursor === "pointer" && !element.closest(`${control}, label, svg, canvas`);
    });
    return found.map((element) => `not for keys: ${element.outerHTML.slice(0, 160)}`);
}"""


def addresses() -> Iterator[str]:
    for place in every_place():
        if not place.is_region and place.name not in NOT_OURS:
            yield from (place.address + query for query in ("", *QUERIES.get(place.name, ())))


def read_corpus() -> None:
    """The corpus beside what is there already, if it is anywhere."""
    if not (corpus := corpus_folder()).is_dir():
        return
    for plans in sorted((corpus / "plans").iterdir()):
        add_manual_root(str(plans), plans.name)
    sync([corpus / "claude"])


def write_one_of_each(folder: Path) -> None:
    """The session with the most lines: every kind of card is in it, and a subagent."""
    worker = [s.side(s.prompt("ew1", 15, text="# Look"), "eyes"), s.side(s.reply("ew2", 16), "eyes")]
    s.append(folder, s.main_path("each"), s.lines(s.forked(one_of_each("eyes"), "each")))
    s.append(folder, s.agent_path("eyes", "each"), s.lines(s.forked(worker, "each")))


def name_things() -> None:
    """Something of everything that people make."""
    SavedView.objects.create(name="Failures", query="status=failed", created_at=NOW)
    rule = fired_rule("dear", subject=s.uid("w"), note="Look *there*", link="https://example.org/runbook")
    channel = Channel.objects.create(
        public_id="ops", name="Ops", kind="webhook", target="https://hooks.example.org/a"
    )
    event = AlertEvent.objects.get(rule=rule)
    Delivery.objects.create(
        event=event, channel=channel, created_at=NOW, not_before=NOW, last_error="no route"
    )
    Silence.objects.create(
        rule=rule, starts_at=NOW, ends_at=NOW + timedelta(days=999), comment="moving house"
    )
    create_token("laptop", ["read"])
    User.objects.create_user("ada")


def test_every_page_is_quiet_accessible_and_fits(
    browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    write_one_of_each(tmp_path / "claude")
    write_and_read(tmp_path, changes=[])
    name_things()
    places = list(addresses())
    read_corpus()
    # Now the session with most lines and the feature with most tasks may be others: their pages too.
    places = list(dict.fromkeys([*places, *addresses()]))
    told: list[str] = []
    with tabs(
        browser, live_server.url, color_scheme="dark", viewport={"width": 1440, "height": 900}
    ) as among:
        for turn in visits(among, places):
            for tab in turn:
                tab.page.evaluate(UNFOLD)
                tab.page.evaluate(Axe().axe_script)
                tab.complaints += tab.page.evaluate(ONLY_BY_MOUSE)
            # What only a query makes different is looked at where there is least room.
            whole = [tab for tab in turn if "?" not in tab.address]
            for tab in turn:
                see_all_of(tab)
                tab.page.evaluate(TAKE_REPETITIONS_AWAY)
            for number, (width, theme, kinds) in enumerate(LOOKS):
                for axe in kinds:
                    look_at(turn if number == 0 else whole, width, theme, axe)
                if axe == COLOURS:
                    for tab in whole:
                        tab.page.evaluate(KEEP_COLOURS)
            for tab in turn:
                use_by_keyboard(tab)
            told += [complaint for tab in turn for complaint in tab.told()]
    assert not told, "\n".join(told)


def see_all_of(tab: Tab) -> None:
    """Complain of a page that scrolls sideways, at whose widths colours change nothing; keep pictures, if asked to."""
    for width in (390, 1440):
        tab.page.set_viewport_size({"width": width, "height": 900})
        if tab.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            tab.complaints.append(f"wider than its window of {width}")
        for theme in ("dark", "light") if "PAGE_PICTURES" in os.environ else ():
            tab.page.emulate_media(color_scheme=cast("Any", theme))
            keep_picture(tab, f"{width}-{theme}")


def look_at(turn: list[Tab], width: int, theme: Any, axe: tuple[str, dict[str, Any]]) -> None:
    """Complain of what is wrong with the pages as they stand at this width in this theme."""
    for tab in turn:
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.emulate_media(color_scheme=theme)
        tab.page.evaluate(BEGIN_AXE % (axe[0], json.dumps(axe[1])))
    for tab in turn:
        tab.complaints += [f"{width} {theme}: {found}" for found in tab.page.evaluate("window.looked")]


def use_by_keyboard(tab: Tab) -> None:
    """Complain of what takes no focus, does not show it, is covered then, or is never come to by the Tab key."""
    for width in (1440, 390):
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.complaints += [f"{width}: {trouble}" for trouble in focus_troubles(tab.page)]
    if "?" not in tab.address:
        tab.complaints += never_reached(tab.page)


def keep_picture(tab: Tab, look: str) -> None:
    """As far down as anybody looks: a transcript with everything unfolded is fifty windows long."""
    name = slugify(tab.address.replace("/", " ").replace("=", " ")) or "dashboard"
    tab.page.bring_to_front()  # a tab behind another draws once a second
    width, height = tab.page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    tab.page.screenshot(
        path=Path(os.environ["PAGE_PICTURES"]) / f"{name[:80]}-{look}.jpg",
        type="jpeg",
        full_page=True,
        clip={"x": 0, "y": 0, "width": width, "height": min(height, PICTURED)},
    )


def test_threads_open_and_close_by_keyboard(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    write_and_read(tmp_path, changes=[])
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
