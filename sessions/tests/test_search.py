"""What can be found of sessions: through reading, appending, rewriting, rebuilding and removal."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sessions.models import AgentSession, SearchFill, SearchItem, TranscriptEntry
from sessions.scope import Projects
from sessions.search.filling import empty_index
from sessions.search.finding import NEWEST, Filters, find, kinds_named
from sessions.search.query import parsed
from sessions.search.results import Result, session_results
from sessions.tests.samples import (
    answer,
    append,
    at_ms,
    call,
    forked,
    line,
    lines,
    main_path,
    prompt,
    reply,
    write,
)
from sessions.tests.transcripts import found, read
from telemetry_site.pipeline import rebuild_all, sync

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def results(query: str, sort: str = NEWEST, **filters: Any) -> list[Result]:
    asked = parsed(query)
    page = find(asked, Filters(**filters), sort=sort, now=NOW)
    described = session_results(page.hits, asked)
    assert page.total == len(described)
    return [described[hit.id] for hit in page.hits]


def kinds(query: str, **filters: Any) -> list[str]:
    return sorted(result.kind for result in results(query, **filters))


def titled(text: str) -> dict[str, Any]:
    return {"type": "custom-title", "customTitle": text, "sessionId": found().native_id}


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A prompt, thinking with an answer, a call and what it gave."""
    blocks = [
        {"type": "thinking", "thinking": "Perhaps walnuts"},
        {"type": "text", "text": "Chestnuts it is"},
    ]
    records = [
        prompt("p", 0, text="Which nuts for src/nut_cake.py? See feat-12, crème"),
        reply("r", 1800, blocks=blocks),
        reply("c", 3600, blocks=[call("t1", "Bash", command="grep -r hazelnut .")]),
        answer("a", 3601, "t1", content="pantry/jar: hazelnut"),
    ]
    read(tmp_path, a=records)
    return tmp_path


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("nuts", ["prompt", "title"]),
        ("walnuts", ["thinking"]),
        ("chestnuts", ["answer"]),
        ("hazelnut", ["tool_input", "tool_result"]),
        ("hazelnut -pantry", ["tool_input"]),
        ('"which nuts"', ["prompt", "title"]),
        ('"nuts which"', []),
        ("chest*", ["answer"]),
        ("nut_cake src/nut_cake.py feat-12 creme", ["prompt", "title"]),
        ("CRÈME", ["prompt", "title"]),
        ("almond", []),
    ],
)
def test_what_is_found(query: str, where: list[str]) -> None:
    assert kinds(query) == where


@pytest.mark.usefixtures("talk")
def test_filters() -> None:
    session = found()
    read_project: Projects = frozenset((session.project_id or 0,))
    assert kinds("hazelnut", tool="bash") == ["tool_input", "tool_result"]
    assert kinds("hazelnut", tool="Read") == []
    assert kinds("hazelnut", kinds=kinds_named(["tool_result"])) == ["tool_result"]
    assert kinds("hazelnut", session_key=session.pk, projects=read_project) == ["tool_input", "tool_result"]
    assert kinds("hazelnut", session_key=session.pk + 1) == []
    assert kinds("hazelnut", projects=frozenset((0,))) == []
    assert kinds("hazelnut", projects=frozenset()) == []
    eleven = datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert kinds("hazelnut", start=eleven) == ["tool_input", "tool_result"]
    assert kinds("chestnuts", end=eleven) == ["answer"]
    assert kinds("chestnuts", start=eleven) == []


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize("few", [0, 300])
def test_projects_with_few_and_many_sessions(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions.search.finding.FEW_SESSIONS", few)
    project_id = found().project_id or 0
    assert kinds("hazelnut", projects=frozenset((project_id,))) == ["tool_input", "tool_result"]
    assert kinds("hazelnut", projects=frozenset((project_id + 1,))) == []


@pytest.mark.usefixtures("talk")
def test_results_lead_to_their_lines() -> None:
    result = next(r for r in results("pantry") if r.kind == "tool_result")
    use = TranscriptEntry.objects.get(at_ms=at_ms(3600))
    assert result.session == found()
    assert (result.tool, result.shown_seq, result.seq) == ("Bash", use.seq, use.seq + 1)
    assert [piece.text for piece in result.pieces if piece.is_match] == ["pantry"]
    assert result.project == found().project


def test_newest_or_best_first(tmp_path: Path) -> None:
    read(
        tmp_path,
        a=[
            prompt("p", 0, text="plum cake"),
            reply("r", 7200, blocks=[{"type": "text", "text": "a plum " * 90}]),
        ],
        b=[prompt("q", 3600, "b", text="a plum in the cake")],
    )
    texts = kinds_named(["prompt", "answer"])
    assert [r.kind for r in results("plum", kinds=texts)] == ["answer", "prompt", "prompt"]
    assert [r.kind for r in results("plum", "rank", kinds=texts)] == ["prompt", "prompt", "answer"]
    # Words in a row before words apart, though these are newer.
    best = results("plum cake", "rank", kinds=texts)
    assert [piece.text for piece in best[0].pieces] == ["plum", " ", "cake"]


def test_pages_have_honest_totals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(tmp_path, a=[prompt(f"p{n}", n, text=f"apple {n}") for n in range(5)])
    asked, only = parsed("apple"), Filters(kinds=kinds_named(["prompt"]))
    page = find(asked, only, sort=NEWEST, offset=1, limit=2, now=NOW)
    assert (len(page.hits), page.total, page.is_more) == (2, 5, False)
    monkeypatch.setattr("sessions.search.finding.MOST_MATCHES", 3)
    page = find(asked, only, sort=NEWEST, limit=2, now=NOW)
    assert (len(page.hits), page.total, page.is_more) == (2, 3, True)


def test_old_titles_come_before_many_newer_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"r{n}" for n in range(6)]
    read(
        tmp_path,
        a=[prompt("p", 0, text="apple strudel")],
        b=[answer(name, 9000 + n, name, "b", content="apple") for n, name in enumerate(names)],
    )
    monkeypatch.setattr("sessions.search.finding.MOST_MATCHES", 4)
    best = find(parsed("apple"), Filters(), now=NOW)
    assert SearchItem.Kind(best.hits[0].kind) is SearchItem.Kind.TITLE
    assert (best.total, best.is_more) == (6, True)


def test_appended_lines_are_found(talk: Path) -> None:
    append(talk, main_path(), line(prompt("more", 9000, text="And pistachios")))
    sync([talk])
    assert kinds("pistachios") == ["prompt"]
    assert kinds("walnuts") == ["thinking"]


def test_a_line_that_grew_is_found_as_it_is(tmp_path: Path) -> None:
    whole = line(prompt("p", 0, text="First"))
    half = line(prompt("q", 1, text="second half"), b"")
    write(tmp_path, {main_path(): whole + half})
    sync([tmp_path])
    assert kinds('"second half"') == ["prompt"]
    # Another record without a newline between: what was read of the first is taken back.
    write(tmp_path, {main_path(): whole + half + line(prompt("r", 2, text="third"))})
    sync([tmp_path])
    assert kinds('"second half"') == []
    assert kinds("first") == ["prompt", "title"]


def test_rewritten_files_keep_what_was_said(talk: Path) -> None:
    write(talk, {main_path(): lines([prompt("new", 50, text="Only macadamias now")])})
    sync([talk])
    assert "prompt" in kinds("macadamias")
    assert kinds("walnuts") == ["thinking"]


def test_forks_are_found_in_both_sessions(tmp_path: Path) -> None:
    history = [prompt("p", 0, text="Quince jelly")]
    read(tmp_path, a=history, b=[*forked(history, "b"), reply("r", 9, "b")])
    found_in = [r.session for r in results("quince", kinds=kinds_named(["prompt"]))]
    assert sorted(s.pk for s in found_in if s) == sorted((found("a").pk, found("b").pk))


def test_a_new_title_replaces_the_old(talk: Path) -> None:
    append(talk, main_path(), line(titled("Baking plan")))
    sync([talk])
    assert kinds("baking") == ["title"]
    append(talk, main_path(), line(titled("Cooking plan")))
    sync([talk])
    assert kinds("baking") == []
    assert kinds("cooking") == ["title"]


@pytest.mark.usefixtures("talk")
def test_a_rebuild_finds_the_same() -> None:
    queries = ("nuts", "hazelnut", "walnuts", "chest*")
    before = [kinds(query) for query in queries]
    rebuild_all()
    assert [kinds(query) for query in queries] == before
    assert not SearchItem.objects.filter(kind=SearchItem.Kind.GONE).exists()
    assert not SearchFill.objects.exists()


def test_what_was_read_before_the_index_is_filled_in_once(talk: Path) -> None:
    before = SearchItem.objects.count()
    empty_index()
    assert kinds("hazelnut") == []
    append(talk, main_path(), line(prompt("more", 9000, text="And pistachios")))
    sync([talk])
    assert kinds("hazelnut", tool="Bash") == ["tool_input", "tool_result"]
    assert kinds("pistachios") == ["prompt"]
    assert kinds("nuts") == ["prompt", "title"]
    assert SearchItem.objects.count() == before + 1
    assert not SearchFill.objects.exists()


def test_filling_goes_on_where_it_stopped(talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = SearchItem.objects.count()
    empty_index()
    monkeypatch.setattr("sessions.search.filling.ENTRIES_AT_ONCE", 1)
    asked = iter([False, False, False])
    sync([talk], stop=lambda: next(asked, True))
    assert 0 < SearchItem.objects.count() < before
    sync([talk])
    assert SearchItem.objects.count() == before


@pytest.mark.usefixtures("talk")
def test_hits_without_their_line_are_left_out() -> None:
    asked = parsed("walnuts")
    hits = find(asked, Filters(), now=NOW).hits
    TranscriptEntry.objects.all().delete()
    assert session_results(hits, asked) == {}
    AgentSession.objects.all().delete()
    assert session_results(hits, asked) == {}
