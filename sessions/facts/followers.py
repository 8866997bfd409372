"""Sessions whose columns follow from lines that stand in another session's transcript."""

from collections.abc import Sequence, Set

from sessions.bulk import in_chunks, rows_where_in
from sessions.facts.tool_calls import call_key
from sessions.models import AgentSession, SessionEvent, SessionFacet, ToolCall, ToolCallCopy, TranscriptEntry
from sessions.parsers.keys import uuid_key
from sessions.parsers.records import ParsedLine, SessionRef


def followers_of(lines: Sequence[ParsedLine], refs: Set[SessionRef]) -> set[int]:
    """Keys of sessions to derive again because of these lines; `refs` are the sessions the lines stand in."""
    keys = {line.uuid_key for line in lines}
    lines = [line for line in lines if line.tool_uses or line.tool_results or line.spawns or line.events]
    asked = {u.call_id for line in lines for u in line.tool_uses if u.agent_name}
    return (
        _continuing(keys, {ref.native_id for ref in refs})
        | _spawned(lines)
        | (_awaiting(asked) if asked else set())
        | _summarised(lines)
        | _forks({ref.key for ref in refs if not ref.agent_id})
        | _trunks_told_by_members(refs)
    )


def _spawned(lines: list[ParsedLine]) -> set[int]:
    """Subagents whose parent's side of the start turned up."""
    started = {
        (line.session.native_id, agent_id)
        for line in lines
        for agent_id in (
            *(s.agent_id for s in line.spawns),
            *(r.spawned_agent_id for r in line.tool_results if r.spawned_agent_id),
        )
    }
    return {SessionRef(native, agent_id).key for native, agent_id in started}


def _awaiting(call_ids: set[str]) -> set[int]:
    """Subagents that were known to be started by one of these calls before the call itself was read."""
    found: set[int] = set()
    for chunk in in_chunks(call_ids):
        told = SessionFacet.objects.filter(name="tool_use_id", value__in=chunk)
        found.update(told.values_list("session_id", flat=True))
        calls = ToolCall.objects.filter(id__in=[call_key(c) for c in chunk]).exclude(spawned_agent_id="")
        agents = dict(calls.values_list("id", "spawned_agent_id"))
        holders = ToolCallCopy.objects.filter(call_id__in=agents)
        for call_id, native in holders.values_list("call_id", "session__native_id"):
            found.add(SessionRef(native, agents[call_id]).key)
    return found


def _summarised(lines: list[ParsedLine]) -> set[int]:
    """Sessions that a summary in another file gives a title to."""
    leaves = {
        uuid_key(str(event.data["leaf"]))
        for line in lines
        for event in line.events
        if event.data and event.data.get("leaf")
    }
    return {row[0] for row in rows_where_in(TranscriptEntry, ("session_id",), "uuid_key", leaves)}


def _continuing(keys: set[int], natives: set[str]) -> set[int]:
    """Sessions that were told to continue one of these sessions, or from one of these lines, before it was read."""
    told = dict(SessionEvent.objects.filter(kind="continuation").values_list("session_id", "text"))
    leaves = SessionEvent.objects.filter(session_id__in=told, leaf_key__isnull=False)
    awaiting = {session_id for session_id, key in leaves.values_list("session_id", "leaf_key") if key in keys}
    return awaiting | {session_id for session_id, named in told.items() if named in natives}


def _forks(trunks: set[int]) -> set[int]:
    """What of a fork is its own depends on what its origin holds."""
    return {row[0] for row in rows_where_in(AgentSession, ("id",), "forked_from_id", trunks)}


def _trunks_told_by_members(refs: Set[SessionRef]) -> set[int]:
    """Trunks without a transcript of their own: they ran where and when their subagents ran."""
    trunks = {SessionRef(ref.native_id).key for ref in refs if ref.agent_id}
    columns = ("id", "cwd", "has_transcript")
    return {
        key for key, cwd, lines in rows_where_in(AgentSession, columns, "id", trunks) if not (cwd and lines)
    }
