"""The weights of an entry: each is written where it holds, and no word of a transcript becomes markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sessions.models import AgentSession
from sessions.parsers.display import ShownText
from sessions.selectors import ResponseFigures, TranscriptItem
from telemetry_site.templatetags.entries import entry_meta, file_entry_meta

AT = datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)
RESPONSE = ResponseFigures("claude-x", 100, 20, 3000, 50, 12_000_000, False, False, False)
ITEM = TranscriptItem(
    7, 0, 7, "answer", "Answer", ShownText("", 0), "", False, AT, False, False, False, (0, 1), (RESPONSE,)
)
SESSION = AgentSession(public_id="a/b", model="claude-x")
EVIL = "<img src=x onerror=alert(1)>\"'"


def test_an_entry_tells_its_usage_time_and_places() -> None:
    html = entry_meta(SESSION, ITEM)
    assert "3\u202f150" in html and "context</span>" in html
    assert ">20</data> out" in html and "≥" not in html
    assert 'value="0.012"' in html
    assert "claude-x" not in html  # it is the model of the session
    assert 'href="/sessions/a~2Fb?at=7#entry-7"' in html
    assert 'href="/sessions/a~2Fb/lines/7"' in html


def test_a_summary_holds_no_links() -> None:
    html = entry_meta(SESSION, ITEM, True)
    assert "<a " not in html
    assert "<span>#7</span>" in html


def test_what_is_uncertain_is_marked() -> None:
    response = replace(
        RESPONSE, model="other", cost_nano_usd=None, is_partial=True, is_lower_bound=True, is_inherited=False
    )
    item = replace(ITEM, responses=(response,), superseded=True, off_branch=True, is_sidechain=True)
    html = entry_meta(SESSION, item)
    for word in ("other", "≥ ", "unpriced", "partial", "replaced", "taken back", "side chain"):
        assert word in html
    inherited = replace(ITEM, responses=(replace(RESPONSE, is_inherited=True),))
    assert "inherited" in entry_meta(SESSION, inherited)
    assert "0.012" not in entry_meta(SESSION, inherited)


def test_a_file_has_no_links_and_its_times_in_full() -> None:
    html = file_entry_meta(SESSION, ITEM)
    assert "<a " not in html
    assert "2 images, not shown" in html
    assert '<time datetime="2026-03-01T10:00:05+00:00">1 Mar 10:00:05</time>' in html


def test_names_of_models_stay_text() -> None:
    session = AgentSession(public_id=EVIL, model="claude-x")
    item = replace(ITEM, responses=(replace(RESPONSE, model=EVIL),))
    for html in (entry_meta(session, item), file_entry_meta(session, item)):
        assert "<img" not in html
        assert "&lt;img" in html
