"""Subagents, in the three layouts transcripts have known: flat files, a folder, progress records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import tools
from .conversation import Conversation
from .releases import HAIKU
from .responses import ResponseIds, Voice, new_ids, text_block, tool_block, usage
from .summary import TokenTotals
from .tools import ToolStep
from .transcript import Transcript, new_hex, new_uuid, stamp

JOBS = (
    ("Explore", "Find all callers", "List every caller of the capacity check, with file and line."),
    ("test-writer", "Write missing tests", "Write tests for the edges the plan names, and run them."),
    (
        "code-reviewer",
        "Review the change",
        "Review the last commit for mistakes at midnight and on closed days.",
    ),
)


def run_agent(parent: Conversation, *, replays: bool = False) -> Transcript:
    """A subagent with a transcript of its own.

    With `replays` its file opens with a copy of the parent's response, under a new request id and
    with a huge cache read: a record that must not be counted.
    """
    kind, description, request = parent.at.rng.choice(JOBS)
    step = _task(parent, kind, description, request)
    call_id = parent.ask(step)
    child = Conversation(_child_voice(parent), parent.place)
    child.at.linked("user", message={"role": "user", "content": request})
    if replays:
        _replay(parent, child)
    spent = _work(child)
    _return(parent, child, call_id, step, spent)
    parent.voice.tally.count("subagents")
    return child.voice.transcript


def warm_up(parent: Conversation) -> Transcript:
    """The two-line agent file some releases write at the start of a session; it costs tokens."""
    child = Conversation(_child_voice(parent), parent.place)
    child.at.linked("user", message={"role": "user", "content": "Warmup"})
    child.say("Ready to look through this project.")
    parent.voice.tally.count("subagents")
    return child.voice.transcript


def run_agent_without_file(parent: Conversation) -> None:
    """A subagent whose own file is gone: progress records are the only trace of its responses."""
    kind, description, request = JOBS[0]
    step = _task(parent, kind, description, request)
    call_id = parent.ask(step)
    agent_id = new_hex(parent.at.rng, 7)
    voice = Voice(parent.at, parent.voice.tally, HAIKU)
    prompt = {
        "type": "user", "message": {"role": "user", "content": [text_block(request)]},
        "uuid": new_uuid(parent.at.rng), "timestamp": stamp(parent.at.moment),
    }  # fmt: skip
    _agent_progress(parent, agent_id, call_id, prompt)
    for asked in (tools.grep(parent.place), tools.read(parent.place), tools.read(parent.place)):
        _progress_response(parent, voice, agent_id, call_id, asked)
    said = [text_block("Two callers, both in the nightly job."), text_block(f"agentId: {agent_id}")]
    result = {"status": "completed", "prompt": request, "agentId": agent_id, "content": said[:1]}
    step.content, step.result = said, result
    parent.result(call_id, step)
    parent.voice.tally.count("subagents")


def _task(parent: Conversation, kind: str, description: str, request: str) -> ToolStep:
    asked = {"description": description, "prompt": request, "subagent_type": kind}
    return ToolStep(parent.at.release.agent_tool, asked, None, None, 0.3)


def _child_voice(parent: Conversation) -> Voice:
    digits = 8 if parent.at.release.flat_agents else 17
    transcript = replace(
        parent.at, agent_id=new_hex(parent.at.rng, digits), records=[], turn_ends=[], last_uuid=None,
        last_written_at=None,
        malformed_line_at=None, ends_with_newline=True,
    )  # fmt: skip
    return Voice(transcript, parent.voice.tally, HAIKU)


def _work(child: Conversation) -> TokenTotals:
    """What the subagent does; the usage its parent is told is that of the last response alone."""
    place = child.place
    child.act(tools.grep(place), tools.glob(place))
    child.act(*(tools.read(place) for _ in range(child.at.rng.randrange(1, 4))))
    if child.at.rng.random() < 0.5:
        child.act(tools.run_tests(place))
    read_before = child.voice.cached
    child.say("Both callers pass the day as text. The nightly job is the one that matters.")
    written = child.voice.context - read_before
    return TokenTotals(1, 3, 120, read_before, written)


def _return(
    parent: Conversation, child: Conversation, call_id: str, step: ToolStep, spent: TokenTotals
) -> None:
    took = child.at.moment - parent.at.moment
    parent.at.moment = child.at.moment
    if parent.at.release.has_progress:
        _echo(parent, child, call_id)
    said = text_block("Both callers pass the day as text. The nightly job is the one that matters.")
    agent_id = child.at.agent_id
    step.content = [said, text_block(f"agentId: {agent_id}")]
    step.result = {
        "status": "completed", "prompt": step.input["prompt"], "agentId": agent_id, "content": [said],
        "totalDurationMs": round(took.total_seconds() * 1000),
        "totalTokens": spent.input_tokens + spent.output_tokens + spent.cache_read_tokens,
        "totalToolUseCount": 3, "usage": usage(child.at, spent),
    }  # fmt: skip
    parent.result(call_id, step)


def _echo(parent: Conversation, child: Conversation, call_id: str) -> None:
    """Copies of the subagent's responses in its parent's file, with the counts of the stream's start."""
    for record in child.at.records:
        if record["type"] == "assistant":
            used = {**record["message"]["usage"], "output_tokens": 2}
            message = {**record["message"], "usage": used}
            copied = {key: record[key] for key in ("type", "timestamp", "requestId", "uuid")}
            _agent_progress(parent, str(child.at.agent_id), call_id, {**copied, "message": message})


def _replay(parent: Conversation, child: Conversation) -> None:
    original = next(each for each in reversed(parent.at.records) if each["type"] == "assistant")
    inflated = replace(TokenTotals(1, 5, 2, 50_000), cache_creation_5m_tokens=400)
    message = {**original["message"], "usage": usage(child.at, inflated)}
    message["content"] = [text_block("I'll hand this to a subagent.")]
    child.at.linked("assistant", message=message, requestId=new_ids(child.at).request)
    parent.voice.tally.count("replayed_responses")


def _agent_progress(parent: Conversation, agent_id: str, call_id: str, message: Any) -> None:
    data = {
        "message": message,
        "normalizedMessages": [],
        "type": "agent_progress",
        "prompt": "",
        "agentId": agent_id,
    }
    parent.at.linked("progress", data=data, toolUseID=f"agent_{agent_id}", parentToolUseID=call_id)


def _progress_response(
    parent: Conversation, voice: Voice, agent_id: str, call_id: str, asked: ToolStep
) -> None:
    parent.at.wait(parent.at.rng.uniform(1, 5))
    ids: ResponseIds = new_ids(parent.at)
    spent = voice.spend(parent.at.rng.randrange(2, 9))
    message = {
        "model": HAIKU, "id": ids.message, "type": "message", "role": "assistant",
        "content": [tool_block(parent.at, asked)], "stop_reason": None, "stop_sequence": None,
        "usage": usage(parent.at, spent),
    }  # fmt: skip
    seen = stamp(parent.at.moment)
    wrapped = {
        "type": "assistant", "timestamp": seen, "message": message, "requestId": ids.request,
        "uuid": new_uuid(parent.at.rng),
    }  # fmt: skip
    _agent_progress(parent, agent_id, call_id, wrapped)
    voice.count(spent, HAIKU)
    voice.tally.count("partial_responses")
    voice.tally.count("progress_tool_calls")
