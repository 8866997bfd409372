"""A conversation: prompts, responses with tools, and what the agent notes around them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from . import story
from .responses import ResponseIds, Voice, text_block, thinking_block, tool_block
from .tools import ToolStep, Workplace
from .transcript import JsonObject, Transcript, new_token, new_uuid, stamp


@dataclass(slots=True)
class Conversation:
    """One agent at work: its voice, and the place its tools act on."""

    voice: Voice
    place: Workplace

    @property
    def at(self) -> Transcript:
        """The transcript being written."""
        return self.voice.transcript

    # -- what the person says -------------------------------------------------------------------

    def prompt(self, text: str) -> None:
        """A prompt typed by the person."""
        self._snapshot()
        self.at.linked("user", message={"role": "user", "content": text})
        self.voice.tally.count("prompts")

    def command(self, name: str, arguments: str, instructions: str) -> None:
        """A slash command, followed by the instructions it stands for (not a prompt)."""
        self._snapshot()
        content = (
            f"<command-message>{name[1:]}</command-message>\n"
            f"<command-name>{name}</command-name>\n<command-args>{arguments}</command-args>"
        )
        self.at.linked("user", message={"role": "user", "content": content})
        self.note(instructions)

    def note(self, text: str, **extra: Any) -> None:
        """A user record written by the agent itself."""
        self.at.linked("user", message={"role": "user", "content": [text_block(text)]}, isMeta=True, **extra)

    def _snapshot(self) -> None:
        number = new_uuid(self.at.rng)
        taken = {"messageId": number, "trackedFileBackups": {}, "timestamp": stamp(self.at.moment)}
        self.at.loose("file-history-snapshot", messageId=number, snapshot=taken, isSnapshotUpdate=False)

    # -- what the agent does ----------------------------------------------------------------------

    def say(self, text: str, **how: Any) -> ResponseIds:
        """A response of prose only."""
        return self.voice.respond([text_block(text)], **how)

    def act(self, *steps: ToolStep, **how: Any) -> ResponseIds:
        """A response that asks for tools at once, and their results."""
        blocks = [*self._preamble(), *(tool_block(self.at, step) for step in steps)]
        ids = self.voice.respond(blocks, **how)
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        for call_id, step in zip(calls, steps, strict=True):
            self.answer(call_id, step)
        return ids

    def ask(self, step: ToolStep, **how: Any) -> str:
        """A response that asks for one tool and leaves the result to the caller; the call's id."""
        block = tool_block(self.at, step)
        self.voice.respond([block], **how)
        self._count(step)
        return str(block["id"])

    def answer(self, call_id: str, step: ToolStep) -> None:
        """Write a call's result, unless it never got one, and count the call."""
        self._count(step)
        if step.outcome != "unanswered":
            self.result(call_id, step)

    def result(self, call_id: str, step: ToolStep) -> None:
        """The record of a tool's result."""
        if self.at.release.has_progress and step.name == "Bash" and step.seconds > 2:
            self._bash_progress(call_id, step)
        self.at.wait(step.seconds)
        block: JsonObject = {"tool_use_id": call_id, "type": "tool_result", "content": step.content}
        if step.outcome != "ok":
            block["is_error"] = True
        asked_by = (
            {} if self.at.release.flat_agents else {"sourceToolAssistantUUID": self._asking_uuid(call_id)}
        )
        message = {"role": "user", "content": [block]}
        self.at.linked("user", message=message, toolUseResult=step.result, **asked_by)
        if step.name == "Skill":
            self.note(
                "Steps of this skill: look at the last change of its kind first.", sourceToolUseID=call_id
            )

    def _asking_uuid(self, call_id: str) -> str:
        asking = (
            record["uuid"]
            for record in reversed(self.at.records)
            if record["type"] == "assistant" and record["message"]["content"][0].get("id") == call_id
        )
        return str(next(asking))

    def _count(self, step: ToolStep) -> None:
        tally = self.voice.tally
        tally.tool_call(step.name)
        tally.count("tool_errors", int(step.outcome == "error"))
        tally.count("tool_rejections", int(step.outcome == "rejected"))
        tally.count("unanswered_tool_calls", int(step.outcome == "unanswered"))
        if isinstance(step.result, dict):
            tally.count("web_searches", step.result.get("searchCount", 0))

    def _preamble(self) -> list[JsonObject]:
        rng = self.at.rng
        blocks = [thinking_block(self.at, rng.choice(story.THOUGHTS))] if rng.random() < 0.3 else []
        if rng.random() < 0.6:
            blocks.append(text_block(rng.choice(story.REMARKS)))
        return blocks

    def _bash_progress(self, call_id: str, step: ToolStep) -> None:
        data = {"type": "bash_progress", "output": "", "elapsedTimeSeconds": 2, "totalLines": 0}
        self.at.linked("progress", data=data, toolUseID="bash-progress-0", parentToolUseID=call_id)

    # -- what the agent notes ------------------------------------------------------------------------

    def start_hook(self) -> None:
        """The trace of a hook that ran when the session started, in this release's form."""
        command = "sh .claude/hooks/show-open-tasks.sh"
        call = new_uuid(self.at.rng)
        event = {"hookEvent": "SessionStart", "hookName": "SessionStart:startup", "command": command}
        if self.at.release.has_progress:
            data = {"type": "hook_progress", **event}
            self.at.linked("progress", data=data, parentToolUseID=call, toolUseID=call)
        if self.at.release.is_modern:
            ran = {"stdout": "2 tasks open\n", "stderr": "", "exitCode": 0, "durationMs": 210, "content": ""}
            self.at.linked(
                "attachment", attachment={"type": "hook_success", "toolUseID": call, **event, **ran}
            )

    def end_turn(self, took: timedelta | None = None) -> None:
        """Close a turn: the stop hook's summary and, where this release writes it, the turn's length."""
        self.at.linked(
            "system",
            subtype="stop_hook_summary",
            hookCount=1,
            hookInfos=[{"command": "sh .claude/hooks/format.sh"}],
            hookErrors=[],
            preventedContinuation=False,
            stopReason="",
            hasOutput=False,
            level="suggestion",
            toolUseID=new_uuid(self.at.rng),
        )
        if took is not None and not self.at.release.flat_agents:
            milliseconds = took // timedelta(milliseconds=1)
            self.at.linked("system", subtype="turn_duration", durationMs=milliseconds, isMeta=False)
        self.at.turn_ends.append(len(self.at.records))

    def interruption(self, *, during_tool: bool = True) -> None:
        """The record of a person pressing Escape."""
        text = (
            "[Request interrupted by user for tool use]" if during_tool else "[Request interrupted by user]"
        )
        self.at.wait(2)
        self.at.linked("user", message={"role": "user", "content": [text_block(text)]})

    def queue(self, text: str) -> None:
        """A prompt typed while the agent was busy: queued, then taken up as a prompt."""
        session = {"sessionId": self.at.session_id}
        self.at.loose(
            "queue-operation", operation="enqueue", timestamp=stamp(self.at.moment), content=text, **session
        )
        self.at.wait(1.5)
        self.at.loose("queue-operation", operation="dequeue", timestamp=stamp(self.at.moment), **session)
        self.prompt(text)

    def compact(self) -> None:
        """Compaction: the boundary, then the summary the conversation continues from."""
        before = self.voice.context
        logical, self.at.last_uuid = self.at.last_uuid, None
        self.at.wait(14)
        self.at.linked(
            "system",
            subtype="compact_boundary",
            content="Conversation compacted",
            isMeta=False,
            level="info",
            logicalParentUuid=logical,
            compactMetadata={"trigger": "manual", "preTokens": before},
        )
        summary = (
            "This session is being continued from a previous conversation that ran out of context. "
            f"Summary: the work on {self.place.feature.title.lower()} goes on; tests pass so far."
        )
        message = {"role": "user", "content": summary}
        self.at.linked("user", message=message, isVisibleInTranscriptOnly=True, isCompactSummary=True)
        self.voice.compact()
        self.voice.tally.count("compactions")

    def overloaded(self, attempts: int) -> None:
        """Requests the API turned away as overloaded, each tried again a little later."""
        for attempt in range(1, attempts + 1):
            request = new_token(self.at.rng, "req_011C", 20)
            inner = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
            error = {"status": 529, "requestID": request, "error": inner}
            self.at.linked(
                "system",
                subtype="api_error",
                level="error",
                error=error,
                retryInMs=500.0 * 2**attempt,
                retryAttempt=attempt,
                maxRetries=10,
            )
            self.at.wait(0.5 * 2**attempt)
            self.voice.tally.count("api_errors")

    def failed_response(self) -> None:
        """A request given up for good: an assistant record without tokens or model."""
        used = {
            "input_tokens": 0,
            "output_tokens": 0,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        }
        message = {
            "id": new_uuid(self.at.rng),
            "model": "<synthetic>",
            "role": "assistant",
            "type": "message",
            "stop_reason": "stop_sequence",
            "stop_sequence": "",
            "usage": used,
            "content": [text_block("API Error: 500 Internal server error")],
        }
        self.at.linked("assistant", message=message, error="server_error", isApiErrorMessage=True)
        self.voice.tally.count("failed_responses")
