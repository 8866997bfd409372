"""Tool calls: joining calls and answers of a batch of lines into the stored rows. Callers hold the transaction."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, NamedTuple

from sessions.bulk import rows_where_in
from sessions.facts.copies import recount_call_copies
from sessions.facts.responses import Written, held_by_several, write_joined
from sessions.facts.stored_keys import StoredKeys
from sessions.models import ToolCall, ToolCallCopy
from sessions.parsers.formats.claude_tools import PENDING, category, mcp_server
from sessions.parsers.keys import pair_key, stable_key
from sessions.parsers.normalise import elapsed_ms, first_result, first_use, quarter_of
from sessions.parsers.records import Spawn, ToolResult, ToolUse

COLUMNS = (
    "id",
    "call_id",
    "owner_id",
    "response_id",
    "has_use",
    "name",
    "category",
    "mcp_server",
    "skill",
    "agent_name",
    "target",
    "is_git",
    "use_at_ms",
    "use_digest",
    "quarter",
    "result_at_ms",
    "result_digest",
    "is_error",
    "outcome",
    "error_class",
    "elapsed_ms",
    "execution_ms",
    "path",
    "file_action",
    "lines_added",
    "lines_removed",
    "spawned_agent_id",
    "commits",
    "web_searches",
    "copy_count",
)
COPY_COLUMNS = (
    "id",
    "call_id",
    "session_id",
    "has_use",
    "is_error",
    "use_entry_id",
    "result_entry_id",
)


class CallSeen(NamedTuple):
    """One record's part of a call, and where the record was stored."""

    key: int
    part: ToolUse | ToolResult | Spawn
    session_key: int
    entry_id: int


def call_key(call_id: str) -> int:
    """The key of a tool call: its id is unique in the whole database (R14)."""
    return stable_key("call", call_id)


@dataclass(slots=True)
class _Call:
    """A call as far as the records seen so far tell."""

    use: ToolUse | None = None
    result: ToolResult | None = None
    spawned: str = ""
    owner_key: int = 0

    def take(self, part: ToolUse | ToolResult | Spawn, session_key: int) -> None:
        self.owner_key = self.owner_key or session_key
        if isinstance(part, ToolUse):
            self.use = first_use(self.use, part)
        elif isinstance(part, ToolResult):
            self.result = first_result(self.result, part)
            self.spawned = max(self.spawned, part.spawned_agent_id)
        else:
            self.spawned = max(self.spawned, part.agent_id)


def write_tool_calls(batch: list[CallSeen], known: StoredKeys) -> Written:
    """Join a batch into ToolCall and ToolCallCopy."""
    calls: dict[int, _Call] = {}
    ids: dict[int, str] = {}
    for key, part, session_key, _ in batch:
        ids[key] = part.call_id
        calls.setdefault(key, _Call()).take(part, session_key)
    stored = {row[0]: row for row in rows_where_in(ToolCall, COLUMNS, "id", known.perhaps(calls))}
    changed: dict[int, tuple[Any, ...]] = {}
    for key, call in calls.items():
        old = dict(zip(COLUMNS, stored[key], strict=True)) if key in stored else None
        row = _row(key, ids[key], call, old)
        if row != stored.get(key):
            changed[key] = row
    write_joined(ToolCall, COLUMNS, changed, stored)
    shared = _write_copies(batch, stored, known)
    known.add(calls)
    at = COLUMNS.index("quarter")
    quarters = {row[at] for row in changed.values()} | {stored[k][at] for k in changed if k in stored}
    at_use = COLUMNS.index("has_use")
    created = sum(
        bool(row[at_use]) and not (key in stored and stored[key][at_use]) for key, row in changed.items()
    )
    return Written(created, len(changed) - created, {q for q in quarters if q is not None}, shared)


def _row(key: int, call_id: str, call: _Call, old: dict[str, Any] | None) -> tuple[Any, ...]:
    """The call's row; a part the batch does not hold, or holds a later copy of, stays as it was stored."""
    use = _use_columns(call.use, old)
    result = _result_columns(call.result, old)
    path, action = result.pop("path"), result.pop("file_action")
    values = {
        "id": key,
        "call_id": call_id[:200],
        "owner_id": old["owner_id"] if old else call.owner_key,
        "copy_count": old["copy_count"] if old else 1,
        "spawned_agent_id": max(call.spawned[:100], old["spawned_agent_id"] if old else ""),
        **use,
        **result,
        "path": path or use["path"],
        "file_action": action or use["file_action"],
        "elapsed_ms": elapsed_ms(use["use_at_ms"], result["result_at_ms"]),
    }
    return tuple(values[name] for name in COLUMNS)


_USE_NAMES = (
    "response_id",
    "has_use",
    "name",
    "category",
    "mcp_server",
    "skill",
    "agent_name",
    "target",
    "is_git",
    "use_at_ms",
    "use_digest",
    "quarter",
    "path",
    "file_action",
)
_RESULT_NAMES = (
    "result_at_ms",
    "result_digest",
    "is_error",
    "outcome",
    "error_class",
    "execution_ms",
    "path",
    "file_action",
    "lines_added",
    "lines_removed",
    "commits",
    "web_searches",
)


def _use_columns(use: ToolUse | None, old: dict[str, Any] | None) -> dict[str, Any]:
    if old and old["has_use"] and (use is None or not _earlier(use, old["use_at_ms"], old["use_digest"])):
        return {name: old[name] for name in _USE_NAMES}
    if use is None:
        blank: dict[str, Any] = dict.fromkeys(_USE_NAMES, "")
        return (
            blank
            | dict.fromkeys(("response_id", "use_at_ms", "use_digest", "quarter"))
            | {
                "has_use": False,
                "is_git": False,
            }
        )
    return {
        "response_id": use.response_key,
        "has_use": True,
        "name": use.name[:200],
        "category": category(use.name),
        "mcp_server": mcp_server(use.name)[:200],
        "skill": use.skill[:200],
        "agent_name": use.agent_name[:200],
        "target": use.target,
        "is_git": use.is_git,
        "use_at_ms": use.at_ms,
        "use_digest": use.digest,
        "quarter": None if use.at_ms is None else quarter_of(use.at_ms),
        "path": use.path[:2000],
        "file_action": use.file_action,
    }


def _result_columns(result: ToolResult | None, old: dict[str, Any] | None) -> dict[str, Any]:
    known = old is not None and old["result_digest"] is not None
    if old and known and (result is None or not _earlier(result, old["result_at_ms"], old["result_digest"])):
        return {name: old[name] for name in _RESULT_NAMES}
    if result is None:
        blank: dict[str, Any] = dict.fromkeys(_RESULT_NAMES)
        return blank | {
            "is_error": False,
            "outcome": PENDING,
            "error_class": "",
            "path": "",
            "file_action": "",
            "commits": "",
            "web_searches": 0,
        }
    return {
        "result_at_ms": result.at_ms,
        "result_digest": result.digest,
        "is_error": result.is_error,
        "outcome": result.outcome,
        "error_class": result.error_class,
        "execution_ms": result.execution_ms,
        "path": result.path[:2000],
        "file_action": result.file_action,
        "lines_added": result.lines_added,
        "lines_removed": result.lines_removed,
        "commits": " ".join(result.commits)[:1000],
        "web_searches": result.web_searches,
    }


def _earlier(part: ToolUse | ToolResult, at_ms: int | None, digest: int) -> bool:
    never = 1 << 62
    return (never if part.at_ms is None else part.at_ms, part.digest) < (
        never if at_ms is None else at_ms,
        digest,
    )


def _write_copies(batch: list[CallSeen], met_before: Container[int], known: StoredKeys) -> set[int]:
    """Note which sessions hold each call; returns the sessions of those that several hold."""
    rows: dict[int, list[Any]] = {}
    for of_call, part, session_key, entry_id in batch:
        key = pair_key(of_call, session_key)
        row = rows.setdefault(key, [key, of_call, session_key, False, False, None, None])
        if isinstance(part, ToolUse):
            row[3], row[5] = True, entry_id if row[5] is None else min(row[5], entry_id)
        elif isinstance(part, ToolResult) and (row[6] is None or entry_id < row[6]):
            row[4], row[6] = part.is_error, entry_id
    stored = {row[0]: row for row in rows_where_in(ToolCallCopy, COPY_COLUMNS, "id", known.perhaps(rows))}
    joined = {key: _join_copies(stored.get(key), row) for key, row in rows.items()}
    changed = {key: row for key, row in joined.items() if row != stored.get(key)}
    write_joined(ToolCallCopy, COPY_COLUMNS, changed, stored, kept=3)
    known.add(rows)
    fresh = (row[1] for key, row in changed.items() if key not in stored)
    return recount_call_copies(held_by_several(fresh, met_before))


def _join_copies(old: tuple[Any, ...] | None, new: list[Any]) -> tuple[Any, ...]:
    if old is None:
        return tuple(new)
    answered = old[6] is not None
    return (
        *old[:3],
        bool(old[3] or new[3]),
        bool(old[4] if answered else new[4]),
        old[5] if old[5] is not None else new[5],
        old[6] if answered else new[6],
    )
