"""A Claude Code record as the blocks a person reads: what was said, asked, called, answered and noted."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from sessions.parsers.formats.claude_events import INTERRUPT_MARK, KNOWN_TYPES, TITLE_KEYS
from sessions.parsers.formats.claude_tags import (
    ARGUMENT_CHARS,
    ARGUMENTS,
    COMMAND,
    COMMAND_CHARS,
    NOTICE_CHARS,
    PRINTED,
    SUMMARY,
    Tagged,
    between,
    tagged,
)
from sessions.parsers.values import block_text, items, mapping, preview, text

PROMPT, ANSWER, THINKING = "prompt", "answer", "thinking"
CALL, RESULT = "call", "result"
EVENT, DIVIDER, NOTE, UNKNOWN = "event", "divider", "note", "unknown"
LABEL_CHARS = 200

_SAVED = re.compile(r"[Ff]ull output saved to: ([^\n]{1,4096})")
SAVED_WITHIN = 8192
# Records that only serve the agent's own book-keeping; folded away until asked for.
_QUIET_ATTACHMENTS_SHOWN = ("queued_command", "file", "edited_text_file")


class Block(NamedTuple):
    """One part of a record. `label` is a short line; `text` is the whole, "" where there is no more to say."""

    kind: str
    label: str = ""
    text: str = ""
    level: str = ""  # "", warning or error
    is_quiet: bool = False
    call_id: str = ""
    name: str = ""  # the tool's
    given: dict[str, Any] | None = None  # the call's input
    diff: tuple[str, ...] = ()
    pictures: tuple[int, ...] = ()  # which of its record's images, as `images_of` counts them
    detail: dict[str, Any] | None = None  # what the tool tells a program of its result
    is_error: bool = False
    saved_at: str = ""  # where the agent keeps the whole of a result of which the text is only the beginning

    @property
    def images(self) -> int:
        """How many images or documents it holds."""
        return len(self.pictures)


class Picture(NamedTuple):
    """An image or document of a record, as the transcript has it: base64 text and the type it claims to be."""

    claimed_type: str
    data: str


def blocks_of(record: dict[str, Any]) -> list[Block]:
    """The record's blocks in their order; a record of a type not known here is one block with its JSON."""
    kind = text(record.get("type"))
    read = _READERS.get(kind)
    if read is not None:
        return list(read(record))
    if kind in TITLE_KEYS:
        title = text(record.get(TITLE_KEYS[kind])) or text(record.get("title"))
        return [Block(EVENT, f"Title: {preview(title, LABEL_CHARS)}", is_quiet=True)]
    if kind in KNOWN_TYPES:
        return [Block(EVENT, kind.replace("-", " ").capitalize(), _as_json(record), is_quiet=True)]
    return [Block(UNKNOWN, f"Record of an unknown type: {preview(kind or 'none', 60)}", _as_json(record))]


def images_of(record: dict[str, Any]) -> list[Picture]:
    """The images and documents of a record, in the order they are written; those inside of results included."""
    found = []
    for block in _with_parts(mapping(record.get("message")).get("content")):
        if _is_image(block):
            source = mapping(block.get("source"))
            found.append(Picture(text(source.get("media_type")), text(source.get("data"))))
    return found


def _with_parts(content: Any) -> Iterator[dict[str, Any]]:
    """The blocks of a content, those of a result behind it."""
    for block in items(content):
        if isinstance(block, dict):
            yield block
            if block.get("type") == "tool_result":
                yield from (part for part in items(block.get("content")) if isinstance(part, dict))


def _is_image(block: dict[str, Any]) -> bool:
    return block.get("type") in ("image", "document")


def _user(record: dict[str, Any]) -> Iterator[Block]:
    content = mapping(record.get("message")).get("content")
    blocks = [b for b in items(content) if isinstance(b, dict)]
    numbers = {id(b): n for n, b in enumerate(filter(_is_image, _with_parts(content)))}
    results = [b for b in blocks if b.get("type") == "tool_result"]
    for block in results:
        yield _result(block, mapping(record.get("toolUseResult")) if len(results) == 1 else {}, numbers)
    said = block_text(content)
    pictures = tuple(numbers[id(b)] for b in blocks if _is_image(b))
    if said.strip() or (pictures and not results):
        yield _said(record, said, pictures)


def _said(record: dict[str, Any], said: str, pictures: tuple[int, ...]) -> Block:
    begin = said.lstrip()
    if begin.startswith(INTERRUPT_MARK):
        return Block(EVENT, "Interrupted by the user", level="warning")
    if record.get("isCompactSummary") is True:
        return Block(NOTE, "Summary of the conversation before", said)
    if command := between(COMMAND, said, COMMAND_CHARS):
        args = between(ARGUMENTS, said, ARGUMENT_CHARS)
        return Block(PROMPT, "Command", f"{command} {args or ''}".strip())
    if begin.startswith("<task-notification>"):
        told = between(SUMMARY, said, NOTICE_CHARS)
        return Block(EVENT, "A task in the background reported" if told is None else told, said)
    printed = list(tagged(PRINTED, said)) if begin.startswith(("<local-command-", "<bash-")) else []
    if printed:
        label = "Command typed" if printed[0].name.endswith("input") else "Command output"
        return Block(NOTE, label, _outputs(printed))
    if record.get("isMeta") is True or begin.startswith("Caveat: "):
        return Block(NOTE, "Added by the agent", said)
    return Block(PROMPT, "Prompt", said, pictures=pictures)


def _result(block: dict[str, Any], detail: dict[str, Any], numbers: dict[int, int]) -> Block:
    content = block.get("content")
    parts = [b for b in items(content) if isinstance(b, dict)]
    said = block_text(content)
    names = [text(b.get("tool_name")) for b in parts if b.get("type") == "tool_reference"]
    return Block(
        RESULT,
        text="\n".join(filter(None, (said, *names))),
        call_id=text(block.get("tool_use_id")),
        is_error=block.get("is_error") is True,
        pictures=tuple(numbers[id(b)] for b in parts if _is_image(b)),
        detail=detail,
        diff=tuple(_diff(detail)),
        saved_at=_saved_at(said, detail),
    )


def _saved_at(said: str, detail: dict[str, Any]) -> str:
    told = _SAVED.search(said[:SAVED_WITHIN]) if said.startswith("<persisted-output>") else None
    return told[1].strip() if told else text(detail.get("persistedOutputPath"))


def _diff(detail: dict[str, Any]) -> Iterator[str]:
    for hunk in items(detail.get("structuredPatch")):
        old, new = mapping(hunk).get("oldStart"), mapping(hunk).get("newStart")
        yield f"@@ {old} → {new} @@"
        yield from (line for line in items(mapping(hunk).get("lines")) if isinstance(line, str))


def _assistant(record: dict[str, Any]) -> Iterator[Block]:
    message = mapping(record.get("message"))
    content = message.get("content")
    if record.get("isApiErrorMessage") is True:
        yield Block(EVENT, preview(block_text(content), LABEL_CHARS) or "API error", level="error")
        return
    if isinstance(content, str) and content.strip():
        yield Block(ANSWER, "Answer", content)
    for block in items(content):
        if isinstance(block, dict):
            yield from _answered(block)


def _answered(block: dict[str, Any]) -> Iterator[Block]:
    kind = text(block.get("type"))
    if kind == "text":
        if text(block.get("text")).strip():
            yield Block(ANSWER, "Answer", text(block.get("text")))
    elif kind == "thinking":
        yield Block(THINKING, "Thinking", text(block.get("thinking")))
    elif kind == "redacted_thinking":
        yield Block(THINKING, "Thinking", "")
    elif kind in ("tool_use", "server_tool_use"):
        given = mapping(block.get("input"))
        yield Block(CALL, call_id=text(block.get("id")), name=text(block.get("name")), given=given)
    elif kind == "fallback":
        yield Block(EVENT, "Answered by another model", _as_json(block), level="warning")
    else:
        yield Block(UNKNOWN, f"Part of an unknown type: {preview(kind or 'none', 60)}", _as_json(block))


def _system(record: dict[str, Any]) -> Iterator[Block]:
    subtype = text(record.get("subtype"))
    said = text(record.get("content"))
    told = _SYSTEM.get(subtype)
    if told is not None:
        yield told(record)
    elif said and len(said) <= LABEL_CHARS:
        yield Block(EVENT, said, level=_level(record))
    else:
        name = subtype.replace("_", " ").capitalize() or "System"
        yield Block(NOTE, name, said or _as_json(record), level=_level(record), is_quiet=not said)


def _compaction(record: dict[str, Any]) -> Block:
    meta = mapping(record.get("compactMetadata") or record.get("microcompactMetadata"))
    before, trigger = meta.get("preTokens"), text(meta.get("trigger"))
    size = f" at {before:,} tokens" if type(before) is int else ""
    return Block(DIVIDER, f"Context compacted{size}{f' ({trigger})' if trigger else ''}")


def _api_error(record: dict[str, Any]) -> Block:
    error = mapping(record.get("error"))
    status = error.get("status")
    tried, most = record.get("retryAttempt"), record.get("maxRetries")
    label = f"API error{f' {status}' if type(status) is int else ''}"
    again = f", attempt {tried} of {most}" if type(tried) is int and type(most) is int else ""
    return Block(EVENT, label + again, text(error.get("message")), level="error")


def _hooks(record: dict[str, Any]) -> Block:
    count, errors = record.get("hookCount"), len(items(record.get("hookErrors")))
    names = [text(mapping(h).get("command")) for h in items(record.get("hookInfos"))]
    label = f"{count} stop hook{'' if count == 1 else 's'} ran" if type(count) is int else "Stop hooks ran"
    failed = f", {errors} with an error" if errors else ""
    return Block(EVENT, label + failed, "\n".join(filter(None, names)), "error" if errors else "", not errors)


def _turn(record: dict[str, Any]) -> Block:
    took = record.get("durationMs")
    seconds = f" after {took / 1000:,.1f} s" if isinstance(took, int | float) and took >= 0 else ""
    return Block(EVENT, f"Turn ended{seconds}", is_quiet=True)


def _local_command(record: dict[str, Any]) -> Block:
    said = text(record.get("content"))
    command = between(COMMAND, said, COMMAND_CHARS)
    label = f"Command {command}" if command else "Command output"
    return Block(EVENT, label, _outputs(tagged(PRINTED, said)))


def _outputs(printed: Iterable[Tagged]) -> str:
    return "\n".join(each.text for each in printed).strip()


def _fallback(record: dict[str, Any]) -> Block:
    old, new = text(record.get("originalModel")), text(record.get("fallbackModel"))
    return Block(EVENT, f"Model changed from {old} to {new}", text(record.get("content")), level="warning")


def _recap(record: dict[str, Any]) -> Block:
    return Block(NOTE, "Recap for the returning user", text(record.get("content")))


def _level(record: dict[str, Any]) -> str:
    level = text(record.get("level"))
    return level if level in ("warning", "error") else ""


def _attachment(record: dict[str, Any]) -> Iterator[Block]:
    attachment = mapping(record.get("attachment"))
    kind = text(attachment.get("type"))
    if kind == "queued_command":
        yield Block(PROMPT, "Prompt, queued", block_text(attachment.get("prompt")))
        return
    name = text(attachment.get("filename") or attachment.get("hookName") or attachment.get("path"))
    label = (
        f"{kind.replace('_', ' ').capitalize() or 'Attachment'}{f': {preview(name, 120)}' if name else ''}"
    )
    yield Block(NOTE, label, _as_json(attachment), is_quiet=kind not in _QUIET_ATTACHMENTS_SHOWN)


def _progress(record: dict[str, Any]) -> Iterator[Block]:
    data = mapping(record.get("data"))
    kind = text(data.get("type"))
    name = text(
        data.get("hookName") or data.get("toolName") or data.get("query") or data.get("taskDescription")
    )
    label = f"{kind.replace('_', ' ').capitalize() or 'Progress'}{f': {preview(name, 120)}' if name else ''}"
    yield Block(EVENT, label, is_quiet=True)


def _queue(record: dict[str, Any]) -> Iterator[Block]:
    whole = text(record.get("content"))
    told = between(SUMMARY, whole, NOTICE_CHARS)
    said = whole if told is None else told
    operation = {"enqueue": "Queued", "dequeue": "Taken from the queue", "remove": "Removed from the queue"}
    label = operation.get(text(record.get("operation")), "Queue emptied")
    yield Block(EVENT, f"{label}{f': {preview(said.strip(), LABEL_CHARS)}' if said else ''}", is_quiet=True)


def _pull_request(record: dict[str, Any]) -> Iterator[Block]:
    number = record.get("prNumber")
    where = text(record.get("prRepository")) or text(record.get("prUrl"))
    yield Block(EVENT, f"Pull request {f'#{number} ' if type(number) is int else ''}{where}".strip())


def _mode(record: dict[str, Any]) -> Iterator[Block]:
    mode = text(record.get("mode") or record.get("permissionMode") or record.get("agentSetting"))
    yield Block(EVENT, f"Mode: {preview(mode, 60) or 'not told'}", is_quiet=True)


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


_SYSTEM: dict[str, Callable[[dict[str, Any]], Block]] = {
    "compact_boundary": _compaction,
    "microcompact_boundary": _compaction,
    "api_error": _api_error,
    "stop_hook_summary": _hooks,
    "turn_duration": _turn,
    "local_command": _local_command,
    "model_refusal_fallback": _fallback,
    "away_summary": _recap,
}
_READERS: dict[str, Callable[[dict[str, Any]], Iterator[Block]]] = {
    "user": _user,
    "assistant": _assistant,
    "system": _system,
    "attachment": _attachment,
    "progress": _progress,
    "queue-operation": _queue,
    "pr-link": _pull_request,
    "mode": _mode,
    "permission-mode": _mode,
    "agent-setting": _mode,
}
