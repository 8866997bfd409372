"""Small transcripts made for tests: builders of records in Claude Code's shapes, and of whole folders of them.

Every builder returns a plain dict that a test may change; `line` makes bytes of it.
"""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
CWD = "/home/ada/engine"
FOLDER = "-home-ada-engine"
MODEL = "claude-sonnet-4-5-20250929"


def uid(name: str) -> str:
    """A UUID that is the same for the same name."""
    return str(uuid5(NAMESPACE, name))


def at(seconds: float) -> str:
    """A timestamp this long after the samples' beginning, as Claude Code writes it."""
    moment = START + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at_ms(seconds: float) -> int:
    """The same moment in epoch milliseconds."""
    return round((START + timedelta(seconds=seconds)).timestamp() * 1000)


def usage(
    output: int = 10, *, input: int = 3, read: int = 100, short: int = 0, long: int = 0, **more: Any
) -> dict[str, Any]:
    """A `usage` object; cache writes are split into short (5 minutes) and long (one hour)."""
    return {
        "input_tokens": input,
        "output_tokens": output,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        **more,
    }


def record(kind: str, name: str, seconds: float, session: str, **more: Any) -> dict[str, Any]:
    """What records of most types share."""
    return {
        "type": kind,
        "uuid": uid(name),
        "parentUuid": None,
        "timestamp": at(seconds),
        "sessionId": uid(session),
        "cwd": CWD,
        "gitBranch": "main",
        "version": "2.1.0",
        "isSidechain": False,
        **more,
    }


def prompt(name: str, seconds: float, session: str = "a", text: str = "Do it", **more: Any) -> dict[str, Any]:
    return record("user", name, seconds, session, message={"role": "user", "content": text}, **more)


def reply(
    name: str,
    seconds: float,
    session: str = "a",
    *,
    message_id: str = "",
    request_id: str | None = "",
    output: int = 10,
    model: str = MODEL,
    stop: str | None = "end_turn",
    blocks: Iterable[dict[str, Any]] = (),
    tokens: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A response of the model; ids derive from `name` unless given, and `request_id=None` leaves it out."""
    message = {
        "id": message_id or f"msg_{name}",
        "role": "assistant",
        "model": model,
        "content": list(blocks) or [{"type": "text", "text": f"Reply {name}"}],
        "stop_reason": stop,
        "usage": usage(output) if tokens is None else tokens,
    }
    ids = {} if request_id is None else {"requestId": request_id or f"req_{name}"}
    return record("assistant", name, seconds, session, message=message, **ids, **more)


def call(call_id: str, tool: str = "Bash", **given: Any) -> dict[str, Any]:
    """A `tool_use` block."""
    return {"type": "tool_use", "id": call_id, "name": tool, "input": given or {"command": "ls"}}


def answer(
    name: str,
    seconds: float,
    call_id: str,
    session: str = "a",
    *,
    content: Any = "done",
    is_error: bool = False,
    detail: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """The record that carries a tool's result; `detail` becomes its `toolUseResult`."""
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content, "is_error": is_error}
    extra = {} if detail is None else {"toolUseResult": detail}
    return record(
        "user", name, seconds, session, message={"role": "user", "content": [block]}, **extra, **more
    )


def progress(name: str, seconds: float, of: dict[str, Any], agent: str, session: str = "a") -> dict[str, Any]:
    """A progress record that carries a copy of a subagent's reply (R7)."""
    data = {"type": "agent_progress", "agentId": agent, "message": of}
    return record("progress", name, seconds, session, data=data, parentToolUseID="toolu_spawn")


def side(of: dict[str, Any], agent: str) -> dict[str, Any]:
    """The same record as a subagent's."""
    return of | {"isSidechain": True, "agentId": agent}


def forked(lines: Iterable[dict[str, Any]], session: str) -> list[dict[str, Any]]:
    """A history as a fork copies it: the same uuids and times under a new session id (R21)."""
    return [line | {"sessionId": uid(session)} for line in lines]


def chained(records: Iterable[dict[str, Any]], first: str | None = None) -> list[dict[str, Any]]:
    """The records as one conversation: each answers the one before, the first one the record named `first`."""
    above, found = uid(first) if first else None, []
    for of in records:
        found.append(of | {"parentUuid": above})
        above = of["uuid"]
    return found


def line(of: dict[str, Any], end: bytes = b"\n") -> bytes:
    return json.dumps(of, ensure_ascii=False, separators=(",", ":")).encode() + end


def lines(of: Iterable[dict[str, Any]], end: bytes = b"\n") -> bytes:
    return b"".join(line(item, end) for item in of)


def main_path(session: str = "a", folder: str = FOLDER) -> str:
    """Where a session's transcript lies under the projects folder."""
    return f"{folder}/{uid(session)}.jsonl"


def agent_path(agent: str, session: str = "a", folder: str = FOLDER) -> str:
    """Where a subagent's transcript lies."""
    return f"{folder}/{uid(session)}/subagents/agent-{agent}.jsonl"


def write(root: Path, files: dict[str, bytes]) -> None:
    """Write files under the `projects` folder of a config folder."""
    for relative, content in files.items():
        path = root / "projects" / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def append(root: Path, relative: str, content: bytes) -> None:
    """Append to a file as the agent does, making it when it is not there."""
    path = root / "projects" / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(content)


def touch(path: Path, seconds: float) -> None:
    """Set a file's modification time, counted from the samples' beginning."""
    moment = (START + timedelta(seconds=seconds)).timestamp()
    os.utime(path, (moment, moment))
