"""A small projects folder with the relations an amplifier has to keep; every identifier in it is made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

SESSION = "1b0f2a7c-52f4-4f0a-9d7e-0c5a3be11d01"
FORK = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER_SESSION = "e4eaaaf2-d142-41b3-8c2d-9f1b5a0c7d22"
QUESTION, ANSWER, RESULT = (f"0000000{n}-52f4-4f0a-9d7e-0c5a3be11d0{n}" for n in (1, 2, 3))
MESSAGE, REQUEST = "msg_01Xk3QmVn8sTzLr2CwYb4HdEf", "req_011CVhJ7aPq2sXyTnM4kLbW9"
TOOL_CALL, AGENT = "toolu_01Ab9ZkLmNpQrStUvWxYz123", "a52886dc"
BROKEN_LINE = b'{"type":"user","uuid":"' + QUESTION.encode() + b'","message":{"role":"us\n'
TORN_TAIL = b'{"type":"assistant","sessionId":"' + SESSION.encode()

Record = dict[str, Any]


def question(session: str) -> Record:
    """The first prompt; a fork repeats it under its own session."""
    return _entry(
        "user", session, QUESTION, None, "2026-03-01T23:50:00.250Z", {"role": "user", "content": "Hi"}
    )


def answer(session: str, output_tokens: int) -> Record:
    """One streamed chunk of a response; chunks share message and request, and their output grows."""
    message = {
        "id": MESSAGE,
        "type": "message",
        "role": "assistant",
        "content": [{"type": "tool_use", "id": TOOL_CALL, "name": "Bash", "input": {"id": "context7-docs"}}],
        "usage": {"input_tokens": 3, "output_tokens": output_tokens},
    }
    return {
        **_entry("assistant", session, ANSWER, QUESTION, "2026-03-01T23:55:00.500Z", message),
        "requestId": REQUEST,
    }


def result(session: str) -> Record:
    """The result of the call; its text names other identifiers, one right behind a line break."""
    text = f"Output\n{ANSWER}\nof {TOOL_CALL}, session_{AGENT}"
    block = {"type": "tool_result", "tool_use_id": TOOL_CALL, "content": text}
    return _entry(
        "user", session, RESULT, ANSWER, "2026-03-02T00:05:00Z", {"role": "user", "content": [block]}
    )


def agent_entry() -> Record:
    """What a subagent of the session wrote."""
    entry = _entry("user", SESSION, "99999999-52f4-4f0a-9d7e-0c5a3be11d09", None, "2026-03-02T00:02:00Z", {})
    return {**entry, "agentId": AGENT, "isSidechain": True}


def other_question() -> Record:
    """A session that shares nothing with the others."""
    entry = question(OTHER_SESSION)
    return {**entry, "uuid": "88888888-52f4-4f0a-9d7e-0c5a3be11d08", "timestamp": "2026-01-10T08:00:00.000Z"}


def write_projects(root: Path) -> Path:
    """A session (streamed, one broken line, a torn tail), its agent, its fork, and an unrelated session."""
    project = root / "projects" / "-srv-shop"
    agents = project / SESSION / "subagents"
    agents.mkdir(parents=True)
    chunks = [question(SESSION), answer(SESSION, 5), answer(SESSION, 80), result(SESSION)]
    (project / f"{SESSION}.jsonl").write_bytes(_lines(chunks) + b"\n" + BROKEN_LINE + TORN_TAIL)
    (project / f"{FORK}.jsonl").write_bytes(_lines([question(FORK), answer(FORK, 80)]))
    (project / f"{OTHER_SESSION}.jsonl").write_bytes(_lines([other_question()]))
    (agents / f"agent-{AGENT}.jsonl").write_bytes(_lines([agent_entry()]))
    (agents / f"agent-{AGENT}.meta.json").write_bytes(
        orjson.dumps({"agentType": "Explore", "toolUseId": TOOL_CALL})
    )
    (project / "notes.jsonl").write_bytes(b'{"type":"mode","mode":"plan"}\r\n')
    return root


def _entry(kind: str, session: str, uuid: str, parent: str | None, timestamp: str, message: Record) -> Record:
    return {
        "type": kind,
        "sessionId": session,
        "uuid": uuid,
        "parentUuid": parent,
        "timestamp": timestamp,
        "cwd": "/srv/shop",
        "message": message,
    }


def _lines(records: list[Record]) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)
