"""The inspector of a session in a real browser: the ways through a transcript, and news as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions.tests.samples import answer, append, call, line, main_path, prompt, record, reply, side, uid
from sessions.tests.test_transcript_views import odd_lines
from sessions.tests.transcripts import read
from telemetry_site.pipeline import sync

# The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")

PATCH = [{"oldStart": 3, "newStart": 3, "lines": [" a", "-port = 80", "+port = 8080"]}]
TODOS = [{"content": "Look", "status": "completed"}, {"content": "Mend", "status": "in_progress"}]
OPTIONS = [{"label": "Yes", "description": "now"}, {"label": "No", "description": ""}]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCREENSHOT = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


def now_plus(seconds: float, of: dict[str, Any]) -> dict[str, Any]:
    """The record, written so long from now."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return of | {"timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def one_of_each(agent: str = "worker") -> list[dict[str, Any]]:
    """A session with every kind of card in it, three lines apart from failing."""
    used: list[tuple[str, dict[str, Any], Any, Any]] = [
        ("Bash", {"command": "make"}, "\x1b[1;31mred\x1b[0m \x1b[42mgreen\x1b[0m", None),
        (
            "Edit",
            {"file_path": "/a", "old_string": "a", "new_string": "b"},
            "done",
            {"structuredPatch": PATCH},
        ),
        ("Write", {"file_path": "/b", "content": "one\ntwo"}, "done", {"type": "create", "filePath": "/b"}),
        ("Read", {"file_path": "/c"}, "     1→x\n     2→y", None),
        ("TodoWrite", {"todos": TODOS}, "done", {"oldTodos": [], "newTodos": TODOS}),
        (
            "AskUserQuestion",
            {"questions": [{"question": "Now?", "header": "When", "options": OPTIONS}]},
            "Yes",
            {"answers": {"Now?": "Yes"}},
        ),
        (
            "Task",
            {"prompt": "# Look\n\nat **it**", "subagent_type": "Explore"},
            "Seen",
            {"agentId": agent},
        ),
        ("WebFetch", {"url": "https://a.example/b", "prompt": "what"}, "A page", None),
        ("mcp__screen__shot", {"where": "here"}, [{"type": "text", "text": "shot"}, SCREENSHOT], None),
    ]
    lines = [prompt("p", 0, text="Begin\n\n- with a list\n- of `things`")]
    for at, (tool, given, said, detail) in enumerate(used):
        lines.append(reply(f"c{at}", 2 * at + 1, blocks=[call(f"t{at}", tool, **given)]))
        lines.append(answer(f"r{at}", 2 * at + 2, f"t{at}", content=said, detail=detail))
        lines.append(reply(f"s{at}", 2 * at + 2.5, blocks=[{"type": "text", "text": f"Step {at}"}]))
    lines += [
        reply("th", 40, blocks=[{"type": "thinking", "thinking": "Hm, *perhaps*"}]),
        record("system", "e", 41, "a", subtype="api_error", error={"message": "busy", "status": 529}),
        record("system", "m", 42, "a", subtype="compact_boundary", compactMetadata={"preTokens": 9}),
        reply("f", 43, blocks=[call("tf", "Bash", command="false")]),
        answer("fr", 44, "tf", content="Exit code 1", is_error=True),
    ]
    return lines


@pytest.fixture
def ledger(transactional_db: None, tmp_path: Path) -> None:
    worker = [side(prompt("w1", 15, text="# Look"), "worker"), side(reply("w2", 16), "worker")]
    read(tmp_path, a=one_of_each(), a__worker=worker)


@pytest.fixture
def watched_page(page: Page) -> Iterator[Page]:
    """A page of which the browser has nothing to complain."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if "//localhost:" in asked.url else complaints.append(asked.url))
    yield page
    assert complaints == []


def address(name: str, session: str = "a") -> str:
    return reverse(f"session-{name}", args=[uid(session)])


def test_keys_lead_through_a_transcript(live_server: LiveServer, ledger: None, watched_page: Page) -> None:
    page = watched_page
    page.goto(live_server.url + address("detail"))
    page.keyboard.press("d")
    edit = page.locator('[data-marks~="edit"]').first
    expect(edit).to_be_focused()
    expect(edit.locator(".diff")).to_be_visible()
    assert page.url.endswith(f"#{edit.get_attribute('id')}")
    page.keyboard.press("e")
    expect(page.locator(".is-at")).to_have_attribute("data-marks", "error")
    page.keyboard.press("p")
    expect(page.locator(".is-at")).to_contain_text("Begin")
    # The server knows that there is no more, and says so.
    page.keyboard.press("c")
    expect(page.get_by_text("There is not a commit after this.")).to_be_visible()


def test_images_and_subagents_come_when_they_are_asked_for(
    live_server: LiveServer, ledger: None, watched_page: Page
) -> None:
    page = watched_page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live_server.url + address("detail"))
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "/images/" in url or url.endswith("/inline")]
    page.evaluate("document.querySelectorAll('.entry details').forEach(fold => { fold.open = true })")
    page.locator(".shown-image").scroll_into_view_if_needed()
    expect(page.locator(".shown-image")).to_have_js_property("naturalWidth", 1)
    fold = page.locator(".subagent > summary")
    fold.click()
    expect(page.locator(".subagent-body")).to_contain_text("Reply w2")


def test_hostile_words_do_nothing(
    live_server: LiveServer, transactional_db: None, watched_page: Page, tmp_path: Path
) -> None:
    read(tmp_path, a=odd_lines())
    page = watched_page
    page.on("dialog", lambda dialog: pytest.fail(f"A transcript opened {dialog.message!r}"))
    page.add_init_script("addEventListener('securitypolicyviolation', e => console.log(e.blockedURI))")
    for place in (
        "?q=alert",
        "?after=60",
        *(f"/{tab}" for tab in ("timeline", "tools", "files", "artifacts")),
    ):
        page.goto(live_server.url + address("detail") + place)
        page.wait_for_load_state("networkidle")
        page.evaluate("document.querySelectorAll('main details').forEach(fold => { fold.open = true })")
        assert page.locator("main [onclick], main [onload], main [onerror], main [onmouseover]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place


def test_news_appears_and_takes_nothing_from_the_reader(
    live_server: LiveServer, transactional_db: None, watched_page: Page, tmp_path: Path
) -> None:
    early = [now_plus(n - 60, prompt(f"a{n}", 0, text=f"Line {n} of many")) for n in range(40)]
    pending = now_plus(-5, reply("b", 0, stop="tool_use", blocks=[call("t1", "Bash", command="sleep 9")]))
    read(tmp_path, a=[*early, pending])
    page = watched_page
    page.goto(live_server.url + address("detail"))
    waiting = page.locator("#entry-41")
    waiting.locator("summary").first.click()
    expect(waiting.locator("summary").first).to_be_focused()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#entry-38 .prose'))")
    scrolled = page.evaluate("scrollY")
    assert scrolled > 0

    news = [now_plus(0, answer("c", 0, "t1", content="slept")), now_plus(0, reply("d", 0))]
    append(tmp_path, main_path(), b"".join(map(line, news)))
    sync([tmp_path])
    expect(page.get_by_text("Reply d")).to_be_attached(timeout=4000)
    expect(waiting).to_contain_text("slept")
    expect(waiting).to_have_attribute("data-outcome", "ok")
    expect(waiting.locator("details").first).to_have_attribute("open", "")
    expect(waiting.locator("summary").first).to_be_focused()
    expect(page.locator("#entry-count")).to_have_text("43")
    assert page.evaluate("scrollY") == scrolled
    assert page.evaluate("getSelection().toString().trim()") == "Line 37 of many"

    # And again, behind what came before.
    append(tmp_path, main_path(), line(now_plus(1, reply("e", 0))))
    sync([tmp_path])
    expect(page.get_by_text("Reply e")).to_be_attached(timeout=4000)
    assert page.locator(".transcript .entry", has_text="Reply d").count() == 1
