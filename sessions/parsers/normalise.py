"""How copies of one thing become one fact: the counting rules as joins.

Every join here is commutative, associative and idempotent, so a fact does not depend on the order in which
its lines were read, on how often, or in how many steps. (Property tests in tests/test_normalise.py.)
"""

from typing import NamedTuple

from sessions.parsers.pricing import Usage
from sessions.parsers.records import ResponseSeen, ToolResult, ToolUse

QUARTER_MS = 900_000


def quarter_of(at_ms: int) -> int:
    """The 15-minute slot (UTC, counted from 1970) a moment falls into."""
    return at_ms // QUARTER_MS


class Response(NamedTuple):
    """A model response as far as the lines seen so far tell."""

    key: int
    message_id: str
    request_id: str
    at_ms: int  # earliest moment of any copy (R3)
    model: str
    usage: Usage
    stop_reason: str
    fast: bool
    service_tier: str
    inference_geo: str
    skill: str
    reported_cost_nano_usd: int | None
    is_assistant: bool
    is_sidechain: bool
    chosen_at_ms: int
    chosen_digest: int

    @property
    def rank(self) -> tuple[int, int, bool, int]:
        """The copy with the greatest output wins, the later of two equals (R2)."""
        return self.usage.output_tokens, self.chosen_at_ms, bool(self.stop_reason), self.chosen_digest

    @property
    def is_lower_bound(self) -> bool:
        """Whether the transcript kept only a snapshot of the output taken while it was still streaming."""
        return not self.stop_reason


def response_of(seen: ResponseSeen) -> Response:
    """The response one record tells of."""
    return Response(
        key=seen.key,
        message_id=seen.message_id,
        request_id=seen.request_id,
        at_ms=seen.at_ms,
        model=seen.model,
        usage=seen.usage,
        stop_reason=seen.stop_reason,
        fast=seen.fast,
        service_tier=seen.service_tier,
        inference_geo=seen.inference_geo,
        skill=seen.skill,
        reported_cost_nano_usd=seen.reported_cost_nano_usd,
        is_assistant=seen.is_assistant,
        is_sidechain=seen.is_sidechain or not seen.is_assistant,
        chosen_at_ms=seen.at_ms,
        chosen_digest=seen.digest,
    )


def join_responses(one: Response, other: Response) -> Response:
    """Both tell of the same response. A progress record's copy never changes what an assistant record says (R7)."""
    if one.is_assistant != other.is_assistant:
        return one if one.is_assistant else other
    best = one if one.rank >= other.rank else other
    searches = max(one.usage.web_search_requests, other.usage.web_search_requests)
    return best._replace(
        at_ms=min(one.at_ms, other.at_ms),
        skill=max(one.skill, other.skill),
        reported_cost_nano_usd=_greater(one.reported_cost_nano_usd, other.reported_cost_nano_usd),
        is_sidechain=one.is_sidechain and other.is_sidechain,
        usage=best.usage
        if searches == best.usage.web_search_requests
        else best.usage._replace(web_search_requests=searches),
    )


def _greater(one: int | None, other: int | None) -> int | None:
    return max((v for v in (one, other) if v is not None), default=None)


class Counted(NamedTuple):
    """What decides whether a response with its message id stands for itself."""

    key: int
    request_id: str
    is_sidechain: bool
    at_ms: int
    usage: Usage


def duplicates_among(responses: list[Counted]) -> dict[int, int]:
    """Of responses that share a message id, those already counted by another: {key: key that counts}.

    R5: a side chain may begin with a replay of the parent's message under a new request id; the main chain's counts.
    """
    found: dict[int, int] = {}
    with_id = [r for r in responses if r.request_id]
    main = [r for r in with_id if not r.is_sidechain]
    if main:
        kept = max(main, key=lambda r: (r.usage.output_tokens, -r.at_ms, r.key)).key
        found.update({r.key: kept for r in with_id if r.is_sidechain})
    return found


def twins_among(responses: list[Counted]) -> list[list[int]]:
    """Of responses that share a message id, those that are one response though nothing numbers the request (R4).

    Without request ids, copies in several sessions are one response only when time and usage are the same.
    """
    twins: dict[tuple[int, Usage], list[int]] = {}
    for r in responses:
        if not r.request_id:
            twins.setdefault((r.at_ms, r.usage), []).append(r.key)
    return [keys for keys in twins.values() if len(keys) > 1]


class Claim(NamedTuple):
    """A session's claim to a response that stands in several transcripts."""

    session_key: int
    first_at_ms: int
    # First response that stands in this session alone: the original of a fork has none, or an earlier one.
    alone_from_ms: int | None
    response_count: int
    public_id: str


def owner_of(claims: list[Claim]) -> int:
    """The session a shared response belongs to: the earliest; among copies with equal times, the original (R3, R15).

    A fork copies its parent's history and goes on after it. So the parent's own later work, if there is any,
    comes before the fork's; and a parent that stopped at the fork has nothing of its own at all.
    """
    first = min(
        claims,
        key=lambda c: (
            c.first_at_ms,
            -1 if c.alone_from_ms is None else c.alone_from_ms,
            c.response_count,
            c.public_id,
        ),
    )
    return first.session_key


def first_use(one: ToolUse | None, other: ToolUse | None) -> ToolUse | None:
    """The earliest of two records of the same call."""
    return _earliest(one, other)


def first_result(one: ToolResult | None, other: ToolResult | None) -> ToolResult | None:
    """The earliest of two answers to the same call."""
    return _earliest(one, other)


def _earliest[T: (ToolUse, ToolResult)](one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return one or other
    return one if _moment(one) <= _moment(other) else other


def _moment(seen: ToolUse | ToolResult) -> tuple[int, int]:
    return (seen.at_ms if seen.at_ms is not None else 1 << 62), seen.digest


def elapsed_ms(use_at_ms: int | None, result_at_ms: int | None) -> int | None:
    """From call to answer; None where a time is missing or a clock went back."""
    if use_at_ms is None or result_at_ms is None or result_at_ms < use_at_ms:
        return None
    return result_at_ms - use_at_ms
