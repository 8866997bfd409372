"""Reading single values out of records whose writers cannot be trusted to keep types."""

from datetime import UTC, datetime
from typing import Any

from sessions.parsers.keys import stable_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS = 1_577_836_800_000  # 2020-01-01: older than any coding agent's transcript
_LATEST_MS = 4_102_444_800_000  # 2100-01-01
MAX_TOKENS = 2_000_000  # a single request larger than this is a writer's error and is clamped, and said so


def text(value: Any) -> str:
    """The value when it is a text, else ""."""
    return value if isinstance(value, str) else ""


def identifier(value: Any, limit: int) -> str:
    """The value when it is a text, at most `limit` characters long: what is cut off becomes a digest of it all."""
    found = text(value)
    return found if len(found) <= limit else f"{found[: limit - 17]}~{stable_key(found):016x}"


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def time_ms(value: Any) -> int | None:
    """Epoch milliseconds of an ISO text (naive means UTC) or of epoch milliseconds; None when it is neither."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            delta = moment - _EPOCH
        except (ValueError, OverflowError):
            return None
        result = (delta.days * 86_400 + delta.seconds) * 1000 + (delta.microseconds + 500) // 1000
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
        result = int(value)
    else:
        return None
    return result if _EARLIEST_MS <= result < _LATEST_MS else None


def token_count(value: Any, name: str, problems: list[tuple[str, str]]) -> int:
    """A token count: an integer >= 0. Anything else reads as 0 and is reported (R11)."""
    if type(value) is int and 0 <= value <= MAX_TOKENS:
        return int(value)
    if value is None:
        return 0
    # JSON knows no integers: one of more than 64 bits arrives as a float.
    count = int(value) if isinstance(value, float) and value.is_integer() else value
    if type(count) is int and 0 <= count <= MAX_TOKENS:
        return int(count)
    if type(count) is int and count > MAX_TOKENS:
        problems.append(("usage_clamped", f"{name} of {value!r:.40} was counted as {MAX_TOKENS:,}."))
        return MAX_TOKENS
    problems.append(("usage_invalid", f"{name} is {value!r:.60}, not a count; it was read as 0."))
    return 0


def milliseconds(value: Any, scale: int = 1) -> int | None:
    """A duration >= 0 in milliseconds (value x scale), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**12:
        return None
    return round(value * scale)


def block_text(content: Any) -> str:
    """The text of a message's content: a plain text, or its text blocks joined by newlines."""
    if isinstance(content, str):
        return content
    parts = [text(b.get("text")) for b in items(content) if isinstance(b, dict) and b.get("type") == "text"]
    return "\n".join(part for part in parts if part)


def preview(value: str, limit: int) -> str:
    """At most `limit` characters, cut with an ellipsis."""
    return value if len(value) <= limit else value[: limit - 1] + "…"
