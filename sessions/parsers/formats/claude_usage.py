"""Token usage in Claude Code's records: which responses a record tells of, with which tokens (R1-R11, R35)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from sessions.parsers.pricing import Usage
from sessions.parsers.records import ParsedLine, ResponseSeen, SessionRef, response_key
from sessions.parsers.values import items, mapping, text, token_count

SYNTHETIC = "<synthetic>"
_NANO = 1_000_000_000


def responses_of(
    record: dict[str, Any],
    message: dict[str, Any],
    line: ParsedLine,
    at_ms: int,
    *,
    session: SessionRef | None = None,
    is_assistant: bool = True,
) -> list[ResponseSeen]:
    """The response a record carries, and those billed beside it (R9); [] when no model answered (R10)."""
    model = text(message.get("model"))
    if not model or model == SYNTHETIC or record.get("isApiErrorMessage") is True:
        return []
    problems: list[tuple[str, str]] = []
    raw = mapping(message.get("usage"))
    if not raw:
        problems.append(("usage_missing", "A response has no usage; its tokens are counted as 0."))
    own_id = text(message.get("id")) or f"line-{line.uuid_key:x}"
    request_id, ref = text(record.get("requestId")), session or line.session
    seen = ResponseSeen(
        key=response_key(own_id, request_id, ref),
        message_id=own_id,
        request_id=request_id,
        session=ref,
        at_ms=at_ms,
        model=model,
        usage=usage_of(raw, problems),
        is_assistant=is_assistant,
        is_sidechain=line.is_sidechain,
        stop_reason=text(message.get("stop_reason")),
        fast=raw.get("speed") == "fast",
        service_tier=text(raw.get("service_tier")),
        inference_geo=text(raw.get("inference_geo")),
        skill=text(record.get("attributionSkill")),
        reported_cost_nano_usd=_reported_cost(record.get("costUSD")),
        digest=line.digest,
    )
    found = [seen, *_advisors(seen, raw, problems)]
    for kind, detail in problems:
        line.note_problem(kind, detail)
    return found


def usage_of(raw: dict[str, Any], problems: list[tuple[str, str]]) -> Usage:
    """Token classes of a `usage` object. A flat cache-write figure without its split is a five-minute write."""
    flat = token_count(raw.get("cache_creation_input_tokens"), "cache_creation_input_tokens", problems)
    split = mapping(raw.get("cache_creation"))
    short = token_count(split.get("ephemeral_5m_input_tokens"), "ephemeral_5m_input_tokens", problems)
    long = token_count(split.get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens", problems)
    if short + long < flat:
        short = flat - long  # R35: what the split leaves out is at the short rate
    searches = mapping(raw.get("server_tool_use")).get("web_search_requests")
    return Usage(
        input_tokens=token_count(raw.get("input_tokens"), "input_tokens", problems),
        output_tokens=token_count(raw.get("output_tokens"), "output_tokens", problems),
        cache_read_tokens=token_count(
            raw.get("cache_read_input_tokens"), "cache_read_input_tokens", problems
        ),
        cache_creation_5m_tokens=short,
        cache_creation_1h_tokens=long,
        web_search_requests=token_count(searches, "web_search_requests", problems),
    )


def _advisors(seen: ResponseSeen, raw: dict[str, Any], problems: list[tuple[str, str]]) -> list[ResponseSeen]:
    """Advisor messages have a model of their own and are billed outside the top-level figures (R9)."""
    found = []
    if "iterations" not in raw:
        return []
    advisors = [i for i in items(raw["iterations"]) if mapping(i).get("type") == "advisor_message"]
    for number, iteration in enumerate(advisors):
        model = text(iteration.get("model"))
        if not model:
            continue
        usage = usage_of(mapping(iteration.get("usage")) or iteration, problems)
        own_id = f"{seen.message_id}:advisor:{number}"
        found.append(
            seen._replace(
                key=response_key(own_id, seen.request_id, seen.session),
                message_id=own_id,
                model=model,
                usage=usage,
                reported_cost_nano_usd=None,
            )
        )
    return found


def _reported_cost(value: Any) -> int | None:
    """Old versions wrote the cost they computed; kept beside our own, never in place of it (R43)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        nano = int((Decimal(str(value)) * _NANO).to_integral_value())
    except (InvalidOperation, OverflowError):
        return None
    return nano if 0 <= nano < 10**15 else None
