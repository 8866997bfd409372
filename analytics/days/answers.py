"""Sums over a period or its buckets, taken from whole days where these hold them and from quarters at the edges.

Days are of UTC. A period or bucket of another zone is the whole UTC days inside it and the quarters at its ends, so
that every zone's figures are exact. Days hold all projects together, and what each came to: an answer that splits some
projects by something else is made of quarters alone.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.days.querysets import (
    ALL_TOKENS,
    OF_RESPONSE,
    OF_SESSION,
    QUARTERS,
    REPORTED,
    TOOL_DIMENSIONS,
    USAGE_DIMENSIONS,
    USAGE_SUMS,
    as_name,
    day_places,
    day_sums,
    day_values,
    known_sums,
    quarter_parts,
    quarter_places,
    quarter_sums,
    session_return_counts,
    session_rows,
)
from analytics.days.split import Columns, Groups, Split, Sums, add_to, in_buckets
from analytics.models import (
    DailyToolUsage,
    DailyUsage,
    SessionReturn,
    SessionToolUsage,
    SessionUsage,
)
from analytics.periods import Bucket, Period, quarter_edges
from analytics.places import places
from analytics.querysets import TOOL_SUMMED, added
from analytics.sums import ToolUse, Usage
from sessions.models import DirtyQuarter
from sessions.parsers.pricing import model_family
from sessions.prepared import padded
from sessions.scope import Projects

# More stretches of quarters than this are asked for as one, days and all.
MOST_EDGES = 60
OF_PROJECTS = ("", "project")


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of quarters as whole days and the quarters before and after them."""

    days: range
    edges: tuple[range, ...]

    @classmethod
    def of(cls, quarters: range) -> "Cut":
        first, after = -(-quarters.start // QUARTERS), quarters.stop // QUARTERS
        if first >= after:
            return cls(range(0), (quarters,))
        edges = (range(quarters.start, first * QUARTERS), range(after * QUARTERS, quarters.stop))
        return cls(range(first, after), tuple(edge for edge in edges if edge))


@dataclass(slots=True)
class _Seen:
    """What this process has seen of the days."""

    whole: bool = False


_SEEN = _Seen()


def days_are_whole() -> bool:
    """Whether days say what quarters say. Not while slots wait to be rolled up, as all do after an upgrade.

    Asked until it is so for once: from then on one transaction changes both.
    """
    if not _SEEN.whole:
        _SEEN.whole = not DirtyQuarter.objects.exists()
    return _SEEN.whole


class _Source:
    """One of the two kinds of rollups, with its days."""

    def __init__(self, quarters: Any, days: Any, dimensions: Iterable[str], sums: Sequence[str]) -> None:
        self.quarters, self.days, self.sums = quarters, days, tuple(sums)
        self.dimensions = frozenset(dimensions)
        self.count = self.sums[0]  # of responses, or of calls: no row is of none

    def has_days(self, dimension: str, projects: Projects) -> bool:
        """Of some projects, days hold what a project came to, and nothing that it was split by."""
        return dimension in (self.dimensions if projects is None else OF_PROJECTS) and days_are_whole()

    def sums_by_name(self, dimension: str, period: Period, projects: Projects) -> dict[str, Sums]:
        """{name: sums} over a period."""
        cut = Cut.of(period.quarters)
        if not self.has_days(dimension, projects):
            cut = Cut(range(0), (period.quarters,))
        found: dict[str, Sums] = {}
        if cut.days:
            told = day_sums(self.days, dimension, self.sums, **_days(cut.days, projects))
            _add_all(found, ((row[0], row[1:]) for row in known_sums(told)))
        self.add_stretches(found, cut.edges, dimension, projects)
        return found

    def add_stretches(
        self, found: dict[str, Sums], stretches: Sequence[range], dimension: str, projects: Projects
    ) -> None:
        """Add what quarters came to."""
        if stretches:
            told = quarter_sums(self.quarters, dimension, self.sums, **_stretches(stretches, projects))
            _add_all(found, ((self.name(row[0], dimension), row[1:]) for row in known_sums(told)))

    @staticmethod
    def name(row: Any, dimension: str) -> str:
        """What rows of quarters call it, as days do."""
        return model_family(row) if dimension == "model_family" else as_name(row)

    def sums_by_bucket(
        self, dimension: str, edges: Sequence[int], projects: Projects, columns: Sequence[str]
    ) -> Groups:
        """{name: {index of the bucket between two edges: sums}}; only buckets in which something happened."""
        asked = _Asked(dimension, edges, projects, tuple(columns))
        whole = range(edges[0], edges[-1])
        torn = sorted({edge // QUARTERS for edge in edges if edge % QUARTERS})
        days = Cut.of(whole).days
        if not days or not self.has_days(dimension, projects):
            return self._from_quarters(asked, [whole])
        if len(torn) > MOST_EDGES:
            split = None if REPORTED in columns else Split.of(edges)
            return self._from_parts(asked, split) if split else self._from_quarters(asked, [whole])
        found = self._from_days(asked, days, torn)
        if torn:
            _merge(found, self._from_quarters(asked, [clipped(day, whole) for day in torn]))
        return found

    def _from_days(self, asked: "_Asked", days: range, torn: Sequence[int]) -> Groups:
        of_days = {**_days(days, asked.projects), "torn": tuple(torn)}
        if len(days) > 2 * len(asked.edges):
            runs, index = places(asked.edges)
            told = day_places(self.days, asked.dimension, asked.columns, runs=runs, **of_days)
            return self._bucketed(told, index, asked.dimension)
        # A bucket is hardly more than a day: there is nothing to add up.
        told = day_values(self.days, asked.dimension, asked.columns, **of_days)
        return self._bucketed(told, lambda place: bisect_right(asked.edges, place) - 1, asked.dimension)

    def _from_parts(self, asked: "_Asked", split: Split) -> Groups:
        """From whole days and the smaller part of each, and from quarters before and after them."""
        columns = Columns.of(self.count, asked.columns)
        asked, cut = replace(asked, columns=columns.names), Cut.of(range(asked.edges[0], asked.edges[-1]))
        between = [range(cut.days.start * QUARTERS, cut.days.stop * QUARTERS)]
        runs, index = places(asked.edges)
        of_parts = {**_stretches(between, asked.projects), "part": (split.part[0], split.part[-1])}
        parts = quarter_parts(self.quarters, asked.dimension, asked.columns, runs=runs, **of_parts)
        of_days = {**_days(cut.days, asked.projects), "torn": ()}
        days = day_values(self.days, asked.dimension, asked.columns, **of_days)
        found = in_buckets(split, days, parts, index, lambda row: self.name(row, asked.dimension))
        for name, held in self._from_quarters(asked, cut.edges).items() if cut.edges else ():
            for at, sums in held.items():
                add_to(found.setdefault(name, {}), at, sums)
        return columns.known(found)

    def _from_quarters(self, asked: "_Asked", stretches: Sequence[range]) -> Groups:
        runs, index = places(asked.edges)
        of_quarters = _stretches(stretches, asked.projects)
        told = quarter_places(self.quarters, asked.dimension, asked.columns, runs=runs, **of_quarters)
        return self._bucketed(told, index, asked.dimension)

    def _bucketed(self, rows: Iterable[Any], index: Callable[[int], int], dimension: str) -> Groups:
        """Of rows (place, name, sums...)."""
        found: Groups = {}
        for place, row, *sums in rows:
            held, at = found.setdefault(self.name(row, dimension), {}), index(place)
            held[at] = added(held[at], tuple(sums)) if at in held else tuple(sums)
        return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a kind of rollup: sums of columns by a dimension, in the buckets between edges."""

    dimension: str
    edges: Sequence[int]
    projects: Projects
    columns: tuple[str, ...]


def _days(days: range, projects: Projects) -> dict[str, Any]:
    """What a prepared question about days is asked with."""
    names = None if projects is None else tuple(map(str, sorted(projects)))
    return {"first": days.start, "after": days.stop, "projects": names}


def _stretches(stretches: Sequence[range], projects: Projects) -> dict[str, Any]:
    """What a prepared question about quarters is asked with."""
    starts, stops = (
        (tuple(ends)) for ends in zip(*((each.start, each.stop) for each in stretches), strict=True)
    )
    return {"starts": starts, "stops": stops, "projects": projects}


def _merge(found: Groups, more: Groups) -> None:
    for name, held in more.items():
        _add_all(found.setdefault(name, {}), held.items())


_USAGE = _Source(SessionUsage, DailyUsage, USAGE_DIMENSIONS, USAGE_SUMS)
_TOOLS = _Source(SessionToolUsage, DailyToolUsage, TOOL_DIMENSIONS, TOOL_SUMMED)


def clipped(day: int, to: range) -> range:
    """The quarters of a day that lie in a stretch."""
    return range(max(day * QUARTERS, to.start), min((day + 1) * QUARTERS, to.stop))


def _add_all[Key](found: dict[Key, Sums], rows: Iterable[tuple[Key, Sums]]) -> None:
    for key, sums in rows:
        found[key] = added(found[key], sums) if key in found else sums


def usage_totals(period: Period, projects: Projects = None) -> Usage:
    """What the responses of a period used."""
    return usage_of(_USAGE.sums_by_name("", period, projects).get("", ()))


def tool_totals(period: Period, projects: Projects = None) -> ToolUse:
    """How the tool calls of a period went."""
    return tools_of(_TOOLS.sums_by_name("", period, projects).get("", ()))


def usage_by_name(dimension: str, period: Period, projects: Projects = None) -> dict[str, Usage]:
    """{name: what was used}; projects, features, phases and tasks are named by their ids, "" is what has none."""
    found = _USAGE.sums_by_name(dimension, period, projects)
    return {name: usage_of(sums) for name, sums in found.items()}


def tools_by_name(dimension: str, period: Period, projects: Projects = None) -> dict[str, ToolUse]:
    """{name: how its calls went}."""
    found = _TOOLS.sums_by_name(dimension, period, projects)
    return {name: tools_of(sums) for name, sums in found.items()}


def usage_of(sums: Sums) -> Usage:
    """Of sums in the order of USAGE_SUMS; nothing used where there are none."""
    counted = sums[:-2]
    if None in counted:
        counted = tuple(value or 0 for value in counted)
    return Usage(*counted, *sums[-2:]) if sums else Usage()


def tools_of(sums: Sums) -> ToolUse:
    """Of sums in the order of TOOL_SUMMED."""
    return ToolUse(*(value or 0 for value in sums))


def usage_by_bucket(
    dimension: str, cut: Sequence[Bucket], projects: Projects = None, columns: Sequence[str] = USAGE_SUMS
) -> Groups:
    """{name: {index of the bucket: sums of these columns}}, for `usage_from` to tell."""
    return _USAGE.sums_by_bucket(dimension, quarter_edges(cut), projects, columns)


def tools_by_bucket(
    dimension: str, cut: Sequence[Bucket], projects: Projects = None, columns: Sequence[str] = TOOL_SUMMED
) -> Groups:
    """{name: {index of the bucket: sums of these columns}}, for `tools_from` to tell."""
    return _TOOLS.sums_by_bucket(dimension, quarter_edges(cut), projects, columns)


def usage_from(columns: Sequence[str], sums: Sums) -> Usage:
    """What was used, as far as these columns say it; ALL_TOKENS among them only says how much there was."""
    named = zip(columns, sums, strict=True)
    return Usage(**{name: value for name, value in named if name != ALL_TOKENS})


def tools_from(columns: Sequence[str], sums: Sums) -> ToolUse:
    """How calls went, as far as these columns say it."""
    return ToolUse(**dict(zip(columns, sums, strict=True)))


def session_counts(dimension: str, period: Period, projects: Projects = None) -> dict[str, int]:
    """{name: different sessions with usage under it in a period}, each once however long it lasted."""
    if not _USAGE.has_days(dimension, projects):
        return _counted(_in_stretches([period.quarters], dimension, projects))
    cut = Cut.of(period.quarters)
    found: Counter[str] = Counter()
    if cut.days:
        rows = day_sums(DailyUsage, dimension, ("sessions",), **_days(cut.days, projects))
        found.update(dict(known_sums(rows)))
    return _each_once(found, dimension, cut, projects)


def usage_and_sessions(
    dimension: str, period: Period, projects: Projects = None
) -> tuple[dict[str, Usage], dict[str, int]]:
    """`usage_by_name` and `session_counts` in one: the days of both are the same rows."""
    found, sessions = sums_and_sessions(dimension, period, projects)
    return {name: usage_of(sums) for name, sums in found.items()}, sessions


def sums_and_sessions(
    dimension: str, period: Period, projects: Projects = None
) -> tuple[dict[str, Sums], dict[str, int]]:
    """The same before `usage_of`, of which thousands are added up at less than half the price."""
    cut = Cut.of(period.quarters)
    if not cut.days or not _USAGE.has_days(dimension, projects):
        sums = _USAGE.sums_by_name(dimension, period, projects)
        return sums, session_counts(dimension, period, projects)
    rows = day_sums(DailyUsage, dimension, ("sessions", *USAGE_SUMS), **_days(cut.days, projects))
    rows = known_sums(rows)
    sums, sessions = {row[0]: row[2:] for row in rows}, Counter({row[0]: row[1] for row in rows})
    _USAGE.add_stretches(sums, cut.edges, dimension, projects)
    return sums, _each_once(sessions, dimension, cut, projects)


def _each_once(found: Counter[str], dimension: str, cut: Cut, projects: Projects) -> dict[str, int]:
    """The sessions of whole days, summed, less those that came back, with those of the edges alone."""
    if cut.days:
        found.subtract(_returned(dimension, cut.days, projects))
    if cut.edges:
        found.update(_counted(_only_in_edges(dimension, cut, projects)))
    return {name: count for name, count in found.items() if count}


def _returned(dimension: str, days: range, projects: Projects) -> dict[str, int]:
    """{name: how often a session was counted again on a later day}."""
    is_own = dimension in OF_RESPONSE
    field = "name" if is_own or not dimension else OF_SESSION[dimension]
    ends = {"first": days.start, "after": days.stop, "projects": projects}
    counts = session_return_counts(SessionReturn, dimension if is_own else "", field, **ends)
    return {as_name(name): n for name, n in counts}


def _in_stretches(stretches: Sequence[range], dimension: str, projects: Projects) -> set[tuple[int, str]]:
    """(session, name) of stretches of quarters, each once."""
    rows = session_rows(SessionUsage, dimension, sessions=None, **_stretches(stretches, projects))
    return {(session, _USAGE.name(name, dimension)) for session, name in rows}


def _counted(pairs: Iterable[tuple[int, str]]) -> dict[str, int]:
    return Counter(name for _, name in pairs)


def _only_in_edges(dimension: str, cut: Cut, projects: Projects) -> set[tuple[int, str]]:
    """What has no usage on the whole days between."""
    pairs = _in_stretches(cut.edges, dimension, projects)
    if not pairs or not cut.days:
        return pairs
    between = range(cut.days.start * QUARTERS, cut.days.stop * QUARTERS)
    sessions = padded({session for session, _ in pairs})
    rows = session_rows(SessionUsage, dimension, sessions=sessions, **_stretches([between], projects))
    return pairs - {(session, _USAGE.name(name, dimension)) for session, name in rows}
