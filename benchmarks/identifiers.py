"""Identifiers in transcripts: where they stand, which look random, and what replaces them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

# fmt: off
ID_KEYS = frozenset(
    {
        "sessionId", "session_id", "forkedFromSessionId", "uuid", "parentUuid", "logicalParentUuid",
        "leafUuid", "messageId", "message_id", "snapshotMessageId", "requestId", "requestID",
        "request_id", "request-id", "promptId", "agentId", "agent_id", "runId", "toolUseID",
        "toolUseId", "tool_use_id", "parentToolUseID", "parent_tool_use_id", "sourceToolUseID",
        "sourceToolAssistantUUID", "refusedUserMessageUuid", "interruptedMessageId",
    }
)
# fmt: on
ID_CARRYING_TYPES = frozenset({"message", "tool_use", "server_tool_use", "mcp_tool_use"})

_UUID = rb"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_WORD = rb"[0-9A-Za-z]{6,}"
# A JSON escape is consumed first: the `n` of `\n` must not become part of the identifier that follows it.
MARK = re.compile(
    rb"\\(?:u[0-9A-Fa-f]{4}|.)"
    rb'|(?<=")(?P<moment>20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d)(?=(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")'
    rb"|(?P<uuid>" + _UUID + rb")|(?P<word>" + _WORD + rb")"
)
_IDENTIFIER = re.compile(rb"(?P<uuid>" + _UUID + rb")|(?P<word>" + _WORD + rb")")
_HEXADECIMAL = re.compile(rb"[0-9a-f]+")

_DIGITS = b"0123456789"
_LOWER = b"abcdefghijklmnopqrstuvwxyz"


def _alphabet(characters: bytes) -> bytes:
    """A table for `bytes.translate` that turns random bytes into these characters."""
    return bytes(characters[value % len(characters)] for value in range(256))


_AS_DIGITS, _AS_LOWER = _alphabet(_DIGITS), _alphabet(_DIGITS + _LOWER)
_AS_UPPER, _AS_MIXED = _alphabet(_DIGITS + _LOWER.upper()), _alphabet(_DIGITS + _LOWER + _LOWER.upper())


def fresh_identifier(old: bytes, key: bytes) -> bytes:
    """What replaces a UUID or word under this key: same length and kind of characters, always the same."""
    digest = blake2b(old.lower() if b"-" in old else old, key=key, digest_size=32)
    if b"-" in old:
        return _fresh_uuid(old, digest.hexdigest().encode())
    repeats = len(old) // 32 + 1
    if _HEXADECIMAL.fullmatch(old) and not old.isdigit():
        return (digest.hexdigest().encode() * repeats)[: len(old)]
    kept = 2 if old.startswith(b"01") else int(old.isdigit())
    return old[:kept] + (digest.digest() * repeats)[kept : len(old)].translate(_table(old))


def _fresh_uuid(old: bytes, random: bytes) -> bytes:
    version, variant = old[14:15].lower(), old[19:20].lower()
    parts = (random[:8], random[8:12], version + random[12:15], variant + random[15:18], random[18:30])
    new = b"-".join(parts)
    return new.upper() if old.isupper() else new


def _table(old: bytes) -> bytes:
    if old.isdigit():
        return _AS_DIGITS
    if old.islower():
        return _AS_LOWER
    return _AS_UPPER if old.isupper() else _AS_MIXED


def identifiers_in(value: str) -> Iterator[bytes]:
    """The replaceable parts of an identifier: its UUIDs and the words that look random rather than named."""
    for match in _IDENTIFIER.finditer(value.encode(errors="ignore")):
        if match["uuid"] or _looks_random(match[0]):
            yield match[0]


def _looks_random(word: bytes) -> bool:
    # Names such as `progress` or `context7` also stand under these keys, and must stay what they are. Short
    # runs of digits stay as well: the same digits may stand somewhere as a JSON number.
    if word.isdigit():
        return len(word) >= 16
    if _HEXADECIMAL.fullmatch(word):
        return True
    named = word.isalpha() and (len(word) < 20 or word.islower())
    return len(word) >= 12 and not named


def identifier_values(record: object) -> Iterator[str]:
    """Every string under an identifier's key, at any depth (without recursion: records may be deep)."""
    nodes = [record]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes.extend(node)
        elif isinstance(node, dict):
            yield from _own_identifiers(node)
            nodes.extend(value for value in node.values() if isinstance(value, (dict, list)))


def _own_identifiers(node: dict[str, Any]) -> Iterator[str]:
    for key in ID_KEYS & node.keys():
        if isinstance(node[key], str):
            yield node[key]
    own = node.get("id")
    if isinstance(own, str) and ("usage" in node or _carries_id(node.get("type"))):
        yield own


def _carries_id(kind: object) -> bool:
    return isinstance(kind, str) and kind in ID_CARRYING_TYPES
