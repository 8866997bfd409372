"""The transcript page as a browser gets it: cards, deep links, jumps, search, images, subagents."""

import base64
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sessions.tests.samples import answer, call, prompt, reply, side, uid
from sessions.tests.test_views import HOSTILE, HTMX, client, page
from sessions.tests.transcripts import found, read

__all__ = ["client"]
pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"made up"
ODD_WORDS = (
    HOSTILE,
    "</script><svg/onload=alert(1)>",
    "[a](javascript:alert(1)) ![b](data:text/html,c) [d](//evil.example)",
    "<a href=javascript:alert(1) hx-get=/x data-hx-post=/y style=color:red>z</a>",
    "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07 \x1b[31mred\x1b[0m \u202egnp.exe {{ 7|add:7 }} {% debug %}",
    "` onmouseover=alert(1) ` \" ' > </pre></details></li></ol><form action=/tokens/new>",
)


def odd_lines() -> list[dict[str, Any]]:
    """A session in which every card, prompt, answer and thought is an attack."""
    lines: list[dict[str, Any]] = [prompt("p", 0)]
    for at, words in enumerate(ODD_WORDS):
        calls: dict[str, dict[str, Any]] = {
            "Bash": {"command": words, "description": words},
            "Edit": {"file_path": words, "old_string": words, "new_string": words + words},
            "Write": {"file_path": words, "content": words},
            "Read": {"file_path": words},
            "TodoWrite": {"todos": [{"content": words, "status": words}]},
            "Task": {"prompt": words, "subagent_type": words},
            "AskUserQuestion": {"questions": [{"question": words, "options": [{"label": words}]}]},
            "ExitPlanMode": {"plan": words},
            "WebFetch": {"url": words},
            words: {words: words},
        }
        said = [{"type": "text", "text": words}, {"type": "thinking", "thinking": words}]
        lines += [prompt(f"p{at}", at, text=words), reply(f"s{at}", at, blocks=said)]
        for tool, given in calls.items():
            name = f"{at}{tool[:12]}"
            lines += [
                reply(name, at, blocks=[call(f"c{name}", tool, **given)]),
                answer(f"r{name}", at, f"c{name}", content=words, detail={"answers": {words: words}}),
            ]
    return lines


def test_every_card_shows_hostile_words_as_words(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=odd_lines())
    html = page(client, "session-detail", uid("a"), query=f"?at=3&q={HOSTILE}")
    html += page(client, "session-detail", uid("a"), query="?after=60")
    attributes = attributes_of(html)
    assert {name for name, _ in attributes if name.startswith("on") or name == "style"} == set()
    asked = {value for name, value in attributes if name.startswith(("hx-", "data-hx-"))}
    assert asked.isdisjoint({"/x", "/y"})
    leading = {
        value.split(":", 1)[0] for name, value in attributes if name in ("href", "src") and ":" in value
    }
    assert leading <= {"http", "https"}
    assert "\u202e" not in html
    assert 'class="ansi-1"' in html


def attributes_of(html: str) -> list[tuple[str, str]]:
    """Every attribute of every element of a page, as a browser reads it."""
    found: list[tuple[str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("img", "iframe", "object", "embed", "base", "math")
            assert tag != "script" or dict(attrs).get("src", "").startswith("/static/")  # type: ignore[union-attr]
            found.extend((name, value or "") for name, value in attrs)

    Reader().feed(html)
    return found


def test_an_entry_is_opened_and_marked_by_its_address(client: Client, tmp_path: Path) -> None:
    lines = [prompt(f"a{n}", n, text=f"Number {n}.") for n in range(200)]
    lines += [reply("call", 300, blocks=[call("t1")]), answer("answer", 301, "t1", content="found it")]
    read(tmp_path, a=lines)
    html = page(client, "session-detail", uid("a"), query="?at=150")
    assert 'class="entry entry-user is-at" id="entry-150"' in html
    assert "Number 143." in html
    assert "Number 140." not in html
    # A result is shown with its call, which is unfolded.
    html = page(client, "session-detail", uid("a"), query="?at=202")
    assert 'class="entry entry-tool is-at"' in html
    assert "<details open>" in html.split('id="entry-201"')[1]
    assert "Number 199." in page(client, "session-detail", uid("a"), query="?at=end")


def test_jumps_lead_to_the_next_landmark_or_say_that_there_is_none(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0), reply("a2", 1), prompt("a3", 2)])
    address = reverse("session-detail", args=[uid("a")])

    def jump(way: str, kind: str, query: str) -> str:
        return str(
            client.get(reverse("session-jump", args=[uid("a"), way, kind]) + query).headers["Location"]
        )

    assert jump("next", "prompt", "?from=1") == f"{address}?at=3#entry-3"
    assert jump("previous", "prompt", "?from=3") == f"{address}?at=1#entry-1"
    gone = jump("next", "error", "?from=1")
    assert gone == f"{address}?none=next-error&at=1#entry-1"
    assert "There is not an error after this." in client.get(gone).content.decode()
    assert client.get(reverse("session-jump", args=[uid("a"), "next", "nothing"])).status_code == 404
    assert "<script" not in page(client, "session-detail", uid("a"), query="?none=<script>").split("<main")[1]


def test_words_are_found_in_this_session_alone(client: Client, tmp_path: Path) -> None:
    read(
        tmp_path,
        a=[prompt("a1", 0, "a", "A walrus sleeps")],
        b=[prompt("b1", 0, "b", "Another walrus wakes")],
    )
    html = page(client, "session-detail", uid("a"), query="?q=walrus")
    assert "<mark>walrus</mark> sleeps" in html
    assert "wakes" not in html
    assert 'href="?q=walrus&amp;at=1#entry-1"' in html
    assert "Nothing in this transcript matches" in page(client, "session-detail", uid("a"), query="?q=zebra")
    assert "at least one word" in page(client, "session-detail", uid("a"), query="?q=-walrus")


def test_images_are_shown_on_demand_and_only_as_what_they_are(client: Client, tmp_path: Path) -> None:
    def image(data: bytes, claimed: str = "image/png") -> dict[str, Any]:
        encoded = base64.b64encode(data).decode()
        return {"type": "image", "source": {"type": "base64", "media_type": claimed, "data": encoded}}

    asked = prompt("a1", 0) | {
        "message": {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                image(PNG, "text/html"),
                image(b"<svg onload=alert(1)>", "image/svg+xml"),
            ],
        }
    }
    shot = [{"type": "text", "text": "shot"}, image(b"\xff\xd8\xff made up")]
    read(
        tmp_path,
        a=[asked, reply("a2", 1, blocks=[call("t1", "Screenshot")]), answer("a3", 2, "t1", content=shot)],
    )
    html = page(client, "session-detail", uid("a"))
    for place in ((1, 0), (1, 1), (3, 0)):
        assert f'loading="lazy" src="{reverse("session-image", args=[uid("a"), *place])}"' in html

    drawn = client.get(reverse("session-image", args=[uid("a"), 1, 0]))
    assert (drawn.headers["Content-Type"], drawn.content) == ("image/png", PNG)
    assert drawn.headers["X-Content-Type-Options"] == "nosniff"
    policy = drawn.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "frame-ancestors 'none'" in policy
    saved = client.get(reverse("session-image", args=[uid("a"), 1, 1]))
    assert saved.headers["Content-Type"] == "application/octet-stream"
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert client.get(reverse("session-image", args=[uid("a"), 3, 0]))["Content-Type"] == "image/jpeg"
    for seq, number in ((1, 2), (2, 0), (99, 0), (1 << 70, 0)):
        assert client.get(f"/sessions/{uid('a')}/lines/{seq}/images/{number}").status_code == 404


def test_a_subagent_is_read_inside_of_the_call_that_started_it(client: Client, tmp_path: Path) -> None:
    spawn = reply("a2", 1, blocks=[call("t1", "Task", prompt="Look around", subagent_type="Explore")])
    done = answer("a3", 9, "t1", content="All seen", detail={"agentId": "worker", "status": "completed"})
    read(
        tmp_path,
        a=[prompt("a1", 0), spawn, done],
        a__worker=[side(prompt("w1", 2, text="Look around"), "worker"), side(reply("w2", 3), "worker")],
    )
    worker = found("a", "worker")
    inline = reverse("session-inline", args=[worker.public_id])
    assert f'hx-get="{inline}"' in page(client, "session-detail", uid("a"))
    html = page(client, "session-inline", worker.public_id, **HTMX)
    assert "Reply w2" in html
    assert 'id="entry-' not in html  # the ids of two transcripts on one page must differ
    assert "<html" not in html
    assert client.get(inline).headers["Location"] == reverse("session-detail", args=[worker.public_id])


def test_the_outline_is_a_region_and_a_page(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, text=f"First {HOSTILE}"), reply("a2", 1)])
    for headers in ({}, HTMX):
        html = page(client, "session-outline", uid("a"), **headers)
        assert "?at=1#entry-1" in html
        assert "First &lt;script&gt;" in html
    assert "<html" not in html
