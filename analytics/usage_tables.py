"""What a period's cost and failures were of: tables of models, projects and tools."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.days.answers import tools_by_name
from analytics.links import Links
from analytics.periods import Period
from analytics.querysets import UNATTRIBUTED
from analytics.selectors import ModelUsage, breakdown
from analytics.sums import ToolUse, Usage
from sessions.models import Project
from sessions.prepared import prepared
from sessions.scope import Projects, in_projects

MAX_ROWS = 8


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One part of a cost. `share` is percent of it, None where no price is known.

    `sessions` is None for the rest that was swept together: a session can be in several of its parts.
    """

    name: str
    usage: Usage
    share: float | None
    sessions: int | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class UsageTable:
    rows: list[UsageRow]
    whole: Usage


def model_table(models: Iterable[ModelUsage], whole: Usage, links: Links) -> UsageTable:
    """Models by cost; those after the first few in one row, so that the rows add up to the whole."""
    rows = [UsageRow(m.name, m.usage, _share(m.usage, whole), m.sessions) for m in models]
    return _table(rows, whole, "other models", lambda name: links.sessions(model=name))


def project_table(period: Period, whole: Usage, links: Links, projects: Projects = None) -> UsageTable:
    """Projects by cost. A row leads to its project where its name is that of one project only."""
    mine = _named_projects(projects=projects)
    named, slugs = Counter(name for name, _ in mine), dict(mine)
    rows = [
        UsageRow(row.name, row.usage or Usage(), _share(row.usage or Usage(), whole), row.count)
        for row in breakdown("project", period, projects=projects, sort="cost").rows
    ]

    def link(name: str) -> str:
        return links.dashboard(project=slugs[name]) if named[name] == 1 else ""

    return _table(rows, whole, "other projects", link)


@prepared
def _named_projects(*, projects: Any) -> Any:
    return Project.objects.filter(in_projects(projects, "pk")).order_by().values_list("name", "slug")


def _table(rows: Iterable[UsageRow], whole: Usage, rest: str, link: Callable[[str], str]) -> UsageTable:
    """The rows that are shown lead where `link` says."""
    ranked = sorted(rows, key=lambda row: (-(row.usage.cost_nano_usd or 0), -row.usage.all_tokens, row.name))
    is_whole = len(ranked) <= MAX_ROWS + 1
    shown, swept = (ranked, []) if is_whole else (ranked[:MAX_ROWS], ranked[MAX_ROWS:])
    shown = [replace(row, href=link(row.name)) for row in shown]
    if is_whole:
        return UsageTable(shown, whole)
    total = Usage.summed(row.usage for row in swept)
    return UsageTable([*shown, UsageRow(f"{len(swept)} {rest}", total, _share(total, whole))], whole)


def _share(part: Usage, whole: Usage) -> float | None:
    if part.cost_nano_usd is None or not whole.cost_nano_usd:
        return None
    return 100 * part.cost_nano_usd / whole.cost_nano_usd


@dataclass(frozen=True, slots=True)
class ToolRow:
    name: str
    use: ToolUse
    href: str = ""

    @property
    def server(self) -> str:
        """The MCP server of a tool named `mcp__<server>__<tool>`; "" for a tool of the agent's own."""
        return self._parts[1]

    @property
    def title(self) -> str:
        """The name without its server."""
        return self._parts[2]

    @property
    def _parts(self) -> tuple[str, str, str]:
        kind, server, tool = [*self.name.split("__", 2), "", ""][:3]
        return (kind, server, tool) if kind == "mcp" and server and tool else ("", "", self.name)

    @property
    def failed(self) -> float | None:
        """Percent of the calls that succeeded or failed."""
        rate = self.use.success_rate
        return None if rate is None else 100 - rate

    @property
    def mean_ms(self) -> float | None:
        """From a call to its answer, waiting for a person included."""
        return self.use.elapsed_ms / self.use.timed if self.use.timed else None


@dataclass(frozen=True, slots=True)
class ToolTables:
    """The tools with the most failures and those that took the most time. `count` is of all tools called."""

    by_failures: list[ToolRow]
    by_time: list[ToolRow]
    count: int


def tool_tables(period: Period, *, projects: Projects, links: Links) -> ToolTables:
    found = tools_by_name("tool", period, projects)
    rows = [ToolRow(name or UNATTRIBUTED, use) for name, use in found.items()]
    failing = [row for row in rows if row.use.outcome_error]
    return ToolTables(
        by_failures=_top(failing, lambda row: row.use.outcome_error, links),
        by_time=_top(rows, lambda row: row.use.elapsed_ms, links),
        count=len(rows),
    )


def _top(rows: Sequence[ToolRow], size: Callable[[ToolRow], int], links: Links) -> list[ToolRow]:
    top = sorted(rows, key=lambda row: (-size(row), row.name))[:MAX_ROWS]
    return [replace(row, href=links.sessions(tool=row.name, sort_by="tool_errors")) for row in top]
