"""What becomes the columns of a synthetic session."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from benchmarks.synthetic.world import moment
from sessions.models import AgentSession
from sessions.parsers.normalise import quarter_of


@dataclass(slots=True)
class Sums:
    """Sums over what happened in a session so far."""

    usage: list[int] = field(default_factory=lambda: [0] * 5)
    cost: int | None = None
    unpriced: int = 0
    responses: int = 0
    lower_bound: int = 0
    prompts: int = 0
    models: Counter[str] = field(default_factory=Counter)
    skills: set[str] = field(default_factory=set)
    tools: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    files: set[str] = field(default_factory=set)
    added: int = 0
    removed: int = 0
    first_ms: int = 0
    last_ms: int = 0
    active_ms: int = 0

    def span(self, first_ms: int, last_ms: int) -> None:
        self.first_ms = self.first_ms or first_ms
        self.last_ms = last_ms
        self.active_ms += last_ms - first_ms

    def response(self, model: str, skill: str, reason: str, usage: tuple[int, ...], cost: int | None) -> None:
        self.responses += 1
        self.lower_bound += not reason
        self.models[model] += 1
        self.skills |= {skill} - {""}
        self.usage = [one + more for one, more in zip(self.usage, usage, strict=True)]
        if cost is None:
            self.unpriced += sum(usage)
        else:
            self.cost = (self.cost or 0) + cost

    def call(
        self, name: str, outcome: str, is_error: bool, elapsed: int | None, changed: str, lined: int | None
    ) -> None:
        self.tools[name].update({"count": 1, "errors": is_error, "totalMs": elapsed or 0, outcome: 1})
        if changed and lined is not None and outcome == "ok":
            self.files.add(changed)
            self.added += lined
            self.removed += lined // 3

    def fill(self, session: AgentSession, entries: int) -> None:
        """Put the sums where `sessions.refresh` would."""
        session.started_at = session.own_started_at = moment(self.first_ms)
        session.ended_at = moment(self.last_ms)
        session.start_quarter = quarter_of(self.first_ms)
        session.wall_seconds = (self.last_ms - self.first_ms) // 1000
        session.active_seconds = self.active_ms // 1000
        session.entry_count, session.prompt_count = entries, self.prompts
        session.response_count, session.lower_bound_responses = self.responses, self.lower_bound
        (
            session.input_tokens,
            session.output_tokens,
            session.cache_read_tokens,
            session.cache_creation_5m_tokens,
            session.cache_creation_1h_tokens,
        ) = self.usage
        session.cost_nano_usd, session.unpriced_tokens = self.cost, self.unpriced
        named = self.models.most_common()
        session.model = named[0][0] if named else ""
        session.models_used = [{"name": name, "responses": n} for name, n in named]
        session.skills, session.branches, session.cwds = sorted(self.skills), [session.branch], [session.cwd]
        session.tools = [{"name": name, **_NO_CALLS, **counts} for name, counts in self.tools.items()]
        session.tool_call_count = sum(counts["count"] for counts in self.tools.values())
        session.tool_error_count = sum(counts["errors"] for counts in self.tools.values())
        session.files_changed, session.lines_added, session.lines_removed = (
            len(self.files),
            self.added,
            self.removed,
        )
        session.timeline = json.loads(_TIMELINE.replace("{}", session.started_at.isoformat()))
        session.dates = {name: _date(session.started_at.isoformat()) for name in ("createdAt", "startedAt")}


_NO_CALLS = dict.fromkeys(
    ("timed", "executionMs", "ok", "error", "rejected", "interrupted", "blocked", "pending"), 0
)
_TIMELINE = (
    '[{"id": "session-started-{}", "timestamp": "{}", "label": "Session started", "kind": "session-started",'
    ' "confidence": "high", "source": "transcript", "description": ""}]'
)


def _date(value: str) -> dict[str, str]:
    return {
        "value": value,
        "confidence": "high",
        "source": "transcript",
        "reason": "first record with a time",
    }
