"""Model responses: their tokens, and the several records each is written as."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .releases import UNKNOWN_MODEL
from .summary import Tally, TokenTotals
from .tools import ToolStep
from .transcript import JsonObject, Transcript, new_token

SYSTEM_PROMPT_TOKENS = 14_200
# Context that is left after a compaction: the system prompt and the summary.
COMPACTED_TOKENS = 21_000


@dataclass(slots=True)
class ResponseIds:
    """What identifies a response over all its records."""

    message: str
    request: str


@dataclass(slots=True)
class Voice:
    """The model speaking into one transcript, and the context it carries along."""

    transcript: Transcript
    tally: Tally
    model: str
    hour_cache: bool = False
    context: int = 0
    cached: int = 0

    def spend(self, output: int) -> TokenTotals:
        """Tokens of the next response; grows the context by what it reads and says."""
        rng = self.transcript.rng
        self.context += rng.randrange(300, 5200) if self.context else SYSTEM_PROMPT_TOKENS
        written = self.context - self.cached
        spent = TokenTotals(1, rng.randrange(2, 14), output, self.cached)
        if self.hour_cache:
            spent.cache_creation_1h_tokens = written
        else:
            spent.cache_creation_5m_tokens = written
        self.cached = self.context
        return spent

    def let_cache_expire(self) -> None:
        """Forget the cache, so that the next response writes all of the context anew."""
        self.cached = 0

    def compact(self) -> None:
        """Replace the context by its summary."""
        self.context = COMPACTED_TOKENS
        self.cached = SYSTEM_PROMPT_TOKENS

    def count(self, spent: TokenTotals, model: str) -> None:
        """Tally one response of this voice."""
        at = self.transcript
        self.tally.response(spent, model=model, project=at.project, session_id=at.session_id)
        self.tally.count("lower_bound_responses", int(at.release.output_is_lower_bound))
        self.tally.count("unpriced_responses", int(model == UNKNOWN_MODEL))

    def respond(
        self, blocks: list[JsonObject], *, model: str | None = None, fast: bool = False
    ) -> ResponseIds:
        """Write one response, a record per content block, and count it once."""
        at, rng = self.transcript, self.transcript.rng
        at.wait(rng.uniform(1.5, 9))
        lower_bound = at.release.output_is_lower_bound
        spent = self.spend(rng.randrange(4, 40) if lower_bound else rng.randrange(90, 1400))
        ids = new_ids(at)
        speaker = model or self.model
        self.count(spent, speaker)
        self.tally.count("fast_responses", int(fast))
        for place, block in enumerate(blocks):
            is_last = place == len(blocks) - 1
            shown = spent if is_last else replace(spent, output_tokens=_streamed(spent.output_tokens, place))
            stop = _stop_reason(blocks) if is_last and not lower_bound else None
            message = _message(ids.message, speaker, block, stop, usage(at, shown, fast=fast))
            at.linked("assistant", message=message, requestId=ids.request)
            at.wait(rng.uniform(0.4, 4))
        return ids


def new_ids(at: Transcript) -> ResponseIds:
    """Ids of a response nobody has seen before."""
    return ResponseIds(new_token(at.rng, "msg_01", 22), new_token(at.rng, "req_011C", 20))


def usage(at: Transcript, spent: TokenTotals, *, fast: bool = False) -> JsonObject:
    """The usage block as this release writes it."""
    split = {
        "ephemeral_5m_input_tokens": spent.cache_creation_5m_tokens,
        "ephemeral_1h_input_tokens": spent.cache_creation_1h_tokens,
    }
    shown: JsonObject = {
        "input_tokens": spent.input_tokens,
        "cache_creation_input_tokens": sum(split.values()),
        "cache_read_input_tokens": spent.cache_read_tokens,
        "cache_creation": split,
        "output_tokens": spent.output_tokens,
        "service_tier": "standard",
    }
    if at.release.is_modern:
        # One iteration repeats the figures above; adding it would double them.
        repeated = {key: value for key, value in shown.items() if key != "service_tier"}
        shown["server_tool_use"] = {"web_search_requests": 0, "web_fetch_requests": 0}
        shown["iterations"] = [{**repeated, "type": "message"}]
        shown["speed"] = "fast" if fast else "standard"
    return shown


def text_block(text: str) -> JsonObject:
    """A block of prose."""
    return {"type": "text", "text": text}


def thinking_block(at: Transcript, text: str) -> JsonObject:
    """A block of thinking with its signature."""
    return {"type": "thinking", "thinking": text, "signature": new_token(at.rng, "E", 120)}


def tool_block(at: Transcript, step: ToolStep) -> JsonObject:
    """A block that asks for a tool, under a new id."""
    return {
        "type": "tool_use",
        "id": new_token(at.rng, "toolu_01", 22),
        "name": step.name,
        "input": step.input,
    }


def _streamed(final: int, place: int) -> int:
    """Output tokens of an early copy: the count at the stream's start, then some of the rest."""
    return min(final, 2 + place * (final // 3))


def _stop_reason(blocks: list[JsonObject]) -> str:
    return "tool_use" if blocks[-1]["type"] == "tool_use" else "end_turn"


def _message(message_id: str, model: str, block: JsonObject, stop: str | None, used: Any) -> JsonObject:
    return {
        "model": model, "id": message_id, "type": "message", "role": "assistant", "content": [block],
        "stop_reason": stop, "stop_sequence": None, "usage": used,
    }  # fmt: skip
