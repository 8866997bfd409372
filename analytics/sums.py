"""Sums that answers are made of: what responses used, and how tool calls went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from analytics.periods import Bucket, quarter_edges
from analytics.querysets import MONEY, SUMMED, TOOL_SUMMED, added
from sessions.selectors import success_rate
from sessions.token_sums import TokenSums


@dataclass(frozen=True, slots=True)
class Usage(TokenSums):
    """Sums over responses. `cost_usd` is of the priced ones, None where nothing is priced."""

    responses: int = 0
    lower_bound_responses: int = 0
    partial_responses: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_creation_5m_tokens: int = 0
    cache_creation_1h_tokens: int = 0
    unpriced_tokens: int = 0
    unpriced_responses: int = 0
    cost_nano_usd: int | None = None
    reported_cost_nano_usd: int | None = None

    @property
    def cache_hit_rate(self) -> float | None:
        """Cache reads in percent of all input; None without input."""
        total = self.input_tokens + self.cache_read_tokens + self.cache_creation_tokens
        return 100 * self.cache_read_tokens / total if total else None

    @property
    def unpriced_share(self) -> float | None:
        """Tokens without a price in percent of all tokens; None without any."""
        return 100 * self.unpriced_tokens / self.all_tokens if self.all_tokens else None

    @classmethod
    def from_sums(cls, row: dict[str, Any]) -> "Usage":
        return cls(**{name: row[f"sum_{name}"] for name in (*SUMMED, *MONEY)})

    @classmethod
    def summed(cls, parts: Iterable["Usage"]) -> "Usage":
        """What they come to together, field by field, which of thousands is a fraction of adding one by one."""
        return cls(*together([_usage_fields(each) for each in (cls(), *parts)]))

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*added(_usage_fields(self), _usage_fields(other)))


def together(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """One or more sums added by place; None is nothing known, and stays so only where all are."""
    return parts[0] if len(parts) == 1 else tuple(map(_known_sum, zip(*parts, strict=True)))


def _known_sum(values: tuple[Any, ...]) -> Any:
    """None where nothing is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


_usage_fields = attrgetter(*SUMMED, *MONEY)


@dataclass(frozen=True, slots=True)
class ToolUse:
    """Sums over tool calls. `errors` are all answers marked as errors, rejections included."""

    calls: int = 0
    errors: int = 0
    outcome_ok: int = 0
    outcome_error: int = 0
    outcome_rejected: int = 0
    outcome_interrupted: int = 0
    outcome_blocked: int = 0
    outcome_pending: int = 0
    elapsed_ms: int = 0
    timed: int = 0
    execution_ms: int = 0
    lines_changed: int = 0

    @property
    def success_rate(self) -> float | None:
        """Percent of the calls that succeeded or failed; None when none did."""
        return success_rate(self.outcome_ok, self.outcome_error)

    @classmethod
    def from_sums(cls, row: dict[str, Any]) -> "ToolUse":
        return cls(**{name: row[f"sum_{name}"] for name in TOOL_SUMMED})

    def __add__(self, other: "ToolUse") -> "ToolUse":
        return ToolUse(*added(_tool_fields(self), _tool_fields(other)))


_tool_fields = attrgetter(*TOOL_SUMMED)


def usage_in(rows: Any, cut: Sequence[Bucket]) -> dict[int, Usage]:
    """{index of the bucket: what rollup rows of usage come to in it}; only buckets in which something was used."""
    placed_rows, index = rows.by_place(quarter_edges(cut))
    found: dict[int, Usage] = {}
    for row in placed_rows:
        at = index(row["place"])
        found[at] = found.get(at, Usage()) + Usage.from_sums(row)
    return found


def cost_per_task(usage: Usage, completed: int | None) -> Decimal | None:
    """Dollars per completed task; None where none was completed or no cost is known."""
    cost = usage.cost_usd
    return cost / completed if completed and cost is not None else None
