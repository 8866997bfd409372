"""The report of a period for a terminal: rows and their total, as a table, JSON or CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from analytics import formatting
from analytics.days.answers import tool_totals
from analytics.models import SessionUsage
from analytics.period_parameters import parse_period
from analytics.periods import Bucket, BucketKind, Period, buckets, quarter_edges
from analytics.selectors import breakdown, narrowed
from analytics.sums import Usage, usage_in
from sessions.api_fields import rounded_money
from sessions.exporting.writing import neutral
from sessions.models import AgentSession, Project
from sessions.scope import Projects, only

BUCKETS = {"day": BucketKind.DAILY, "week": BucketKind.WEEKLY, "month": BucketKind.MONTHLY}
BY = (*BUCKETS, "project", "model", "session", "tool")
COLUMNS = (
    "name",
    "count",
    "inputTokens",
    "outputTokens",
    "cacheCreationTokens",
    "cacheReadTokens",
    "cost",
    "unpricedTokens",
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A part: `count` is sessions with usage, or calls for tools, whose `usage` is None: nothing says it."""

    name: str
    count: int
    usage: Usage | None

    def as_json(self) -> dict[str, Any]:
        """The row under the API's names."""
        usage = self.usage
        if usage is None:
            return {"name": self.name, "count": self.count, **dict.fromkeys(COLUMNS[2:])}
        cost = rounded_money(usage.cost_usd) if usage.responses else 0.0
        values = (usage.input_tokens, usage.output_tokens, usage.cache_creation_tokens)
        row = (self.name, self.count, *values, usage.cache_read_tokens, cost, usage.unpriced_tokens)
        return dict(zip(COLUMNS, row, strict=True))


@dataclass(frozen=True, slots=True)
class Report:
    """All parts in order, and what the period came to: the total is asked for itself, not added up from rows."""

    by: str
    rows: list[ReportRow]
    total: ReportRow


def report(by: str, period: Period, *, projects: Projects = None) -> Report:
    """A period by one of BY: times in their order, anything else by cost, tools by calls."""
    if by == "tool":
        return _tool_report(period, projects)
    usage = SessionUsage.objects.within(period).of_projects(projects)
    sums = usage.totals()
    total = ReportRow("total", sums["sessions"], Usage.from_sums(sums))
    if by in BUCKETS:
        # An empty database has no span to narrow "everything" to, and no rows anyway.
        empty = not total.count
        rows = [] if empty else _bucket_rows(usage, buckets(narrowed(period, projects), BUCKETS[by]))
    elif by == "session":
        rows = _session_rows(usage)
    else:
        parts = breakdown(by, period, projects=projects, sort="cost").rows
        rows = [ReportRow(part.name, part.count, part.usage) for part in parts]
    return Report(by, rows, total)


def report_asked(
    by: str,
    *,
    now: datetime,
    default_zone: ZoneInfo,
    since: str | None = None,
    until: str | None = None,
    project: str | None = None,
    tz: str | None = None,
) -> Report:
    """The report that a command line asks for in words. Raises ValueError with a sentence for what it cannot."""
    period = parse_period(now=now, default_zone=default_zone, start=since, end=until, tz=tz)
    return report(by, period, projects=only(_project_id(project)) if project else None)


def _project_id(name: str) -> int:
    found = list(Project.objects.named(name)) or list(Project.objects.filter(name=name))
    if len(found) != 1:
        known = ", ".join(Project.objects.values_list("slug", flat=True)) or "none"
        sentence = f"{len(found)} projects are named" if found else "No project is named"
        raise ValueError(f"{sentence} {name[:60]!r}; there are {known}.")
    return int(found[0].pk)


def _tool_report(period: Period, projects: Projects) -> Report:
    rows = breakdown("tool", period, projects=projects).rows
    calls = tool_totals(period, projects).calls
    return Report("tool", [ReportRow(r.name, r.count, None) for r in rows], ReportRow("total", calls, None))


def _bucket_rows(usage: Any, cut: Sequence[Bucket]) -> list[ReportRow]:
    """A row per bucket in which something was used."""
    sums, sessions = usage_in(usage, cut), _sessions_of(usage, cut)
    return [ReportRow(cut[index].label, len(sessions[index]), sums[index]) for index in sorted(sums)]


def _sessions_of(usage: Any, cut: Sequence[Bucket]) -> dict[int, set[int]]:
    pairs, index = usage.sessions_by_place(quarter_edges(cut))
    found: dict[int, set[int]] = {}
    for place, session_id in pairs:
        found.setdefault(index(place), set()).add(session_id)
    return found


def _session_rows(usage: Any) -> list[ReportRow]:
    sums = {row["session_id"]: Usage.from_sums(row) for row in usage.by_session()}
    names = AgentSession.objects.filter(usage__in=usage).distinct().values_list("id", "public_id")
    rows = [ReportRow(name, 1, sums[key]) for key, name in names]
    return sorted(rows, key=lambda row: (-(row.usage.cost_nano_usd or 0) if row.usage else 0, row.name))


def as_json(answer: Report) -> str:
    """One line: `{"items": [...], "total": {...}}`."""
    return json.dumps({"items": [row.as_json() for row in answer.rows], "total": answer.total.as_json()})


def as_csv(answer: Report) -> str:
    """Comma-separated, with the total last; unknown is empty. No cell can start a formula in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in (*answer.rows, answer.total):
        name, *numbers = row.as_json().values()
        writer.writerow([neutral(name), *numbers])
    return out.getvalue()


def as_table(answer: Report) -> str:
    """Aligned columns with a total row; the columns of tokens are left out for tools."""
    count = "calls" if answer.by == "tool" else "sessions"
    head = [answer.by, count]
    if answer.by != "tool":
        head += ["input", "output", "cache write", "cache read", "cost", "unpriced"]
    cells = [_cells(row) for row in (*answer.rows, answer.total)]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    line = "  ".join("-" * width for width in widths)
    body = [_aligned(row, widths) for row in cells]
    return "\n".join([_aligned(head, widths), line, *body[:-1], line, body[-1]])


def _cells(row: ReportRow) -> list[str]:
    name = " ".join(row.name.split())
    if row.usage is None:
        return [name, formatting.count(row.count).text]
    usage = row.usage
    classes = (usage.input_tokens, usage.output_tokens, usage.cache_creation_tokens, usage.cache_read_tokens)
    numbers = [formatting.count(value).text for value in (row.count, *classes)]
    cost = formatting.money(usage.cost_usd if usage.responses else 0).text
    return [name, *numbers, cost, formatting.count(usage.unpriced_tokens).text]


def _aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    """The name to the left, numbers to the right."""
    name, *numbers = (
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join((name, *numbers)).rstrip()
