"""What was done for planned things: usage, tool calls, sessions and progress, per feature, phase or task."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from analytics.days.answers import session_counts, tool_totals, usage_and_sessions, usage_totals
from analytics.models import SessionUsage
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period, quarter_start
from analytics.plans.querysets import with_ends, work_ends
from analytics.querysets import UNATTRIBUTED
from analytics.sums import ToolUse, Usage
from sessions.scope import Projects
from tasks.parsers.statuses import TERMINAL

EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True)
class Work:
    """What was done for one thing. `sessions` is None for a sum: a session can be in several of its parts.

    `first_at` and `last_at` are the starts of the quarters of an hour with the first and the last response.
    """

    usage: Usage = field(default_factory=Usage)
    tools: ToolUse = field(default_factory=ToolUse)
    sessions: int | None = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def cost_usd(self) -> Decimal | None:
        """None where there are responses and no price is known for any; without responses there is no cost."""
        return self.usage.cost_usd if self.usage.responses else Decimal(0)


WorkByKey = dict[int | None, Work]


def work_by(dimension: str, usage: Any, tools: Any = None) -> WorkByKey:
    """{id of a feature, phase or task: what was done for it}, of rollup rows; None is for what names none.

    Tool calls are counted where their rollup rows are given.
    """
    found = {_key(row["row"]): work_of(row) for row in with_ends(usage.by_dimension(dimension))}
    for row in tools.by_dimension(dimension) if tools is not None else ():
        key = _key(row["row"])
        found[key] = replace(found.get(key, Work()), tools=ToolUse.from_sums(row))
    return found


def work_by_feature(period: Period, projects: Projects = None) -> WorkByKey:
    """{id of a feature: what was done for it in a period}, without tool calls; from rollups of days where they tell."""
    used, sessions = usage_and_sessions("feature", period, projects)
    ends = work_ends(SessionUsage.objects.within(period).of_projects(projects), "feature_id")
    found: WorkByKey = {}
    for name, usage in used.items():
        key = int(name) if name else None
        first_at, last_at = (
            None if end is None else quarter_start(end) for end in ends.get(key, (None, None))
        )
        found[key] = Work(usage, sessions=sessions.get(name, 0), first_at=first_at, last_at=last_at)
    return found


def _key(row: str) -> int | None:
    return None if row == UNATTRIBUTED else int(row)


def work_of(row: dict[str, Any]) -> Work:
    """A grouped rollup row with its sums and ends; `sessions` where it has been counted."""
    first, last = row["first_quarter"], row["last_quarter"]
    return Work(
        Usage.from_sums(row),
        sessions=row.get("sessions"),
        first_at=None if first is None else quarter_start(first),
        last_at=None if last is None else quarter_start(last),
    )


def total(parts: Iterable[Work]) -> Work:
    """The sum of parts, with no number of sessions."""
    held = list(parts)
    return Work(
        usage=Usage.summed(part.usage for part in held),
        tools=sum((part.tools for part in held), ToolUse()),
        sessions=None,
        first_at=min((part.first_at for part in held if part.first_at), default=None),
        last_at=max((part.last_at for part in held if part.last_at), default=None),
    )


def whole_work(projects: Projects = None, period: Period = EVER) -> Work:
    """All that was done in a period, in one project or everywhere."""
    sessions = session_counts("", period, projects).get("", 0)
    return Work(usage_totals(period, projects), tool_totals(period, projects), sessions)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many tasks have which status. Complete is what is done or deliberately put off."""

    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def complete(self) -> int:
        return sum(n for status, n in self.counts.items() if status in TERMINAL)

    @property
    def open(self) -> int:
        return self.total - self.complete

    @property
    def percent(self) -> float | None:
        """None where there are no tasks."""
        return 100 * self.complete / self.total if self.total else None


def progress_by(tasks: Any, field_name: str) -> dict[int | None, Progress]:
    """{value of a field: progress} of tasks."""
    return {key[0]: Progress(counts) for key, counts in tasks.counts_by(field_name).items()}


def progress_of(tasks: Iterable[Any]) -> Progress:
    return Progress(Counter(task.status for task in tasks))
