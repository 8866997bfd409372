"""Which session's conversation a session goes on with under an id of its own (R24).

Such a session begins with a text that says so. What it continues is told by the file that the text names, by the line
that its beginning answers, or by the summary written before it; told by nothing, or by several, it stays unknown.
"""

from collections.abc import Iterable

from sessions.bulk import rows_where_in
from sessions.derive.gather import Gathered
from sessions.models import AgentSession, TranscriptEntry
from sessions.parsers.keys import uuid_key
from sessions.parsers.records import SessionRef


def continued_from(sessions: Iterable[AgentSession], facts: dict[int, Gathered]) -> dict[int, int]:
    """{session: the trunk it continues}, of those that are told to continue one that is known."""
    beginnings = {s.pk: told for s in sessions if not s.agent_id and (told := _told(s, facts[s.pk]))}
    holders = _holders({key for _, keys in beginnings.values() for key in keys})
    trunks = _trunks(beginnings, holders)
    found = {}
    for session_id, (named, keys) in beginnings.items():
        previous = (
            {named} if named in trunks else {h for key in keys for h in holders.get(key, ()) if h in trunks}
        )
        if session_id not in previous and len(previous) == 1:
            found[session_id] = previous.pop()
    return found


def _told(session: AgentSession, facts: Gathered) -> tuple[int, list[int]] | None:
    """(key of the session that the text names or 0, keys of the lines that end what was before)."""
    begins = next((e for e in facts.events if e.kind == "continuation" and not e.inherited), None)
    if begins is None:
        return None
    named = SessionRef(begins.text).key if begins.text not in ("", session.native_id) else 0
    if begins.data.get("leaf"):
        return named, [uuid_key(str(begins.data["leaf"]))]
    if any(e.kind in ("prompt", "command") and e.seq < begins.seq for e in facts.events):
        return named, []  # not a beginning: the conversation was compacted
    summaries = [e for e in facts.events if e.kind == "title" and e.data.get("leaf") and e.seq < begins.seq]
    return named, [uuid_key(str(e.data["leaf"])) for e in summaries]


def _holders(keys: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for key, session_id in rows_where_in(TranscriptEntry, ("uuid_key", "session_id"), "uuid_key", keys):
        found.setdefault(key, set()).add(session_id)
    return found


def _trunks(beginnings: dict[int, tuple[int, list[int]]], holders: dict[int, set[int]]) -> set[int]:
    asked = {named for named, _ in beginnings.values()}.union(*holders.values())
    return set(AgentSession.objects.filter(id__in=asked, agent_id="").values_list("id", flat=True))
