"""Sums over a period or its buckets, taken from whole days where these hold them and from quarters at the edges.

Days are of UTC. A period or bucket of another zone is the whole UTC days inside it and the quarters at its ends, so
that every zone's figures are exact. Days hold all projects together, and what each came to: an answer that splits some
projects by something else is made of quarters alone.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Value

from analytics.days.querysets import (
    ALL_TOKENS,
    OF_RESPONSE,
    OF_SESSION,
    QUARTERS,
    TOOL_DIMENSIONS,
    USAGE_DIMENSIONS,
    USAGE_SUMS,
    as_name,
    columns_of,
    in_runs,
    known_sums,
    name_of,
    sums_of,
)
from analytics.models import (
    DailyToolUsage,
    DailyUsage,
    SessionReturn,
    SessionToolUsage,
    SessionUsage,
)
from analytics.periods import Bucket, Period, quarter_edges
from analytics.places import placed
from analytics.querysets import TOOL_SUMMED, added
from analytics.sums import ToolUse, Usage
from sessions.models import DirtyQuarter
from sessions.parsers.pricing import model_family
from sessions.scope import Projects, in_projects

# More stretches of quarters than this are asked for as one, days and all.
MOST_EDGES = 60
OF_PROJECTS = ("", "project")
Sums = tuple[Any, ...]
Groups = dict[str, dict[int, Sums]]  # by name and index of a bucket


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
            rows = self.days.objects.of(dimension, projects).of_days(cut.days)
            _add_all(found, ((row[0], row[1:]) for row in rows.sums_by_row(self.sums)))
        if cut.edges:
            rows = self._quarters(cut.edges, dimension, projects).values_list("row")
            told = known_sums(rows.annotate(**sums_of(self.sums)))
            _add_all(found, ((self._name(row[0], dimension), row[1:]) for row in told))
        return found

    def _quarters(self, runs: Sequence[range], dimension: str, projects: Projects) -> Any:
        """The rows of quarters, with what they are counted under as `row`."""
        name = name_of("model" if dimension == "model_family" else dimension)
        rows = self.quarters.objects.filter(in_runs(runs, field="quarter")).of_projects(projects)
        return rows.annotate(row=name).order_by()

    @staticmethod
    def _name(row: Any, dimension: str) -> str:
        return model_family(row) if dimension == "model_family" else as_name(row)

    def sums_by_bucket(
        self, dimension: str, edges: Sequence[int], projects: Projects, columns: Sequence[str]
    ) -> Groups:
        """{name: {index of the bucket between two edges: sums}}; only buckets in which something happened."""
        asked = _Asked(dimension, edges, projects, tuple(columns))
        whole = range(edges[0], edges[-1])
        torn = sorted({edge // QUARTERS for edge in edges if edge % QUARTERS})
        days = Cut.of(whole).days
        if not days or len(torn) > MOST_EDGES or not self.has_days(dimension, projects):
            return self._from_quarters(asked, [whole])
        found = self._from_days(asked, days, torn)
        if torn:
            _merge(found, self._from_quarters(asked, [_clipped(day, whole) for day in torn]))
        return found

    def _from_days(self, asked: "_Asked", days: range, torn: Sequence[int]) -> Groups:
        rows = self.days.objects.of(asked.dimension, asked.projects).of_days(days).exclude(day__in=torn)
        quarter = F("day") * Value(QUARTERS)
        if len(days) > 2 * len(asked.edges):
            return self._added_up(rows, quarter, asked)
        # A bucket is hardly more than a day: there is nothing to add up.
        told = rows.order_by().annotate(**columns_of(asked.columns))
        told = told.values_list(quarter, "row", *columns_of(asked.columns))
        return self._bucketed(told, lambda place: bisect_right(asked.edges, place) - 1, asked.dimension)

    def _from_quarters(self, asked: "_Asked", runs: Sequence[range]) -> Groups:
        return self._added_up(self._quarters(runs, asked.dimension, asked.projects), F("quarter"), asked)

    def _added_up(self, rows: Any, quarter: Any, asked: "_Asked") -> Groups:
        rows, index = placed(rows, asked.edges, quarter)
        told = rows.order_by().values_list("place", "row").annotate(**sums_of(asked.columns))
        return self._bucketed(told, index, asked.dimension)

    def _bucketed(self, rows: Iterable[Any], index: Callable[[int], int], dimension: str) -> Groups:
        """Of rows (place, name, sums...)."""
        found: Groups = {}
        for place, row, *sums in rows:
            held, at = found.setdefault(self._name(row, dimension), {}), index(place)
            held[at] = added(held[at], tuple(sums)) if at in held else tuple(sums)
        return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a kind of rollup: sums of columns by a dimension, in the buckets between edges."""

    dimension: str
    edges: Sequence[int]
    projects: Projects
    columns: tuple[str, ...]


def _merge(found: Groups, more: Groups) -> None:
    for name, held in more.items():
        _add_all(found.setdefault(name, {}), held.items())


_USAGE = _Source(SessionUsage, DailyUsage, USAGE_DIMENSIONS, USAGE_SUMS)
_TOOLS = _Source(SessionToolUsage, DailyToolUsage, TOOL_DIMENSIONS, TOOL_SUMMED)


def _clipped(day: int, to: range) -> range:
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
    return Usage(*(*(value or 0 for value in sums[:-2]), *sums[-2:])) if sums else Usage()


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
        return _counted(_pairs(SessionUsage.objects.within(period).of_projects(projects), dimension))
    cut = Cut.of(period.quarters)
    found: Counter[str] = Counter()
    if cut.days:
        rows = DailyUsage.objects.of(dimension, projects).of_days(cut.days)
        found.update(dict(rows.sums_by_row(["sessions"])))
        found.subtract(_returned(dimension, cut.days, projects))
    if cut.edges:
        found.update(_counted(_only_in_edges(dimension, cut, projects)))
    return {name: count for name, count in found.items() if count}


def _returned(dimension: str, days: range, projects: Projects) -> dict[str, int]:
    """{name: how often a session was counted again on a later day}."""
    is_own = dimension in OF_RESPONSE
    rows = SessionReturn.objects.within(days).filter(in_projects(projects, "session__project"))
    rows = rows.filter(dimension=dimension if is_own else "")
    counts = rows.counts("name" if is_own or not dimension else OF_SESSION[dimension])
    return {as_name(name): n for name, n in counts.items()}


def _pairs(rows: Any, dimension: str) -> set[tuple[int, str]]:
    """(session, name) of usage rows, each once."""
    is_family = dimension == "model_family"
    named = rows.annotate(row=name_of("model" if is_family else dimension)).order_by()
    pairs = named.values_list("session_id", "row").distinct()
    return {(session, model_family(name) if is_family else as_name(name)) for session, name in pairs}


def _counted(pairs: Iterable[tuple[int, str]]) -> dict[str, int]:
    return Counter(name for _, name in pairs)


def _only_in_edges(dimension: str, cut: Cut, projects: Projects) -> set[tuple[int, str]]:
    """What has no usage on the whole days between."""
    usage = SessionUsage.objects.of_projects(projects)
    pairs = _pairs(usage.filter(in_runs(cut.edges, field="quarter")), dimension)
    inside = usage.filter(session_id__in={session for session, _ in pairs})
    return pairs - _pairs(inside.filter(in_runs([cut.days], field="quarter", width=QUARTERS)), dimension)
