"""Claude Code's transcripts: one JSON object a line (docs/formats/claude-code.md).

The format is internal to its maker and changes between versions, so every field is read as "may be absent or of
another type". `LineReader` holds what one file's later lines inherit from earlier ones; everything it
remembers can be had again from the database, so that a file may be read in any number of steps.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from sessions.parsers.decoding import NotARecord, decode
from sessions.parsers.formats.claude_events import (
    KNOWN_TYPES,
    other_events,
    response_events,
    system_events,
    user_events,
)
from sessions.parsers.formats.claude_texts import folded_texts
from sessions.parsers.formats.claude_tools import AGENT_ID_CHARS, agent_of, tool_result, tool_use
from sessions.parsers.formats.claude_usage import responses_of
from sessions.parsers.keys import bytes_key, pair_key, uuid_key
from sessions.parsers.lines import content as line_content
from sessions.parsers.records import (
    NO_TIME,
    SESSION,
    SUBAGENT,
    WORKFLOW_AGENT,
    BadLine,
    Event,
    ParsedLine,
    SessionRef,
    Spawn,
)
from sessions.parsers.secrets.masking import read_masked
from sessions.parsers.values import identifier, items, mapping, text, time_ms

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FACET_KEYS = (
    ("cwd", "cwd"),
    ("branch", "gitBranch"),
    ("version", "version"),
    ("entrypoint", "entrypoint"),
    ("permission_mode", "permissionMode"),
    ("agent_name", "agentName"),
    ("author", "gitAuthor"),
)
EXCERPT_CHARS = 200
NATIVE_ID_CHARS = 200


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What a transcript's place says about whose it is (R17)."""

    owner: str  # the trunk session's id; "" when only the lines can tell
    agent_id: str = ""
    session_type: str = SESSION


def identify(relative: PurePath) -> FileIdentity:
    """The identity of a transcript by its path under the projects folder."""
    stem, folders = relative.stem, relative.parts[:-1]
    agent_id = identifier(stem.removeprefix("agent-"), AGENT_ID_CHARS) if stem.startswith("agent-") else ""
    if "subagents" in folders:
        at = folders.index("subagents")
        kind = WORKFLOW_AGENT if "workflows" in folders[at:] else SUBAGENT
        owner = identifier(folders[at - 1], NATIVE_ID_CHARS) if at else ""
        return FileIdentity(owner, agent_id or identifier(stem, AGENT_ID_CHARS), kind)
    if agent_id:
        return FileIdentity("", agent_id, SUBAGENT)
    return FileIdentity(stem if _UUID.fullmatch(stem) else "")


def first_owner(lines: Iterable[bytes]) -> str:
    """The session id of the first line that has one, or ""."""
    for raw in lines:
        body = line_content(raw)
        if b'"sessionId"' not in body:
            continue
        try:
            record, _ = decode(body)
        except NotARecord:
            continue
        if native := identifier(record.get("sessionId"), NATIVE_ID_CHARS):
            return native
    return ""


@dataclass(slots=True)
class LineReader:
    """Reads the lines of one file in their order.

    `owner` is the session of lines that name none: told by the path, else by the first line that names one (see
    `first_owner`), else the file's name as a guess; a line that names one later makes the guess wrong.
    """

    identity: FileIdentity
    owner: str
    owner_guessed: bool = False
    guess_was_wrong: bool = False
    last_at_ms: int | None = None
    side_roots: dict[int, str] = field(default_factory=dict)  # uuid key of a side-chain line -> its agent id
    _facets: dict[tuple[SessionRef, str, str], int] = field(default_factory=dict)
    _refs: dict[tuple[str, str], SessionRef] = field(default_factory=dict)
    _last_values: tuple[object, ...] = ()
    _last_session: SessionRef | None = None
    _last_at: int = 0
    _last_uuid: tuple[str, int] = ("", 0)

    def read(self, offset: int, line_no: int, raw: bytes) -> ParsedLine | BadLine | None:
        """One complete line understood, or why not, or None when it is blank."""
        body = line_content(raw)
        if not body:
            return None
        readable, secrets = read_masked(body)
        try:
            record, oddity = decode(readable)
        except NotARecord as error:
            return BadLine(offset, len(raw) + 1, line_no, error.reason, str(error), _excerpt(readable))
        line = self._base_line(record, offset, len(raw) + 1, line_no, bytes_key(body))
        if oddity:
            line.note_problem(oddity, "The line holds values that JSON does not allow.")
        self._read_content(record, line)
        line.texts = folded_texts(record)
        line.secrets = secrets
        self._note_facets(record, line)
        return line

    def _base_line(
        self, record: dict[str, Any], offset: int, length: int, line_no: int, digest: int
    ) -> ParsedLine:
        uuid = text(record.get("uuid"))
        parent = text(record.get("parentUuid")) or text(record.get("logicalParentUuid"))
        at_ms = time_ms(record.get("timestamp"))
        if at_ms is not None:
            self.last_at_ms = at_ms
        parent_key = self._key_of(parent) if parent else None
        own_key = self._key_of(uuid) if uuid else pair_key(digest, offset)
        side = record.get("isSidechain") is True
        kind = text(record.get("type")) or "(none)"
        return ParsedLine(
            offset=offset,
            length=length,
            line_no=line_no,
            digest=digest,
            session=self._session(record, side, own_key, parent_key),
            kind=kind if len(kind) <= 60 else kind[:60],
            subtype=_subtype(kind, record)[:60],
            uuid_key=own_key,
            parent_key=parent_key,
            at_ms=at_ms,
            is_sidechain=side,
            version=text(record.get("version")),
        )

    def _key_of(self, uuid: str) -> int:
        """Most lines answer the line before, so that its key is known."""
        if uuid != self._last_uuid[0]:
            self._last_uuid = (uuid, uuid_key(uuid))
        return self._last_uuid[1]

    def _session(
        self, record: dict[str, Any], side: bool, own_key: int, parent_key: int | None
    ) -> SessionRef:
        """Whose line this is (R18, R19): the line's own session id first, then the file's owner."""
        native = identifier(record.get("sessionId"), NATIVE_ID_CHARS)
        if native and self.owner_guessed:
            self.guess_was_wrong = True
        native = native or self.owner
        agent_id, kind = self.identity.agent_id, self.identity.session_type
        if not agent_id and side:
            agent_id, kind = agent_of(record), SUBAGENT
            agent_id = agent_id or self._side_root(own_key, parent_key)
        known = self._refs.get((native, agent_id))
        if known is None:
            known = self._refs[native, agent_id] = SessionRef(native, agent_id, kind if agent_id else SESSION)
        return known

    def _side_root(self, own_key: int, parent_key: int | None) -> str:
        """Old versions wrote subagents into the main file without an id: a chain is named after its first line."""
        root = self.side_roots.get(parent_key or 0) or f"side{own_key:016x}"
        self.side_roots[own_key] = root
        return root

    def _read_content(self, record: dict[str, Any], line: ParsedLine) -> None:
        message = mapping(record.get("message"))
        if line.kind == "assistant":
            self._read_assistant(record, message, line)
        elif line.kind == "user":
            self._read_user(record, message, line)
        elif line.kind == "progress":
            self._read_progress(record, line)
        elif line.kind == "system":
            line.events = system_events(record)
        else:
            line.events = other_events(line.kind, record)
            line.spawns = [spawn for event in line.events if (spawn := _spawn_of(event))]

    def _read_assistant(self, record: dict[str, Any], message: dict[str, Any], line: ParsedLine) -> None:
        line.events = response_events(record, message)
        at_ms = line.at_ms if line.at_ms is not None else self.last_at_ms
        line.responses = responses_of(record, message, line, at_ms or 0)
        response_key = line.responses[0].key if line.responses else None
        for block in items(message.get("content")):
            if isinstance(block, dict) and block.get("type") == "tool_use":
                call = tool_use(block, line.at_ms, response_key, line.digest)
                if call is None:
                    line.note_problem("tool_use_without_id", "A tool call has no id to be counted by.")
                else:
                    line.tool_uses = (*line.tool_uses, call)

    def _read_user(self, record: dict[str, Any], message: dict[str, Any], line: ParsedLine) -> None:
        content = message.get("content")
        results = [b for b in items(content) if isinstance(b, dict) and b.get("type") == "tool_result"]
        extra = record.get("toolUseResult")
        for block in results:
            # One record's toolUseResult describes one result; with several blocks it cannot be told whose it is.
            detail = extra if len(results) == 1 else None
            found = tool_result(block, detail, text(record.get("toolDenialKind")), line.at_ms, line.digest)
            if found:
                line.tool_results = (*line.tool_results, found)
        line.events = user_events(record, content, bool(results))

    def _read_progress(self, record: dict[str, Any], line: ParsedLine) -> None:
        """A subagent's message inside a progress record: a copy, and its only trace where its file is gone (R7)."""
        data = mapping(record.get("data"))
        agent_id = agent_of(data)
        call_id = text(record.get("parentToolUseID"))
        if agent_id and call_id:
            line.spawns = (Spawn(call_id, agent_id),)
        carried = mapping(data.get("message"))
        message = mapping(carried.get("message"))
        if not isinstance(message.get("usage"), dict):
            return
        at_ms = time_ms(carried.get("timestamp")) or line.at_ms or self.last_at_ms or 0
        ref = SessionRef(line.session.native_id, agent_id, SUBAGENT) if agent_id else line.session
        line.responses = responses_of(carried, message, line, at_ms, session=ref, is_assistant=False)

    def _note_facets(self, record: dict[str, Any], line: ParsedLine) -> None:
        """Note each value of the facets once, and again only when an earlier moment of it turns up."""
        at = line.at_ms if line.at_ms is not None else NO_TIME
        values = tuple([record.get(key) for _, key in _FACET_KEYS])
        # Most lines say what the line before said, later: nothing to note.
        if values == self._last_values and line.session is self._last_session and at >= self._last_at:
            return
        self._last_values, self._last_session, self._last_at = values, line.session, at
        for (name, _), value in zip(_FACET_KEYS, values, strict=True):
            if not isinstance(value, str) or not value:
                continue
            seen = (line.session, name, value)
            if at < self._facets.get(seen, NO_TIME + 1):
                self._facets[seen] = at
                line.facets = (*line.facets, (name, value))

    def is_known(self, line: ParsedLine) -> bool:
        """Whether the line's record type is one this reader knows; unknown ones are kept and listed."""
        return line.kind in KNOWN_TYPES


def _spawn_of(event: Event) -> Spawn | None:
    """A background task's notice names the call that started it; for an agent the task's id is the agent's (R20)."""
    if event.kind != "queue" or not event.data:
        return None
    call_id, agent_id = event.data.get("tool-use-id"), event.data.get("task-id")
    return Spawn(str(call_id), str(agent_id)) if call_id and agent_id else None


def _subtype(kind: str, record: dict[str, Any]) -> str:
    """The finer kind of a record, as docs/formats/claude-code.md lists them."""
    if kind == "progress":
        return text(mapping(record.get("data")).get("type"))
    if kind == "attachment":
        return text(mapping(record.get("attachment")).get("type"))
    if kind == "queue-operation":
        return text(record.get("operation"))
    if kind == "assistant":
        return "api-error" if record.get("isApiErrorMessage") is True else ""
    if kind != "user":
        return text(record.get("subtype"))
    if record.get("isCompactSummary") is True:
        return "compact-summary"
    blocks = items(mapping(record.get("message")).get("content"))
    if any(isinstance(b, dict) and b.get("type") == "tool_result" for b in blocks):
        return "tool_result"
    return "meta" if record.get("isMeta") is True else "prompt"


def _excerpt(body: bytes) -> str:
    return body[: EXCERPT_CHARS * 4].decode("utf-8", "replace").replace("\x00", "\ufffd")[:EXCERPT_CHARS]
