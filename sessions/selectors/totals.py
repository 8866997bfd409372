"""Sums of usage and money, in one shape wherever they are summed over."""

from dataclasses import dataclass, fields
from typing import Any

from sessions.models import AgentSession
from sessions.token_sums import TokenSums


@dataclass(frozen=True, slots=True)
class Totals(TokenSums):
    """Sums over sessions' own responses; money is of the priced ones, None where none is priced."""

    sessions: int = 0
    responses: int = 0
    lower_bound_responses: int = 0
    partial_responses: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_creation_5m_tokens: int = 0
    cache_creation_1h_tokens: int = 0
    unpriced_tokens: int = 0
    cost_nano_usd: int | None = None
    active_seconds: int = 0
    tool_calls: int = 0
    tool_errors: int = 0

    @classmethod
    def from_sums(cls, row: dict[str, Any]) -> "Totals":
        """Of a row of `AgentSessionQuerySet.own_totals` or `family_totals`."""
        return cls(**{field.name: row[f"sum_{field.name}"] for field in fields(cls)})

    @classmethod
    def of(cls, session: AgentSession) -> "Totals":
        """Of one session alone."""
        values = {name: getattr(session, column) for name, column in COLUMNS.items()}
        return cls(sessions=1, **(values | {"active_seconds": session.active_seconds or 0}))

    def __add__(self, other: "Totals") -> "Totals":
        costs = [cost for cost in (self.cost_nano_usd, other.cost_nano_usd) if cost is not None]
        names = [field.name for field in fields(self) if field.name != "cost_nano_usd"]
        return Totals(
            **{name: getattr(self, name) + getattr(other, name) for name in names},
            cost_nano_usd=sum(costs) if costs else None,
        )


COLUMNS = {
    "responses": "response_count",
    "tool_calls": "tool_call_count",
    "tool_errors": "tool_error_count",
    **{
        field.name: field.name
        for field in fields(Totals)
        if field.name not in ("sessions", "responses", "tool_calls", "tool_errors")
    },
}
