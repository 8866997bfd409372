"""One transcript file in the making: its clock, its chain of records, its bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from .releases import Release

JsonObject = dict[str, Any]

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def stamp(moment: datetime) -> str:
    """UTC with milliseconds and a Z, as every transcript has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def new_uuid(rng: Random) -> str:
    """A random (version 4) UUID from the demo's own source of chance."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def new_token(rng: Random, prefix: str, length: int) -> str:
    """An id such as `msg_01…`: the prefix and random letters and digits."""
    return prefix + "".join(rng.choice(_ALPHABET) for _ in range(length))


def new_hex(rng: Random, length: int) -> str:
    """Random hexadecimal digits."""
    return f"{rng.getrandbits(4 * length):0{length}x}"


@dataclass(slots=True)
class Transcript:
    """Records of one file, in the order of their writing.

    `agent_id` is set for the file of a subagent, whose records all carry its parent's session id.
    """

    session_id: str
    project: str
    cwd: str
    branch: str
    release: Release
    rng: Random
    moment: datetime
    slug: str
    agent_id: str | None = None
    records: list[JsonObject] = field(default_factory=list)
    last_uuid: str | None = None
    last_written_at: datetime | None = None
    turn_ends: list[int] = field(default_factory=list)
    malformed_line_at: int | None = None
    ends_with_newline: bool = True

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(milliseconds=round(seconds * 1000))

    def linked(self, kind: str, **content: Any) -> JsonObject:
        """Append a record that belongs to the chain of parents, and return it."""
        record = {"parentUuid": self.last_uuid, **self._frame(), "type": kind, **content}
        record["uuid"] = new_uuid(self.rng)
        record["timestamp"] = stamp(self.moment)
        self.last_uuid, self.last_written_at = record["uuid"], self.moment
        self.records.append(record)
        return record

    def loose(self, kind: str, **content: Any) -> None:
        """Append a record outside the chain: titles, queue operations, snapshots."""
        self.records.append({"type": kind, **content})

    def _frame(self) -> JsonObject:
        frame: JsonObject = {
            "isSidechain": self.agent_id is not None,
            "userType": "external",
            "cwd": self.cwd,
            "sessionId": self.session_id,
            "version": self.release.version,
            "gitBranch": self.branch,
        }
        if self.agent_id is not None:
            frame["agentId"] = self.agent_id
        if self.release.is_modern:
            frame["entrypoint"] = "cli"
        if self.release.has_slug:
            frame["slug"] = self.slug
        return frame

    @property
    def end(self) -> datetime:
        """When the last record was written."""
        return self.last_written_at or self.moment

    def rendered(self) -> bytes:
        """The file's bytes, with the deliberate faults that were asked for."""
        lines = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in self.records]
        if self.malformed_line_at is not None:
            whole = lines[self.malformed_line_at]
            lines.insert(self.malformed_line_at, whole[: len(whole) // 2])
        text = "\n".join(lines) + ("\n" if self.ends_with_newline else "")
        return text.encode()

    @property
    def line_count(self) -> int:
        """Lines in the file, the malformed one included."""
        return len(self.records) + (self.malformed_line_at is not None)
