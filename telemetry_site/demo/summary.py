"""What a demo folder holds, tallied while it is written.

The figures come from the generator's own decisions, not from reading its files back, so a test may
hold them against what the pipeline finds. Counting follows the project's rules: a response or tool
call is counted once however many lines, files or forks repeat it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass(slots=True)
class TokenTotals:
    """Tokens of a number of responses, one figure per price class."""

    responses: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_creation_5m_tokens: int = 0
    cache_creation_1h_tokens: int = 0

    def add(self, other: TokenTotals) -> None:
        """Add every figure of `other` to this one."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """The expected totals of one demo folder.

    `sessions` counts what a person started (a fork counts as its own session), `subagents` the runs
    started by those, whether or not they left a file. Token totals include responses seen only in
    progress records (`partial_responses`). `tool_calls` are those of assistant records;
    `progress_tool_calls` those whose only trace is a progress record, and are not among the former.
    `tool_errors` leaves rejections out. `lines` counts every line of every transcript, the malformed
    one and the one without newline included.
    """

    sessions: int
    subagents: int
    tokens: TokenTotals
    tokens_by_model: Mapping[str, TokenTotals]
    tokens_by_project: Mapping[str, TokenTotals]
    tokens_by_session: Mapping[str, TokenTotals]
    partial_responses: int
    lower_bound_responses: int
    fast_responses: int
    unpriced_responses: int
    inherited_responses: int
    replayed_responses: int
    web_searches: int
    tool_calls: int
    progress_tool_calls: int
    tool_errors: int
    tool_rejections: int
    unanswered_tool_calls: int
    tool_calls_by_name: Mapping[str, int]
    prompts: int
    api_errors: int
    failed_responses: int
    compactions: int
    commits: int
    pull_requests: int
    transcript_files: int
    lines: int
    malformed_lines: int
    unterminated_lines: int
    features: int
    phases: int
    tasks: int
    completed_tasks: int


def _totals_by_name() -> defaultdict[str, TokenTotals]:
    return defaultdict(TokenTotals)


@dataclass(slots=True)
class Tally:
    """Running totals, kept by everything that writes."""

    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    tool_calls_by_name: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    tokens: TokenTotals = field(default_factory=TokenTotals)
    by_model: defaultdict[str, TokenTotals] = field(default_factory=_totals_by_name)
    by_project: defaultdict[str, TokenTotals] = field(default_factory=_totals_by_name)
    by_session: defaultdict[str, TokenTotals] = field(default_factory=_totals_by_name)

    def count(self, name: str, amount: int = 1) -> None:
        """Add to one of the plain counts of `DemoSummary`."""
        self.counts[name] += amount

    def tool_call(self, name: str) -> None:
        """Count one call of a tool."""
        self.count("tool_calls")
        self.tool_calls_by_name[name] += 1

    def response(self, spent: TokenTotals, *, model: str, project: str, session_id: str) -> None:
        """Count one response with its final tokens; `session_id` is that of the trunk session."""
        self.tokens.add(spent)
        self.by_model[model].add(spent)
        self.by_project[project].add(spent)
        self.by_session[session_id].add(spent)

    def summary(self) -> DemoSummary:
        """Freeze the totals."""
        structured = {
            "tokens": self.tokens,
            "tokens_by_model": dict(self.by_model),
            "tokens_by_project": dict(self.by_project),
            "tokens_by_session": dict(self.by_session),
            "tool_calls_by_name": dict(self.tool_calls_by_name),
        }
        plain = {
            each.name: self.counts[each.name] for each in fields(DemoSummary) if each.name not in structured
        }
        return DemoSummary(**plain, **structured)  # type: ignore[arg-type]
