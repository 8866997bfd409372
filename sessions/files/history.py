"""What sessions did to one file: its history as far as transcripts tell it.

A file is known by the path that calls name it by, letter for letter. The same file under another spelling, seen from
another folder or in another worktree, has a history of its own: nothing is guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator

from sessions.files.querysets import (
    calls_on,
    ends_by_session,
    session_counts,
    touch_totals,
    touches_by_session,
)
from sessions.models import AgentSession, ToolCallCopy, TranscriptEntry
from sessions.scope import Projects
from sessions.selectors.transcript_items import moment

SESSIONS_ON_A_PAGE = 50
PATH_CHARS = 2000  # of a longer path, calls keep the beginning


@dataclass(frozen=True, slots=True)
class Touches:
    """What calls did to a file. Lines are None where no change tells them; `untold` changes do not."""

    calls: int
    failures: int  # calls that did not succeed: those without an answer are among them
    reads: int
    changes: int
    created: int
    deleted: int
    lines_added: int | None
    lines_removed: int | None
    untold: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionTouches:
    """What one session itself did; the lines of its first and last call are None where they are not there."""

    session: AgentSession
    touches: Touches
    first_seq: int | None
    last_seq: int | None


@dataclass(frozen=True, slots=True)
class FileHistory:
    """All sessions' touches together, and a page of `SessionTouches`, the session with the latest call first."""

    path: str
    sessions: int
    touches: Touches
    page: Page[Any]


def file_history(path: str, *, page: str | None, projects: Projects = None) -> FileHistory:
    """The history of the file with exactly this path, in these projects, in a fixed number of queries."""
    calls = calls_on(path[:PATH_CHARS], projects)
    totals = touch_totals(calls)
    found: Page[Any] = Paginator(range(totals["sessions"]), SESSIONS_ON_A_PAGE).get_page(page)
    first = max(found.start_index() - 1, 0)
    rows = list(touches_by_session(calls)[first : first + SESSIONS_ON_A_PAGE])
    found.object_list = _sessions(calls, rows)
    return FileHistory(path, totals["sessions"], _touches(totals), found)


def _sessions(calls: Any, rows: list[dict[str, Any]]) -> list[SessionTouches]:
    keys = [row["owner_id"] for row in rows]
    sessions = AgentSession.objects.light().select_related("project").in_bulk(keys)
    firsts, lasts = _ends(calls.filter(owner_id__in=keys))
    return [
        SessionTouches(sessions[key], _touches(row), firsts.get(key), lasts.get(key))
        for key, row in zip(keys, rows, strict=True)
        if key in sessions
    ]


def _ends(calls: Any) -> tuple[dict[int, int], dict[int, int]]:
    """{session: line of its first call}, and the same of its last one."""
    ends = list(ends_by_session(calls))
    seqs = _seqs({(owner, call) for owner, call, _, _ in ends})
    told = [end for end in ends if end[:2] in seqs]
    return (
        {owner: seqs[owner, call] for owner, call, from_first, _ in told if from_first == 1},
        {owner: seqs[owner, call] for owner, call, _, from_last in told if from_last == 1},
    )


def _seqs(places: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """{(session, call): the seq of the line of the session that makes the call}."""
    copies = ToolCallCopy.objects.filter(call_id__in={call for _, call in places}).exclude(use_entry_id=None)
    entries = {
        (session, call): entry
        for session, call, entry in copies.values_list("session_id", "call_id", "use_entry_id")
        if (session, call) in places
    }
    seqs = dict(TranscriptEntry.objects.filter(pk__in=entries.values()).values_list("pk", "seq"))
    return {place: seqs[entry] for place, entry in entries.items() if entry in seqs}


def _touches(row: dict[str, Any]) -> Touches:
    counts = ("calls", "failures", "reads", "changes", "created", "deleted", "untold")
    return Touches(
        **{name: row[name] for name in counts},
        lines_added=row["added"],
        lines_removed=row["removed"],
        first_at=moment(row["first_ms"]),
        last_at=moment(row["last_ms"]),
    )


def other_sessions(session: AgentSession, paths: Iterable[str]) -> dict[str, int]:
    """{path: how many other sessions of the session's project touched that file}, for files it touched itself.

    Without a project there are none to compare with.
    """
    if session.project_id is None:
        return {}
    counts = session_counts(paths, session.project_id)
    return {path: n - 1 for path, n in counts.items()}
