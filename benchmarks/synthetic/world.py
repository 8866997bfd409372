"""Who works on what in the synthetic year: projects, models, tools and the days that work falls on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

DAYS = 365
DAY_MS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Name, first and last day of its use as a part of the year, weight, nano-dollars per input token (None: no price).
# Output costs five times as much, reading the cache a tenth, writing it 1.25 and 2 times.
MODELS: tuple[tuple[str, float, float, int, int | None], ...] = (
    ("claude-opus-4-1-20250805", 0.0, 0.5, 8, 15_000),
    ("claude-opus-4-5-20251101", 0.2, 1.0, 14, 5_000),
    ("claude-opus-5", 0.6, 1.0, 16, 5_000),
    ("claude-sonnet-4-20250514", 0.0, 0.4, 6, 3_000),
    ("claude-sonnet-4-5-20250929", 0.0, 0.8, 30, 3_000),
    ("claude-sonnet-5", 0.5, 1.0, 34, 3_000),
    ("claude-haiku-4-5-20251001", 0.0, 1.0, 30, 1_000),
    ("claude-haiku-5", 0.7, 1.0, 10, 1_000),
    ("claude-3-5-haiku-20241022", 0.0, 0.3, 4, 800),
    ("claude-3-7-sonnet-20250219", 0.0, 0.2, 3, 3_000),
    ("gpt-5-codex", 0.1, 0.9, 4, 1_250),
    ("gpt-5.1-codex", 0.4, 1.0, 4, 1_250),
    ("gpt-5-mini", 0.1, 1.0, 2, 250),
    ("gemini-2.5-pro", 0.0, 0.7, 2, 1_250),
    ("gemini-3-pro", 0.5, 1.0, 2, 2_000),
    ("glm-4.6", 0.2, 1.0, 2, 600),
    ("qwen3-coder", 0.2, 1.0, 1, 300),
    ("deepseek-v3.2", 0.3, 1.0, 1, 280),
    ("house-model-1", 0.4, 1.0, 2, None),
    ("house-model-2", 0.8, 1.0, 1, None),
)
# Name, category, weight, typical milliseconds.
TOOLS: tuple[tuple[str, str, int, int], ...] = (
    ("Bash", "command", 34, 1_800),
    ("Read", "file", 24, 40),
    ("Edit", "file", 16, 60),
    ("Grep", "search", 9, 110),
    ("Write", "file", 5, 55),
    ("Glob", "search", 4, 70),
    ("TodoWrite", "plan", 4, 15),
    ("Task", "agent", 2, 95_000),
    ("WebFetch", "web", 1, 4_200),
    ("WebSearch", "web", 1, 6_100),
    ("Skill", "skill", 1, 30),
    ("MultiEdit", "file", 1, 80),
    ("NotebookEdit", "file", 1, 90),
    ("mcp__tracker__search_issues", "mcp", 1, 900),
    ("mcp__tracker__add_comment", "mcp", 1, 700),
    ("mcp__browser__navigate", "mcp", 1, 2_600),
    ("mcp__browser__screenshot", "mcp", 1, 1_400),
)
SKILLS = ("code-changes", "review", "release-notes", "test-first", "migrations")
AGENTS = ("general-purpose", "explore", "reviewer", "tester", "planner", "compact")
_HOURS = (1, 1, 0, 0, 0, 0, 1, 3, 8, 13, 15, 14, 9, 12, 15, 15, 13, 9, 6, 5, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class ProjectSketch:
    """A project's weight among all and the names its work goes by."""

    id: int
    name: str
    weight: float
    branches: tuple[str, ...]
    features: int


class World:
    """One seeded year that ends with the day before `end`."""

    def __init__(self, seed: int, end: datetime, projects: int) -> None:
        self.random = Random(seed)
        self.end = end.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.first = self.end - timedelta(days=DAYS)
        self.first_ms = (self.first - EPOCH) // timedelta(milliseconds=1)
        self.last_ms = self.first_ms + DAYS * DAY_MS
        self.projects = [self._project(number) for number in range(1, projects + 1)]
        self._project_weights = list(accumulate(p.weight for p in self.projects))
        self._day_weights = list(accumulate(self._day_weight(day) for day in range(DAYS)))
        self._hour_weights = list(accumulate(_HOURS))

    def _project(self, number: int) -> ProjectSketch:
        branches = ("main", *(f"feature/part-{number}-{n}" for n in range(1, 6)))
        return ProjectSketch(number, f"project-{number:03}", 1 / number**0.8, branches, max(3, 40 // number))

    def _day_weight(self, day: int) -> float:
        is_weekend = (self.first + timedelta(days=day)).weekday() >= 5
        return (0.15 if is_weekend else 1.0) * (0.6 + 0.8 * day / DAYS)

    def project(self) -> ProjectSketch:
        return self.random.choices(self.projects, cum_weights=self._project_weights)[0]

    def start_ms(self) -> int:
        """A moment of the year at which someone would begin to work."""
        day = self.random.choices(range(DAYS), cum_weights=self._day_weights)[0]
        hour = self.random.choices(range(24), cum_weights=self._hour_weights)[0]
        return self.first_ms + day * DAY_MS + hour * 3_600_000 + self.random.randrange(3_600_000)

    def model(self, at_ms: int) -> tuple[str, int | None]:
        """(name, nano-dollars per input token) of a model that was in use then."""
        part = min(1.0, (at_ms - self.first_ms) / (DAYS * DAY_MS))
        known = [m for m in MODELS if m[1] <= part <= m[2]]
        name, _, _, _, price = self.random.choices(known, [m[3] for m in known])[0]
        return name, price

    def sessions_of(self, entries: int) -> list[int]:
        """Lengths of sessions that together have exactly so many entries; most short, few very long."""
        lengths = []
        left = entries
        while left > 0:
            length = min(left, max(4, min(4000, int(self.random.lognormvariate(4.0, 1.15)))))
            lengths.append(length)
            left -= length
        return lengths


def moment(at_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=at_ms)


def weights(rows: Sequence[tuple[str, str, int, int]]) -> list[int]:
    """Cumulative, for random.choices."""
    return list(accumulate(row[2] for row in rows))
