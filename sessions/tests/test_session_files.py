"""A session as a file: whole, right, and unable to do anything to whoever opens it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from sessions.exporting.documents import CHUNK_LINES
from sessions.exporting.file_style import file_style
from sessions.exporting.markdown_file import code, fence, inline
from sessions.models import AgentSession
from sessions.tests.samples import answer, call, prompt, record, reply, side, uid
from sessions.tests.transcripts import found, read

pytestmark = [
    pytest.mark.django_db,
    # The browser plugin's own fixtures are written in a way that pytest 10 will refuse.
    pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"),
]

ATTACKS = [
    "<script>window.ran = 1</script>",
    "<img src=https://evil.example/x onerror='window.ran = 2'>",
    "<svg onload='window.ran = 3'></svg>",
    "</pre></code></details></main><script>window.ran = 4</script>",
    "<style>body { background: url(https://evil.example/y) }</style>",
    "<iframe srcdoc='<script>parent.ran = 5</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/z'>",
    "![seen](https://evil.example/pixel.png) [go](javascript:window.ran=6) <https://evil.example>",
    '"><base href=https://evil.example/><form action=https://evil.example><input autofocus onfocus="window.ran=7">',
    "```\n</script>````\n# not a heading\n<b onmouseover=window.ran=8>",
]
HOSTILE = "\n\n".join(ATTACKS)


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def sent(client: Client, address: str) -> tuple[Any, str]:
    response: Any = client.get(address)
    assert response.status_code == 200, response.content
    return response, b"".join(response.streaming_content).decode()


def work(root: Path, text: str = "Make it *fast*") -> AgentSession:
    """A session in which everybody says the same, with a call, a thought, a subagent and a model without a price."""
    read(
        root,
        a=[
            prompt("a1", 0, "a", text, gitBranch=text[:200]),
            reply(
                "a2", 1, "a", blocks=[{"type": "thinking", "thinking": text}, {"type": "text", "text": text}]
            ),
            reply("a3", 2, "a", blocks=[call("t1", text[:100], file_path=text, **{text: text})]),
            answer(
                "a4",
                3,
                "t1",
                "a",
                content=text,
                is_error=True,
                detail={"structuredPatch": [{"lines": [f"+{text}"]}]},
            ),
            reply("a5", 4, "a", model="acme-coder-1"),
            record("system", "a6", 5, "a", subtype="api_error", error={"message": text}),
        ],
        a__worker=[
            side(prompt("s1", 2, "a", f"Aside: {text}"), "worker"),
            side(reply("s2", 3, "a"), "worker"),
        ],
    )
    return found("a")


def test_nothing_in_a_file_runs_or_asks_for_anything(
    client: Client, tmp_path: Path, browser: Browser
) -> None:
    session = work(tmp_path, HOSTILE)
    _, html = sent(client, reverse("session-html", args=[session.public_id]) + "?subagents=true")
    target = tmp_path / "session.html"
    target.write_text(html)
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(target.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.ran ?? null") is None
    assert asked == [target.as_uri()]
    assert said == []
    made = (
        "script, img, iframe, object, base, form, input, [onload], [onerror], [style], [http-equiv=refresh]"
    )
    assert page.locator(made).count() == 0
    assert page.locator("style").count() == 1
    schemes = page.evaluate("[...document.links].map(link => link.protocol)")
    assert set(schemes) <= {"https:", "http:", "mailto:", "file:"}
    assert page.evaluate("getComputedStyle(document.querySelector('.file-page')).display") == "grid"
    context.close()


def test_even_what_got_in_could_not_run(client: Client, tmp_path: Path, browser: Browser) -> None:
    """The second lock: the file's own policy."""
    session = work(tmp_path)
    _, html = sent(client, reverse("session-html", args=[session.public_id]))
    target = tmp_path / "session.html"
    target.write_text(html.replace("</main>", "".join(ATTACKS[:6]) + "</main>"))
    context = browser.new_context()
    page = context.new_page()
    loaded: list[str | None] = []
    page.on("requestfinished", lambda request: loaded.append(request.url))
    refused: list[str | None] = []
    page.on("requestfailed", lambda request: refused.append(request.failure))
    page.goto(target.as_uri())
    page.wait_for_load_state("networkidle")
    assert page.locator("main script, main img, main style").count() > 0
    assert page.evaluate("window.ran ?? null") is None
    assert loaded == [target.as_uri()]
    assert set(refused) == {"csp"}
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_file_is_read_on_any_screen(client: Client, tmp_path: Path, browser: Browser, width: int) -> None:
    session = work(tmp_path, "word " * 200 + "x" * 500 + "\n\n    " + "y" * 500)
    target = tmp_path / "session.html"
    target.write_text(sent(client, reverse("session-html", args=[session.public_id]))[1])
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.goto(target.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        context.close()


def test_a_file_says_what_the_session_came_to(client: Client, tmp_path: Path) -> None:
    session = work(tmp_path)
    response, html = sent(client, reverse("session-html", args=[session.public_id]))
    assert re.fullmatch(
        r'attachment; filename="session-2026-03-01-[\w.-]+\.html"', response["Content-Disposition"]
    )
    assert response["Content-Security-Policy"] == f"sandbox; frame-ancestors 'none'; {file_style().policy}"
    assert response["X-Content-Type-Options"] == "nosniff"
    text = " ".join(re.sub(r"<style>.*</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())
    assert "engine" in text
    assert "acme-coder-1 has no known price: 113 tokens are counted and in no cost" in text
    assert "With 1 subagent" in text
    assert 'id="session-1"' not in html
    assert "<em>fast</em>" in html
    _, whole = sent(client, reverse("session-html", args=[session.public_id]) + "?subagents=true")
    assert 'href="#session-1"' in whole
    assert 'id="session-1"' in whole
    assert "Aside: Make it" in whole
    assert client.get(reverse("session-html", args=["nobody"])).status_code == 404


def test_the_api_gives_the_same_files(client: Client, tmp_path: Path) -> None:
    session = work(tmp_path)
    address = f"/api/sessions/{session.public_id}/export"
    for query, kind in (
        ("", "text/html"),
        ("?format=html", "text/html"),
        ("?format=markdown", "text/markdown"),
    ):
        response, text = sent(client, address + query)
        assert response["Content-Type"].startswith(kind)
        assert "Make it" in text
    for query, named in (
        ("?format=csv", "format"),
        ("?subagents=perhaps", "subagents"),
        ("?limit=1", "limit"),
    ):
        assert list(client.get(address + query).json()["errors"]) == [named]
    assert client.get("/api/sessions/nobody/export").json()["errors"] == {}


def test_a_long_transcript_is_whole_and_comes_in_pieces(client: Client, tmp_path: Path) -> None:
    count = 2 * CHUNK_LINES + 7
    read(tmp_path, a=[prompt(f"a{n}", n, "a", f"Number {n}.") for n in range(count)])
    response: Any = client.get(reverse("session-html", args=[uid("a")]))
    pieces = list(response.streaming_content)
    assert len(pieces) > 4
    told = re.findall(r"<p>Number (\d+)\.</p>", b"".join(pieces).decode())
    assert [int(number) for number in told] == list(range(count))


def test_markdown_begins_with_the_figures(client: Client, tmp_path: Path) -> None:
    session = work(tmp_path, "What is `this`? ``` ok")
    response, text = sent(client, reverse("session-markdown", args=[session.public_id]))
    assert response["Content-Disposition"].endswith('.md"')
    front = yaml.safe_load(text.split("---\n")[1])
    assert (front["session"], front["project"], front["subagents"]) == (session.public_id, "engine", 1)
    assert (front["cost_usd"], front["unpriced_tokens"], front["output_tokens"]) == ("0.000378000", 113, 30)
    assert front["with_subagents"]["responses"] == 4
    assert front["models"] == {"acme-coder-1": 1, "claude-sonnet-4-5-20250929": 2}


def test_markdown_has_nothing_but_text_of_strangers(client: Client, tmp_path: Path) -> None:
    """Read by a parser that lets HTML and pictures through."""
    session = work(tmp_path, HOSTILE)
    _, text = sent(client, reverse("session-markdown", args=[session.public_id]) + "?subagents=true")
    body = text.split("---\n", 2)[2]
    assert dangers(body) == set()
    assert "<script>window.ran = 1</script>" in body


@given(
    st.text(st.sampled_from("`~ab\n<>![]()*_#-&:/") | st.characters(exclude_categories=["Cs"]), max_size=60)
)
def test_no_text_gets_out_of_where_it_is_put(text: str) -> None:
    assert dangers(fence(text) + f"- {inline(text)} ({code(text)})\n\n# {inline(text)}\n") == set()


def dangers(text: str) -> set[str]:
    """The kinds of tokens that could do or load something."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table"]).parse(text)
    kinds = {part.type for token in tokens for part in [token, *(token.children or [])]}
    return kinds & {"html_block", "html_inline", "image", "link_open"}


def test_pages_lead_to_the_files(client: Client, tmp_path: Path) -> None:
    session = work(tmp_path)
    detail = client.get(reverse("session-detail", args=[session.public_id])).content.decode()
    assert reverse("session-html", args=[session.public_id]) in detail
    assert reverse("session-markdown", args=[session.public_id]) in detail
    listed = client.get(reverse("session-list") + "?model=sonnet&min_cost=x&page=2&limit=10").content.decode()
    assert 'href="/api/sessions?model=sonnet&amp;format=csv"' in listed
    assert client.get("/api/sessions?model=sonnet&format=csv").status_code == 200
    dashboard = client.get("/?period=all").content.decode()
    for address in re.findall(r'href="(/api/[^"]+)"', dashboard):
        assert client.get(address.replace("&amp;", "&")).status_code == 200
    assert "/api/analytics/breakdown?dimension=model&amp;format=csv" in dashboard
