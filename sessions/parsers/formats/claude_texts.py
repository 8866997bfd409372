"""What of a Claude Code record can be found by searching: whose words they are, and the words.

Only what a person can read on the session's page is taken, once: a tool's result stands in a record twice. Long texts
are cut, results of tools most of all, since they repeat whole files (docs/decisions has the figures).
"""

from collections.abc import Iterator
from typing import Any

from sessions.parsers.display import without_escapes
from sessions.parsers.records import FoldedText, SearchText
from sessions.parsers.values import block_text, items, mapping, text
from sessions.parsers.words import fold

PROMPT, ANSWER, THINKING = "prompt", "answer", "thinking"
TOOL_INPUT, TOOL_RESULT, NOTE = "tool_input", "tool_result", "note"

# How many characters of a text can be found: from its beginning, and from its end, where errors stand.
HEAD_CHARS = {
    PROMPT: 16_000,
    ANSWER: 16_000,
    THINKING: 16_000,
    TOOL_INPUT: 4_000,
    TOOL_RESULT: 2_000,
    NOTE: 4_000,
}
TAIL_CHARS = {TOOL_RESULT: 1_000}
GAP = "\n…\n"
_INPUT_DEPTH = 6
_NOT_TYPED = ("<local-command-", "<bash-", "<task-notification>", "Caveat: ")


def texts_of(record: dict[str, Any]) -> list[SearchText]:
    """The record's texts in their order, each cut to what can be found of it; blank ones are left out."""
    read = _READERS.get(text(record.get("type")))
    return [] if read is None else [_cut(said) for said in read(record) if said.text.strip()]


def folded_texts(record: dict[str, Any]) -> list[FoldedText]:
    """The record's texts as the index takes them."""
    return [fold(said) for said in texts_of(record)]


def _cut(said: SearchText) -> SearchText:
    whole, head, tail = said.text, HEAD_CHARS[said.kind], TAIL_CHARS.get(said.kind, 0)
    if len(whole) > head + tail:
        whole = f"{whole[:head]}{GAP}{whole[-tail:] if tail else ''}"
    # Colours would stick to the words they colour.
    whole = without_escapes(whole)
    return said if whole is said.text else said._replace(text=whole)


def _user(record: dict[str, Any]) -> Iterator[SearchText]:
    content = mapping(record.get("message")).get("content")
    for block in items(content):
        if isinstance(block, dict) and block.get("type") == "tool_result":
            yield SearchText(TOOL_RESULT, block_text(block.get("content")), text(block.get("tool_use_id")))
    said = block_text(content)
    added = record.get("isMeta") is True or record.get("isCompactSummary") is True
    yield SearchText(NOTE if added or said.lstrip().startswith(_NOT_TYPED) else PROMPT, said)


def _assistant(record: dict[str, Any]) -> Iterator[SearchText]:
    content = mapping(record.get("message")).get("content")
    spoken = NOTE if record.get("isApiErrorMessage") is True else ANSWER
    if isinstance(content, str):
        yield SearchText(spoken, content)
    for block in items(content):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "text":
            yield SearchText(spoken, text(block.get("text")))
        elif kind == "thinking":
            yield SearchText(THINKING, text(block.get("thinking")))
        elif kind in ("tool_use", "server_tool_use"):
            given = "\n".join(_strings(block.get("input"), _INPUT_DEPTH))
            yield SearchText(TOOL_INPUT, given, text(block.get("id")), text(block.get("name")))


def _strings(value: Any, depth: int) -> Iterator[str]:
    """The texts in a tool's input, without the names of its fields."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict):
        for part in value.values():
            yield from _strings(part, depth - 1)
    elif depth and isinstance(value, list):
        for part in value:
            yield from _strings(part, depth - 1)


def _system(record: dict[str, Any]) -> Iterator[SearchText]:
    yield SearchText(NOTE, text(record.get("content")) or text(mapping(record.get("error")).get("message")))


def _attachment(record: dict[str, Any]) -> Iterator[SearchText]:
    attachment = mapping(record.get("attachment"))
    if attachment.get("type") == "queued_command":
        yield SearchText(PROMPT, block_text(attachment.get("prompt")))


_READERS = {"user": _user, "assistant": _assistant, "system": _system, "attachment": _attachment}
