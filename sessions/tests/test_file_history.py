"""What sessions did to one file: every call once, in the session that made it, and nothing guessed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions.files import history as history_module
from sessions.files.history import file_history, other_sessions
from sessions.files.querysets import calls_on, touches_by_session
from sessions.models import Project
from sessions.scope import only
from sessions.tests.samples import START, answer, at, call, forked, prompt, reply, side, uid
from sessions.tests.transcripts import found, read

pytestmark = pytest.mark.django_db
PATH = "/home/ada/engine/pump.py"
LONG = "/home/ada/" + "deep/" * 60
PATCH = {"structuredPatch": [{"lines": ["+a", "+b", "-c"]}]}
CREATED: dict[str, Any] = {"type": "create", "content": "a\nb", "structuredPatch": []}


def work(session: str, *steps: tuple[str, str, dict[str, Any]], first: float = 0, **more: Any) -> list[Any]:
    """A prompt, then a call a second with its answer: the tool, the path and what differs in the answer."""
    lines = [prompt(f"{session}p", first, session, **more)]
    for n, (tool, path, told) in enumerate(steps):
        moment, key = first + 2 * n + 1, f"{session}{n}"
        lines.append(reply(f"{key}r", moment, session, blocks=[call(key, tool, file_path=path)], **more))
        lines.append(answer(f"{key}a", moment + 1, key, session, **told, **more))
    return lines


def detail(path: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"detail": {"filePath": path, **given}}


@pytest.fixture
def touched(tmp_path: Path) -> None:
    """Session a makes the file and its subagent reads it; b changes it twice, once without telling its lines, and
    fails once; c changes a file of the same name in another project, d only one beside it."""
    worker = work("worker", ("Read", PATH, {}), first=10)
    elsewhere = {"cwd": "/home/ada/tank"}
    read(
        tmp_path,
        a=work("a", ("Write", PATH, detail(PATH, CREATED))),
        a__worker=[side({**line, "sessionId": uid("a")}, "worker") for line in worker],
        b=work(
            "b",
            ("Edit", PATH, detail(PATH, PATCH)),
            ("Edit", PATH, {}),
            ("Edit", PATH, {"content": "String to replace not found", "is_error": True}),
            first=100,
        ),
        c=work("c", ("Edit", PATH, detail(PATH, PATCH)), first=200, **elsewhere),
        d=work("d", ("Read", f"{PATH}i", {}), ("Read", "pump.py", {}), first=300),
    )


def told(path: str = PATH, **asked: Any) -> list[tuple[str, int, int, int, int | None, int | None]]:
    """(session, calls, failed, changes, lines added, removed), in the order of the page."""
    names = {found(letter).pk: letter for letter in "abcd"} | {found("a", "worker").pk: "worker"}
    rows = file_history(path, page=asked.pop("page", None), **asked).page.object_list
    return [
        (names[row.session.pk], t.calls, t.failures, t.changes, t.lines_added, t.lines_removed)
        for row in rows
        if (t := row.touches)
    ]


def test_every_session_that_touched_a_file_the_latest_first(touched: None) -> None:
    assert told() == [
        ("c", 1, 0, 1, 2, 1),
        ("b", 3, 1, 2, 2, 1),
        ("worker", 1, 0, 0, None, None),
        ("a", 1, 0, 1, 2, 0),
    ]
    history = file_history(PATH, page=None)
    totals = history.touches
    assert (history.sessions, totals.calls, totals.failures, totals.reads, totals.changes) == (4, 6, 1, 1, 4)
    assert (totals.created, totals.deleted, totals.lines_added, totals.lines_removed) == (1, 0, 6, 2)
    # One of the changes does not say how many lines it was.
    assert totals.untold == 1
    assert totals.first_at == START.replace(second=1)
    assert totals.last_at == datetime.fromisoformat(at(201)).astimezone(UTC)


def test_only_the_path_itself_is_matched(touched: None) -> None:
    assert told("pump.py") == [("d", 1, 0, 0, None, None)]
    assert [row[0] for row in told(f"{PATH}i")] == ["d"]
    nothing = file_history(PATH.upper(), page=None)
    assert (nothing.sessions, nothing.touches.calls, nothing.touches.lines_added) == (0, 0, None)
    assert told("") == told("/home/ada/engine/%") == []


def test_rows_lead_to_the_first_and_the_last_call(touched: None) -> None:
    rows = {row.session.pk: row for row in file_history(PATH, page=None).page.object_list}
    b, worker = rows[found("b").pk], rows[found("a", "worker").pk]
    assert (b.first_seq, b.last_seq) == (2, 6)
    assert (worker.first_seq, worker.last_seq) == (2, 2)


def test_a_project_has_only_its_own_sessions(touched: None) -> None:
    engine, tank = (Project.objects.get(name=name).pk for name in ("engine", "tank"))
    assert [row[0] for row in told(projects=only(engine))] == ["b", "worker", "a"]
    assert file_history(PATH, page=None, projects=only(tank)).touches.lines_added == 2
    assert told(projects=frozenset()) == []


def test_others_are_the_sessions_of_the_project_without_this_one(touched: None) -> None:
    asked = [PATH, f"{PATH}i", "/nothing"]
    assert other_sessions(found("b"), asked) == {PATH: 2, f"{PATH}i": 0}
    assert other_sessions(found("c"), asked) == {PATH: 0}
    orphan = found("c")
    orphan.project = None
    assert other_sessions(orphan, asked) == {}


def test_long_paths_that_begin_alike_are_two_files(tmp_path: Path) -> None:
    read(
        tmp_path,
        a=work("a", ("Read", f"{LONG}a", {})),
        b=work("b", ("Read", f"{LONG}b", {}), ("Read", f"{LONG}a", {})),
    )
    assert file_history(f"{LONG}a", page=None).sessions == 2
    assert file_history(f"{LONG}b", page=None).sessions == 1
    assert other_sessions(found("b"), [f"{LONG}a", f"{LONG}b"]) == {f"{LONG}a": 1, f"{LONG}b": 0}


def test_of_a_path_too_long_to_keep_the_beginning_counts(tmp_path: Path) -> None:
    endless = "/" + "Ωä" * 2000
    read(tmp_path, a=work("a", ("Read", endless, {})))
    assert file_history(endless, page=None).sessions == 1


def test_what_stands_in_two_transcripts_was_done_once(tmp_path: Path) -> None:
    lines = work("a", ("Edit", PATH, detail(PATH, PATCH)))
    read(tmp_path, a=lines, b=[*forked(lines, "b"), prompt("bp", 60, "b")])
    history = file_history(PATH, page=None)
    assert (history.sessions, history.touches.calls, history.touches.lines_added) == (1, 1, 2)


def test_pages_hold_each_session_once(touched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "SESSIONS_ON_A_PAGE", 3)
    assert [row[0] for number in ("1", "2") for row in told(page=number)] == ["c", "b", "worker", "a"]
    assert told(page="99") == told(page="2")
    assert file_history(PATH, page="2").touches == file_history(PATH, page=None).touches


def test_more_sessions_are_no_more_queries(touched: None) -> None:
    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            file_history(path, page=None)
        return len(asked)

    assert count(PATH) == count("pump.py")


@pytest.mark.one_database("sqlite")
def test_calls_on_other_files_are_not_looked_at(touched: None) -> None:
    """Without the index a history would be a walk through all calls. PostgreSQL walks through few rows anyhow."""
    engine = only(Project.objects.get(name="engine").pk)
    for question in (calls_on(PATH), touches_by_session(calls_on(PATH, engine))):
        assert "SEARCH agent_sessions_toolcall USING INDEX tool_call_path" in question.explain()
