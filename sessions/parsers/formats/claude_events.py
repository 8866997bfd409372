"""What happens in a Claude Code session beside responses and tool calls, as events.

One record gives at most a few events. Kinds: prompt, command, continuation, interrupt, compaction, api_error,
api_retry, turn, hook, queue, title, pr, mode, note, attachment. Record types are those of docs/formats/claude-code.md.
"""

import re
from typing import Any

from sessions.parsers.formats.claude_tags import (
    ADDED,
    ARGUMENT_CHARS,
    ARGUMENTS,
    COMMAND,
    COMMAND_CHARS,
    NOTICE,
    NOTICE_CHARS,
    between,
    tagged,
    without,
)
from sessions.parsers.records import Event
from sessions.parsers.values import block_text, items, mapping, milliseconds, preview, text

PROMPT_CHARS = 1000
TITLE_CHARS = 200
INTERRUPT_MARK = "[Request interrupted by user"
RESUME_MARK = "This session is being continued from a previous conversation"

TITLE_KEYS = {"custom-title": "customTitle", "ai-title": "aiTitle", "summary": "summary"}
KNOWN_TYPES = frozenset(
    (
        "assistant",
        "user",
        "system",
        "progress",
        "attachment",
        "queue-operation",
        "file-history-snapshot",
        "file-history-delta",
        "summary",
        "custom-title",
        "ai-title",
        "agent-name",
        "last-prompt",
        "mode",
        "permission-mode",
        "agent-setting",
        "pr-link",
        "worktree-state",
        "frame-link",
        "bridge-session",
        "relocated",
        "atis-latch",
        "started",
        "result",
    )
)

_TRANSCRIPT_NAMED = re.compile(r"[/\\]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl\b")
_WRAPPERS = ("<local-command-stdout>", "<local-command-stderr>", "<bash-", "<task-notification>", "Caveat: ")


def user_events(record: dict[str, Any], content: Any, has_result: bool) -> list[Event]:
    """Prompts, slash commands and interrupts in a user record."""
    said = block_text(content).strip()
    if said.startswith(RESUME_MARK):
        return _continuation(record, said)
    if record.get("isMeta") is True or record.get("isVisibleInTranscriptOnly") is True:
        return []
    if record.get("isCompactSummary") is True:
        return []
    if said.startswith(INTERRUPT_MARK):
        return [Event("interrupt", preview(said, TITLE_CHARS))]
    if has_result or not said:
        return _image_prompt(content, has_result)
    if command := between(COMMAND, said, COMMAND_CHARS):
        return [Event("command", command, {"args": between(ARGUMENTS, said, ARGUMENT_CHARS) or ""})]
    if said.startswith(_WRAPPERS):
        return []
    prompt = without(ADDED, said).strip() if said.startswith("<") or "<system-reminder>" in said else said
    if not prompt:
        return []
    if prompt.startswith(RESUME_MARK):
        return _continuation(record, prompt)
    # What a subagent is asked was written by its parent, not by a person.
    source = "parent" if record.get("isSidechain") is True else text(record.get("promptSource")) or "typed"
    return [Event("prompt", preview(prompt, PROMPT_CHARS), {"source": source})]


def _continuation(record: dict[str, Any], said: str) -> list[Event]:
    """The text an earlier conversation is handed on by: with the session whose file it names, and what it answers.

    Claude Code writes it after a compaction too; then it names, or answers, its own session.
    """
    if record.get("isSidechain") is True:
        return []
    named = _TRANSCRIPT_NAMED.search(said)
    leaf = text(record.get("parentUuid")) or text(record.get("logicalParentUuid"))
    return [Event("continuation", named[1] if named else "", {"leaf": leaf})]


def _image_prompt(content: Any, has_result: bool) -> list[Event]:
    images = sum(isinstance(b, dict) and b.get("type") in ("image", "document") for b in items(content))
    return [Event("prompt", "", {"source": "typed", "images": images})] if images and not has_result else []


def system_events(record: dict[str, Any]) -> list[Event]:
    """Events of a `system` record, by its subtype."""
    subtype = text(record.get("subtype"))
    if subtype in ("compact_boundary", "microcompact_boundary"):
        meta = mapping(record.get("compactMetadata") or record.get("microcompactMetadata"))
        kind = "compaction" if subtype == "compact_boundary" else "microcompaction"
        return [Event(kind, text(meta.get("trigger")), _plain(meta))]
    if subtype == "api_error":
        error = mapping(record.get("error"))
        data = {"status": error.get("status"), "attempt": record.get("retryAttempt")}
        return [Event("api_retry", preview(text(error.get("message")), TITLE_CHARS), _plain(data))]
    if subtype == "turn_duration":
        return [Event("turn", "", {"duration_ms": milliseconds(record.get("durationMs"))})]
    if subtype == "stop_hook_summary":
        names = [text(mapping(h).get("command")) for h in items(record.get("hookInfos"))]
        return [Event("hook", preview(", ".join(filter(None, names)), TITLE_CHARS), _hook_data(record))]
    if subtype == "model_refusal_fallback":
        models = {"from": record.get("originalModel"), "to": record.get("fallbackModel")}
        return [Event("fallback", text(record.get("direction")), _plain(models))]
    return [Event("note", preview(text(record.get("content")), TITLE_CHARS), {"subtype": subtype})]


def other_events(kind: str, record: dict[str, Any]) -> list[Event]:
    """Events of records that are neither messages nor `system` nor `progress`."""
    if kind in TITLE_KEYS:
        title = text(record.get(TITLE_KEYS[kind])) or text(record.get("title"))
        leaf = text(record.get("leafUuid")) if kind == "summary" else ""
        return [Event("title", preview(title, TITLE_CHARS), {"from": kind, "leaf": leaf})] if title else []
    if kind == "pr-link":
        link = {k: record.get(k) for k in ("prNumber", "prUrl", "prRepository")}
        return [Event("pr", text(link["prUrl"]), _plain(link))]
    if kind in ("mode", "permission-mode", "agent-setting"):
        value = record.get("mode") or record.get("permissionMode") or record.get("agentSetting")
        return [Event("mode", text(value), {"from": kind})]
    if kind == "queue-operation":
        return [_queue_event(record)]
    if kind == "attachment":
        return _attachment_events(mapping(record.get("attachment")))
    return []


def response_events(record: dict[str, Any], message: dict[str, Any]) -> list[Event]:
    """The error an assistant record stands for when no model answered (R10)."""
    if record.get("isApiErrorMessage") is not True and message.get("model") != "<synthetic>":
        return []
    data = {"error": record.get("error"), "status": record.get("apiErrorStatus")}
    return [Event("api_error", preview(block_text(message.get("content")), TITLE_CHARS), _plain(data))]


def _queue_event(record: dict[str, Any]) -> Event:
    content = text(record.get("content"))
    data: dict[str, object] = {"operation": text(record.get("operation"))}
    told = tagged(NOTICE, content, NOTICE_CHARS) if "<task-" in content else ()
    data.update({part.name: part.text.strip() for part in told})
    return Event("queue", preview(content, TITLE_CHARS), data)


def _attachment_events(attachment: dict[str, Any]) -> list[Event]:
    kind = text(attachment.get("type"))
    if kind == "queued_command":
        prompt = block_text(attachment.get("prompt"))
        return [Event("prompt", preview(prompt, PROMPT_CHARS), {"source": "queued"})]
    if kind.startswith("hook_"):
        name = text(attachment.get("hookName"))
        return [Event("hook", preview(name, TITLE_CHARS), {"result": kind.removeprefix("hook_")})]
    return []


def _hook_data(record: dict[str, Any]) -> dict[str, object]:
    return {
        "count": record.get("hookCount"),
        "errors": len(items(record.get("hookErrors"))),
        "prevented": record.get("preventedContinuation") is True,
    }


def _plain(data: dict[str, Any]) -> dict[str, object]:
    """Only the plain values: what a database column and a page can hold without surprises."""
    return {
        k: v for k, v in data.items() if isinstance(v, str | int | float) and v is not True and v is not False
    }
