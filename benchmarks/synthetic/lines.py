"""The lines of synthetic transcripts: a cycle of fifty that sessions repeat.

A cycle is a prompt, ten responses of two lines each with a tool call, the answers, and what the agent notes between.
Sessions share the same bytes, so that a year of archive is small and quick to write; `own_cycle` gives lines with
ids of their own for a session whose transcript is to be read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from sessions.parsers.keys import bytes_key
from sessions.parsers.lines import Chunk
from sessions.parsers.packing import pack

RESPONSES = 10
TEXT = (
    "The function takes the rows in order and stops at the first that does not fit; the caller decides. " * 6
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cycle: `response` is the number of the response or call it belongs to, None elsewhere."""

    kind: str
    subtype: str
    response: int | None
    raw: bytes
    digest: int


def _assistant(ident: str, number: int, block: dict[str, Any]) -> dict[str, Any]:
    message = {"id": f"msg_{ident}_{number}", "role": "assistant", "content": [block]}
    return {"type": "assistant", "message": message, "requestId": f"req_{ident}_{number}"}


def _records(ident: str) -> list[tuple[str, str, int | None, dict[str, Any]]]:
    prompt = {
        "type": "user",
        "message": {"role": "user", "content": "Please make the reader stop where it should."},
    }
    found: list[tuple[str, str, int | None, dict[str, Any]]] = [
        ("file-history-snapshot", "", None, {"type": "file-history-snapshot", "snapshot": {}}),
        ("user", "prompt", None, prompt),
    ]
    for n in range(RESPONSES):
        use = {
            "type": "tool_use",
            "id": call_id(ident, n),
            "name": "Read",
            "input": {"file_path": f"src/part_{n}.py"},
        }
        result = {"type": "tool_result", "tool_use_id": call_id(ident, n), "content": TEXT * 3}
        found += [
            ("assistant", "", n, _assistant(ident, n, {"type": "text", "text": TEXT})),
            ("assistant", "", n, _assistant(ident, n, use)),
            (
                "progress",
                "hook_progress",
                None,
                {"type": "progress", "data": {"type": "hook_progress", "n": n}},
            ),
            ("user", "tool_result", n, {"type": "user", "message": {"role": "user", "content": [result]}}),
        ]
    notes = ("turn_duration", "stop_hook_summary")
    found += [
        ("system", note, None, {"type": "system", "subtype": note, "durationMs": 61_000}) for note in notes
    ]
    found += [
        ("progress", "bash_progress", None, {"type": "progress", "data": {"type": "bash_progress", "n": n}})
        for n in range(50 - len(found))
    ]
    return found


def call_id(ident: str, number: int) -> str:
    return f"toolu_{ident}_{number}"


def own_cycle(ident: str) -> list[Line]:
    """The fifty lines with ids made of `ident`."""
    found = []
    for at, (kind, subtype, response, record) in enumerate(_records(ident)):
        raw = json.dumps({"uuid": f"{ident}-{at}", **record}).encode() + b"\n"
        found.append(Line(kind, subtype, response, raw, bytes_key(raw[:-1])))
    return found


SHARED = "shared"
CYCLE = own_cycle(SHARED)
LENGTH = len(CYCLE)
LENGTHS = [len(line.raw) for line in CYCLE]
CYCLE_BYTES = sum(LENGTHS)
STARTS = [sum(LENGTHS[:at]) for at in range(LENGTH)]


@cache
def shared_segment(lines: int) -> tuple[bytes, bytes, int]:
    """(compressed bytes, SHA-256, length) of the first lines of the endless repetition of the cycle."""
    whole, rest = divmod(lines, LENGTH)
    raw = b"".join(line.raw for line in CYCLE) * whole + b"".join(line.raw for line in CYCLE[:rest])
    return packed(raw)


def packed(raw: bytes) -> tuple[bytes, bytes, int]:
    """(compressed bytes, SHA-256, length) as the archive keeps them."""
    whole = pack(Chunk(0, raw))
    return whole.data, whole.sha256, whole.length
