"""Two hundred payloads in every text there is, and every page in a real browser: they are words and do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from sessions.tests.samples import CWD, uid
from telemetry_site.tests.browsing import UNFOLD, tabs, visits
from telemetry_site.tests.every_page import admin_pages, every_place
from telemetry_site.tests.hostile_world import write_and_read_hostile
from telemetry_site.tests.payloads import BIDI, PAYLOADS, mark

# The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")

FEWEST = 200
MORE = {
    "dashboard": ("?period=all",),
    "explore": (
        "?metric=session_tokens&by=model&period=all",
        "?metric=session_tokens&by=project&period=all",
        "?metric=session_tokens&by=feature&period=all",
        "?metric=tool_call_count&by=tool&period=all&view=table",
    ),
    "compare": ("?period=all",),
    "correlation": ("?period=all",),
    "feature-list": ("?view=list",),
    "search": tuple(f"?q=evil{number}x" for number in (0, 70, 110, 170)),
    "go": ("?q=evil",),
    "file-history": tuple(f"?path={quote(f'{CWD}/{words}')}" for words in PAYLOADS[:8]),
    "session-list": ("?q=%22%3E%3Csvg+onload%3Dalert(1)%3E&model=%3Cscript%3E",),
}
# What stands in the document and in what it can lead to; `evil` is in the id of every element a payload would make.
# Chart.js and Swagger UI set styles of their own, the latter of a description in which there are no data.
LOOK = """() => {
    const found = [];
    const say = (element, what) => found.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
    for (const element of document.querySelectorAll("*")) {
        if (/^evil/.test(element.id)) say(element, "an element of a payload");
        for (const {name, value} of element.attributes) {
            if (/^(on|style$)/.test(name) && !element.matches("canvas, #api-docs *")) say(element, name);
            if (/^(data-)?hx-/.test(name) && /evil\\.example|js:|javascript:|load\\[/.test(value)) say(element, name);
            if (/^(href|src|action|formaction|poster|srcset|data|xlink:href)$/.test(name)
                && /^[\\s\\x00-\\x1f]*(javascript|vbscript|data|file):/i.test(value)) say(element, name);
        }
        if (element instanceof HTMLAnchorElement && element.href && element.origin !== location.origin
            && !/^(https?:|mailto:)$/.test(element.protocol)) say(element, "leads to");
    }
    return found;
}"""


def addresses() -> Iterator[str]:
    for place in every_place():
        yield from (place.address + query for query in ("", *MORE.get(place.name, ())))
    for session in ("cards", "singles"):
        yield from (reverse(f"session-{tab}", args=[uid(session)]) for tab in ("tools", "files", "cost"))
    singles = reverse("session-detail", args=[uid("singles")])
    yield from (f"{singles}?after={line}" for line in range(0, 4 * len(PAYLOADS), 80))
    yield reverse("session-detail", args=[uid("cards")])


def as_text(text: str) -> set[int]:
    """The numbers of the payloads whose words stand on a page."""
    return {int(number) for number in re.findall(r"evil(\d+)x", text)}


def test_there_are_enough_payloads() -> None:
    assert len(PAYLOADS) >= FEWEST
    assert all(mark(number) in words for number, words in enumerate(PAYLOADS))


def test_payloads_are_words_on_every_page(browser: Browser, live_server: LiveServer, tmp_path: Path) -> None:
    write_and_read_hostile(tmp_path)
    told, shown = [], set()
    with tabs(browser, live_server.url) as among:
        among[0].page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": logged_in(), "url": live_server.url}]
        )
        for turn in visits(among, [*addresses(), *admin_pages()]):
            for tab in turn:
                tab.page.evaluate(UNFOLD)
                tab.complaints += tab.page.evaluate(LOOK)
                text = str(tab.page.evaluate("document.body.innerText"))
                shown |= as_text(text)
                if turning := set(BIDI) & set(text):
                    tab.complaints.append(f"writes that turns around: {turning}")
                told += tab.told()
    assert told == []
    assert shown >= set(range(len(PAYLOADS)))


def logged_in() -> str:
    """The key of a log-in of somebody who may see the admin."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client.cookies[settings.SESSION_COOKIE_NAME].value
