"""Rows of a session's log as the API tells them: what was said and called, and what it used."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sessions.api_fields import dollars, iso, iso_ms, rounded_money
from sessions.models import AgentSession, ToolCall
from sessions.scope import Projects
from sessions.selectors import CallPart, ResponseFigures, TranscriptItem, entries

# What a session of any length is opened with in a third of a second; `/entries` has the rest.
MAX_LOG_LINES = 2_000
CHUNK_LINES = 1000
_SPEAKERS = {"prompt": "user", "answer": "agent", "thinking": "agent", "call": "agent"}
_TYPES = {"prompt": "message", "answer": "message", "thinking": "thought", "call": "tool"}


def logs_of(session: AgentSession, *, projects: Projects = None) -> list[dict[str, Any]]:
    """The log of a session's first MAX_LOG_LINES lines; `/entries` pages through all of them."""
    return [log_row(session, item) for item in _items(session, projects)]


def _items(session: AgentSession, projects: Projects) -> Iterator[TranscriptItem]:
    after: int | None = None
    for _ in range(MAX_LOG_LINES // CHUNK_LINES):
        page = entries(session, after_seq=after, limit=CHUNK_LINES, projects=projects)
        yield from page.items
        after = page.next_after
        if after is None:
            break


def log_row(session: AgentSession, item: TranscriptItem) -> dict[str, Any]:
    """One thing of a transcript. `metadata` has the tokens of the response that begins with it, whatever it is."""
    call, is_command = item.call, item.kind == "prompt" and item.label == "Command"
    return {
        "id": item.anchor,
        "seq": item.seq,
        "part": item.part,
        "lineNumber": item.line_no,
        "timestamp": iso(item.at),
        "speaker": _SPEAKERS.get(item.kind, "system"),
        "type": "command" if is_command else _TYPES.get(item.kind, "system"),
        "kind": item.kind,
        "label": item.label,
        "level": item.level or None,
        "content": f"Called {call.name}" if call else item.text.text or item.label,
        "contentLength": item.text.chars,
        "agentName": session.agent_name or None,
        "linkedSessionId": call.subagent or None if call else None,
        "relatedToolCallId": call.call_id if call else None,
        "isSidechain": item.is_sidechain,
        "superseded": item.superseded,
        "offBranch": item.off_branch,
        "images": item.images,
        "metadata": {**usage_metadata(item.responses), **(_call_metadata(call) if call else {})},
        "toolCall": _call_json(call) if call else None,
        "skillDetails": None,
        "subagentThread": None,
    }


def usage_metadata(responses: Iterable[ResponseFigures]) -> dict[str, Any]:
    """What the responses that begin on a row used; {} where none does. `totalTokens` is input plus output."""
    found = list(responses)
    if not found:
        return {}
    sums = {
        "inputTokens": sum(r.input_tokens for r in found),
        "outputTokens": sum(r.output_tokens for r in found),
        "cacheReadTokens": sum(r.cache_read_tokens for r in found),
        "cacheCreationTokens": sum(r.cache_creation_tokens for r in found),
    }
    costs = [r.cost_nano_usd for r in found if r.cost_nano_usd is not None]
    return {
        **sums,
        "totalTokens": sums["inputTokens"] + sums["outputTokens"],
        "cost": rounded_money(dollars(sum(costs))) if costs else None,
        "model": found[0].model,
        "inherited": all(r.is_inherited for r in found),
        "partialOutput": any(r.is_lower_bound for r in found),
    }


def _call_metadata(call: CallPart) -> dict[str, Any]:
    return {
        "toolInputKeys": [name for name, _ in call.given],
        "toolCategory": call.category or None,
        "durationMs": call.elapsed_ms,
        "executionMs": call.execution_ms,
        "outcome": call.outcome,
        "errorClass": call.error_class or None,
        "additions": call.lines_added,
        "deletions": call.lines_removed,
    }


def _call_json(call: CallPart) -> dict[str, Any]:
    given = {name: value.text for name, value in call.given}
    return {
        "id": call.call_id,
        "name": call.name,
        "args": json.dumps(given, indent=2, ensure_ascii=False),
        "output": call.result.text if call.result is not None else None,
        "status": "success" if call.outcome == "ok" else call.outcome,
        "isError": call.outcome not in ("ok", "pending"),
    }


def updated_files(
    session: AgentSession, root_id: str, log_ids: dict[str | None, str]
) -> list[dict[str, Any]]:
    """Each touch of a file by the session's own calls, in order. `log_ids` are ids of log rows by call."""
    calls = ToolCall.objects.counted().filter(owner=session).exclude(path="").order_by("use_at_ms", "id")
    # Thousands of them, each a wide row: only what is told.
    return [
        _file_touch(_Touch(*row), session, root_id, log_ids) for row in calls.values_list(*_Touch._fields)
    ]


class _Touch(NamedTuple):
    """Of a call, what is told of the file that it touched."""

    path: str
    lines_added: int | None
    lines_removed: int | None
    commits: str
    file_action: str
    use_at_ms: int | None
    call_id: str
    name: str


def _file_touch(
    call: _Touch, session: AgentSession, root_id: str, log_ids: dict[str | None, str]
) -> dict[str, Any]:
    name = call.path.replace("\\", "/").rpartition("/")[2]
    return {
        "filePath": call.path,
        "additions": call.lines_added,
        "deletions": call.lines_removed,
        "commits": call.commits.split(),
        "agentName": session.agent_name or None,
        "action": call.file_action or None,
        "fileType": name.rpartition(".")[2].lower() if "." in name[1:] else None,
        "timestamp": iso_ms(call.use_at_ms),
        "sourceLogId": log_ids.get(call.call_id),
        "sourceToolName": call.name,
        "threadSessionId": session.public_id,
        "rootSessionId": root_id,
    }
