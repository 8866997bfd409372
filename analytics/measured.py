"""What every bucket of every group came to, in sums from which a metric's value is told only where it is shown."""

import operator
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from analytics.calls.querysets import calls_by_place, timed_calls
from analytics.days.answers import tools_by_bucket, tools_from, usage_by_bucket, usage_from
from analytics.days.querysets import ALL_TOKENS
from analytics.days.times import COLUMNS as CALL_COLUMNS
from analytics.days.times import call_times_by_bucket
from analytics.metrics import Metric, UnknownDimension
from analytics.periods import Bucket, Period, quarter_edges
from analytics.places import places
from analytics.querysets import (
    EVENT_NAMES,
    SESSION_NAMES,
    TOOL_NAMES,
    UNATTRIBUTED,
    added,
    events_by_place,
    sessions_by_place,
)
from analytics.reading_levels import READING_METRICS, reading_levels
from analytics.sums import ToolUse, Usage
from analytics.work import project_names
from sessions.models import AgentSession
from sessions.parsers.pricing import model_family
from sessions.querysets import TOKENS
from sessions.scope import Projects, in_projects
from sessions.selectors.tools import nearest_rank

MAX_GROUPS = 50
OTHER = "other"
Value = int | float | Decimal | None
Sums = Any  # of one bucket: whatever `Measured.add` adds
Buckets = Mapping[int, Sums]  # by index; only those in which something happened


@dataclass(frozen=True, slots=True)
class Measured:
    """`value` tells what a bucket's sums are in the metric, `size` how much there is in them."""

    groups: Mapping[str, Buckets]
    value: Callable[[Sums], Value]
    size: Callable[[Sums], int]
    add: Callable[[Sums, Sums], Sums] = operator.add

    def named(self, names: Mapping[str, str]) -> "Measured":
        """The groups under other names; those of one name are one group."""
        found: dict[str, dict[int, Sums]] = {}
        for key, held in self.groups.items():
            self._add_to(found.setdefault(names.get(key, key), {}), held)
        return replace(self, groups=found)

    def limited(self, most: int | None = None) -> "Measured":
        """At most MAX_GROUPS groups by size; the rest is one group named `other`, so that sums hold."""
        most = MAX_GROUPS if most is None else most
        if len(self.groups) <= most:
            return self
        sizes = {name: sum(map(self.size, held.values())) for name, held in self.groups.items()}
        ranked = sorted(self.groups, key=lambda name: (-sizes[name], name))
        rest: dict[int, Sums] = {}
        for name in ranked[most - 1 :]:
            self._add_to(rest, self.groups[name])
        return replace(self, groups={name: self.groups[name] for name in ranked[: most - 1]} | {OTHER: rest})

    def _add_to(self, held: dict[int, Sums], more: Buckets) -> None:
        for index, sums in more.items():
            held[index] = self.add(held[index], sums) if index in held else sums


@dataclass(frozen=True, slots=True)
class SessionsBegun:
    """Sums over sessions; `timed` is how many of them have a length."""

    sessions: int
    timed: int
    wall_seconds: int
    active_seconds: int

    def __add__(self, other: "SessionsBegun") -> "SessionsBegun":
        return SessionsBegun(
            self.sessions + other.sessions,
            self.timed + other.timed,
            self.wall_seconds + other.wall_seconds,
            self.active_seconds + other.active_seconds,
        )


_CACHE_CREATION = ("cache_creation_5m_tokens", "cache_creation_1h_tokens")
# Of each metric, the columns it is told from, and how.
_USAGE: dict[str, tuple[tuple[str, ...], Callable[[Usage], Value]]] = {
    "session_cost": (("cost_nano_usd",), lambda u: u.cost_usd),
    "session_tokens": (("input_tokens", "output_tokens"), lambda u: u.tokens),
    "input_tokens": (("input_tokens",), lambda u: u.input_tokens),
    "output_tokens": (("output_tokens",), lambda u: u.output_tokens),
    "cache_read_tokens": (("cache_read_tokens",), lambda u: u.cache_read_tokens),
    "cache_creation_tokens": (_CACHE_CREATION, lambda u: u.cache_creation_tokens),
    "unpriced_tokens": (("unpriced_tokens",), lambda u: u.unpriced_tokens),
    "unpriced_share": (("unpriced_tokens", *TOKENS), lambda u: u.unpriced_share),
    "cache_hit_rate": (
        ("input_tokens", "cache_read_tokens", *_CACHE_CREATION),
        lambda u: u.cache_hit_rate,
    ),
}
_JUDGED = ("outcome_ok", "outcome_error")
_TOOLS: dict[str, tuple[tuple[str, ...], Callable[[ToolUse], Value]]] = {
    "tool_call_count": ((), lambda t: t.calls),
    "tool_success_rate": (_JUDGED, lambda t: t.success_rate),
    "tool_error_rate": (_JUDGED, lambda t: None if t.success_rate is None else 100 - t.success_rate),
    "file_churn": (("lines_changed",), lambda t: t.lines_changed),
}
_EVENT_KINDS = {"api_error_count": "api_error", "compaction_count": "compaction"}
_SESSIONS: dict[str, Callable[[SessionsBegun], Value]] = {
    "session_count": lambda begun: begun.sessions,
    "session_duration": lambda begun: begun.wall_seconds / begun.timed if begun.timed else None,
    "active_seconds": lambda begun: begun.active_seconds,
}
_PERCENTILES = {"tool_duration_p50": 0.5, "tool_duration_p95": 0.95}
MEASURED = frozenset({*_USAGE, *_TOOLS, *_EVENT_KINDS, *_SESSIONS, *_PERCENTILES, *READING_METRICS})


def measured(metric: Metric, cut: list[Bucket], projects: Projects, group_by: str | None) -> Measured:
    """A metric of MEASURED in the buckets of a cut. Raises UnknownDimension for a split that it does not have."""
    for metrics, build in _SOURCES:
        if metric.id in metrics:
            return build(metric.id, cut, projects, group_by).limited()
    raise KeyError(metric.id)


def _usage(id: str, cut: list[Bucket], projects: Projects, group_by: str | None) -> Measured:
    needed, value = _USAGE[id]
    columns = (*needed, ALL_TOKENS)
    groups = usage_by_bucket(group_by or "", cut, projects, columns)
    return called(group_by, Measured(groups, lambda sums: value(usage_from(columns, sums)), _last, added))


def _tools(id: str, cut: list[Bucket], projects: Projects, group_by: str | None) -> Measured:
    """By what only the asking response knows, from the calls themselves."""
    needed, value = _TOOLS[id]
    if group_by is None or group_by in TOOL_NAMES:
        columns = (*needed, "calls")
        groups = tools_by_bucket(group_by or "", cut, projects, columns)
        return called(group_by, Measured(groups, lambda sums: value(tools_from(columns, sums)), _last, added))
    edges = quarter_edges(cut)
    rows, index = calls_by_place(_whole(cut), edges, projects, _told_from(group_by))
    told = ((index(row["place"]), row["row"], ToolUse.from_sums(row)) for row in rows)
    return _grouped(told, value, lambda use: use.calls, group_by)


def _events(id: str, cut: list[Bucket], projects: Projects, group_by: str | None) -> Measured:
    asked, index = _placed(cut, projects)
    rows = events_by_place(_EVENT_KINDS[id], _named(EVENT_NAMES, group_by), **asked)
    return _grouped(((index(place), name, n) for place, name, n in rows), int, int, group_by)


def _sessions(id: str, cut: list[Bucket], projects: Projects, group_by: str | None) -> Measured:
    """Sessions by the bucket they began in; active time counts subagents too."""
    roots_only = id != "active_seconds"
    if group_by == "skill":
        begun: Any = AgentSession.objects.filter(in_projects(projects))
        told = _by_skill(begun.roots() if roots_only else begun, cut)
        return _grouped(told, _SESSIONS[id], lambda s: s.sessions, None)
    asked, index = _placed(cut, projects)
    rows = sessions_by_place(_named(SESSION_NAMES, group_by), roots_only, **asked)
    told = ((index(place), name, SessionsBegun(*sums)) for place, name, *sums in rows)
    return _grouped(told, _SESSIONS[id], lambda s: s.sessions, group_by)


def _by_skill(begun: Any, cut: list[Bucket]) -> Iterable[tuple[int, str, SessionsBegun]]:
    """A session that used several skills is one of each."""
    edges = quarter_edges(cut)
    rows = begun.filter(start_quarter__gte=edges[0], start_quarter__lt=edges[-1])
    columns = ("start_quarter", "wall_seconds", "active_seconds", "skills")
    for quarter, wall, active, skills in rows.order_by().values_list(*columns):
        sums = SessionsBegun(1, int(wall is not None), wall or 0, active or 0)
        for name in skills or [UNATTRIBUTED]:
            yield bisect_right(edges, quarter) - 1, name, sums


def _times(id: str, cut: list[Bucket], projects: Projects, group_by: str | None) -> Measured:
    """The nearest rank of the timed calls of every bucket and group."""
    share = _PERCENTILES[id]
    if group_by is None or group_by in CALL_COLUMNS:
        groups = call_times_by_bucket(group_by or "", cut, projects)
        return called(group_by, Measured(groups, lambda times: times.nearest_ranks(share)[0], len))
    edges = quarter_edges(cut)
    told = timed_calls(_whole(cut), projects, _told_from(group_by))
    placed = ((bisect_right(edges, quarter) - 1, name, [ms]) for quarter, name, ms in told)
    return _grouped(placed, lambda times: nearest_rank(sorted(times), share), len, group_by)


def _reading(id: str, cut: list[Bucket], projects: Projects, _: str | None) -> Measured:
    """Of the installation as a whole: whoever is for some projects is told nothing."""
    return Measured({"": reading_levels(id, cut)} if projects is None else {}, int, int)


_SOURCES: tuple[tuple[Mapping[str, Any], Callable[..., Measured]], ...] = (
    (_USAGE, _usage),
    (_TOOLS, _tools),
    (_EVENT_KINDS, _events),
    (_SESSIONS, _sessions),
    (_PERCENTILES, _times),
    (READING_METRICS, _reading),
)


def called(group_by: str | None, found: Measured) -> Measured:
    """Groups under the names of `plan_groups`: projects by name, so that those of one name are one group."""
    if group_by is None:
        return found
    names = {key: key or UNATTRIBUTED for key in found.groups}
    if group_by == "project":
        names |= project_names(key for key in found.groups if key)
    return found.named(names)


def _grouped(
    rows: Iterable[tuple[int, str, Sums]],
    value: Callable[[Any], Value],
    size: Callable[[Any], int],
    group_by: str | None,
) -> Measured:
    """Of rows (index of the bucket, name, sums); families are told from their models."""
    groups: dict[str, dict[int, Sums]] = {}
    for index, name, sums in rows:
        group = (model_family(name) or UNATTRIBUTED) if group_by == "model_family" else name
        held = groups.setdefault(group, {})
        held[index] = held[index] + sums if index in held else sums
    return Measured(groups, value, size)


def _last(sums: tuple[Any, ...]) -> int:
    return int(sums[-1])


def _whole(cut: list[Bucket]) -> Period:
    return Period(cut[0].start_at, cut[-1].end_at, ZoneInfo("UTC"))


def _told_from(group_by: str) -> str:
    return "model" if group_by == "model_family" else group_by


def _named(names: dict[str, Any], group_by: str | None) -> str | None:
    """The dimension that rows are grouped by, of those that have names."""
    if group_by is None:
        return None
    if _told_from(group_by) not in names:
        raise UnknownDimension("dimension to group this metric by", group_by, names)
    return _told_from(group_by)


def _placed(cut: list[Bucket], projects: Projects) -> tuple[dict[str, Any], Callable[[int], int]]:
    """What a prepared question about the buckets of a cut is asked with, and the bucket that a place is in."""
    edges = quarter_edges(cut)
    runs, index = places(edges)
    return {"start": edges[0], "stop": edges[-1], "runs": runs, "projects": projects}, index
