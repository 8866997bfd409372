"""The tools a session called: how often, how they ended, how long they took, and each call."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.core.paginator import Page, Paginator

from sessions.models import AgentSession, ToolCall
from sessions.parsers.display import shown
from sessions.selectors.transcript_items import moment
from sessions.selectors.usage import success_rate
from sessions.selectors.waterfall import seqs_of_calls

CALLS_ON_A_PAGE = 100
SORTS = ("time", "slowest", "failed")


@dataclass(frozen=True, slots=True)
class ToolUsage:
    """A session's own calls of one tool; times are sums, None where no call has one."""

    name: str
    category: str
    calls: int
    errors: int
    outcomes: dict[str, int]
    elapsed_ms: int | None
    execution_ms: int | None
    slowest_ms: int | None
    median_ms: int | None = None
    p95_ms: int | None = None

    @property
    def success_rate(self) -> float | None:
        """Percent of the calls that succeeded or failed; None when none did."""
        return success_rate(self.outcomes.get("ok", 0), self.outcomes.get("error", 0))


def session_tools(session: AgentSession) -> list[ToolUsage]:
    """The tools the session itself called, the most used first."""
    own = ToolCall.objects.counted().filter(owner=session)
    rows: Any = own.by_tool()
    times = _times_by_tool(own)
    return [
        ToolUsage(
            name=row["name"],
            category=row["category"],
            calls=row["calls"],
            errors=row["errors"],
            outcomes={
                name.removeprefix("outcome_"): n
                for name, n in row.items()
                if n and name.startswith("outcome_")
            },
            elapsed_ms=row["elapsed"] if row["timed"] else None,
            execution_ms=row["execution"] if row["executed"] else None,
            slowest_ms=row["slowest"],
            median_ms=nearest_rank(times[row["name"], row["category"]], 0.5),
            p95_ms=nearest_rank(times[row["name"], row["category"]], 0.95),
        )
        for row in rows
    ]


def _times_by_tool(calls: Any) -> dict[tuple[str, str], list[int]]:
    """{(tool, category): durations in ascending order}."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    timed = calls.filter(elapsed_ms__isnull=False).order_by("elapsed_ms")
    for name, category, elapsed in timed.values_list("name", "category", "elapsed_ms"):
        found[name, category].append(elapsed)
    return found


def nearest_rank(ascending: Sequence[int], share: float) -> int | None:
    """The smallest value that this share of all values does not exceed; None where there is none."""
    return ascending[max(0, ceil(share * len(ascending)) - 1)] if ascending else None


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call; `seq` is None where its line is not in this session."""

    name: str
    target: str
    outcome: str
    error_class: str
    elapsed_ms: int | None
    at: datetime | None
    seq: int | None


def tool_calls(session: AgentSession, *, tool: str | None, sort: str, page: str | None) -> Page[Any]:
    """A page of `CallRow`: the session's own calls, of one tool where it is named, in one of SORTS."""
    calls = ToolCall.objects.counted().filter(owner=session)
    if tool is not None:
        calls = calls.filter(name=tool)
    if sort == "failed":
        calls = calls.exclude(outcome="ok")
    order = ("-elapsed_ms", "id") if sort == "slowest" else ("use_at_ms", "id")
    if sort == "slowest":
        calls = calls.filter(elapsed_ms__isnull=False)
    found: Page[Any] = Paginator(calls.order_by(*order), CALLS_ON_A_PAGE).get_page(page)
    held = list(found.object_list)
    seqs = seqs_of_calls(session, [call.pk for call in held])
    found.object_list = [_row(call, seqs.get(call.pk)) for call in held]
    return found


def _row(call: ToolCall, seq: int | None) -> CallRow:
    return CallRow(
        shown(call.name) or "unknown tool",
        shown(call.target),
        call.outcome,
        call.error_class,
        call.elapsed_ms,
        moment(call.use_at_ms),
        seq,
    )
