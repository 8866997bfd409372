"""Sums over a period or its buckets, taken from whole days where these hold them and from quarters at the edges.

Days are of UTC. A period or bucket of another zone is the whole UTC days inside it and the quarters at its ends, so
that every zone's figures are exact. Days hold all projects together: an answer about some is made of quarters alone.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.days.querysets import (
    OF_RESPONSE,
    OF_SESSION,
    QUARTERS,
    TOOL_DIMENSIONS,
    USAGE_DIMENSIONS,
    USAGE_SUMS,
    as_name,
    in_runs,
    name_of,
)
from analytics.models import (
    DailyToolUsage,
    DailyUsage,
    SessionReturn,
    SessionToolUsage,
    SessionUsage,
)
from analytics.periods import Bucket, Period, quarter_edges
from analytics.querysets import TOOL_SUMMED, added
from analytics.sums import ToolUse, Usage
from sessions.models import DirtyQuarter
from sessions.parsers.pricing import model_family
from sessions.scope import Projects

# More stretches of quarters than this are asked for as one, days and all.
MOST_EDGES = 60
Sums = tuple[Any, ...]


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
        return projects is None and dimension in self.dimensions and days_are_whole()

    def sums_by_name(self, dimension: str, period: Period, projects: Projects) -> dict[str, Sums]:
        """{name: sums} over a period."""
        if not self.has_days(dimension, projects):
            rows = self.quarters.objects.within(period).of_projects(projects)
            return self._named(rows, dimension)
        cut = Cut.of(period.quarters)
        found: dict[str, Sums] = {}
        if cut.days:
            rows = self.days.objects.filter(dimension=dimension).of_days(cut.days)
            _add_all(found, ((row[0], row[1:]) for row in rows.sums_by_name(self.sums)))
        if cut.edges:
            rows = self.quarters.objects.filter(in_runs(cut.edges, field="quarter"))
            _add_all(found, self._named(rows, dimension).items())
        return found

    def _named(self, rows: Any, dimension: str) -> dict[str, Sums]:
        is_family = dimension == "model_family"
        found: dict[str, Sums] = {}
        for name, *sums in rows.sums_by(name_of("model" if is_family else dimension), self.sums):
            if sums[0] is None:  # the whole of no rows is a row, too
                continue
            _add_all(found, [(model_family(name) if is_family else as_name(name), tuple(sums))])
        return found

    def sums_by_bucket(
        self, dimension: str, cut: Sequence[Bucket], projects: Projects, sums: Sequence[str]
    ) -> dict[str, dict[int, Sums]]:
        """{name: {index of the bucket: sums}}; only buckets in which something happened."""
        found: dict[str, dict[int, Sums]] = {}
        edges = quarter_edges(cut)
        for quarter, name, values in self._timed(dimension, edges, projects, sums):
            at = bisect_right(edges, quarter) - 1
            held = found.setdefault(name, {})
            held[at] = added(held[at], values) if at in held else values
        return found

    def _timed(
        self, dimension: str, edges: Sequence[int], projects: Projects, sums: Sequence[str]
    ) -> Iterator[tuple[int, str, Sums]]:
        """(a quarter of the bucket, name, sums)."""
        whole = range(edges[0], edges[-1])
        torn = sorted({edge // QUARTERS for edge in edges if edge % QUARTERS})
        days = Cut.of(whole).days
        if not days or len(torn) > MOST_EDGES or not self.has_days(dimension, projects):
            rows = self.quarters.objects.filter(in_runs([whole], field="quarter")).of_projects(projects)
            yield from self._quarters(rows, dimension, sums)
            return
        daily = self.days.objects.filter(dimension=dimension).of_days(days).order_by()
        for day, name, *values in daily.exclude(day__in=torn).values_list("day", "name", *sums):
            yield day * QUARTERS, name, tuple(values)
        if torn:
            runs = [_clipped(day, whole) for day in torn]
            rows = self.quarters.objects.filter(in_runs(runs, field="quarter"))
            yield from self._quarters(rows, dimension, sums)

    def _quarters(self, rows: Any, dimension: str, sums: Sequence[str]) -> Iterator[tuple[int, str, Sums]]:
        is_family = dimension == "model_family"
        asked = name_of("model" if is_family else dimension)
        for quarter, name, *values in rows.sums_by(asked, sums, "quarter"):
            yield quarter, model_family(name) if is_family else as_name(name), tuple(values)


_USAGE = _Source(SessionUsage, DailyUsage, USAGE_DIMENSIONS, USAGE_SUMS)
_TOOLS = _Source(SessionToolUsage, DailyToolUsage, TOOL_DIMENSIONS, TOOL_SUMMED)


def _clipped(day: int, to: range) -> range:
    return range(max(day * QUARTERS, to.start), min((day + 1) * QUARTERS, to.stop))


def _add_all(found: dict[str, Sums], rows: Iterable[tuple[str, Sums]]) -> None:
    for name, sums in rows:
        found[name] = added(found[name], sums) if name in found else sums


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
    dimension: str, cut: Sequence[Bucket], projects: Projects = None
) -> dict[str, dict[int, Usage]]:
    """{name: {index of the bucket: what was used}}."""
    found = _USAGE.sums_by_bucket(dimension, cut, projects, USAGE_SUMS)
    return {name: {at: usage_of(sums) for at, sums in held.items()} for name, held in found.items()}


def tools_by_bucket(
    dimension: str, cut: Sequence[Bucket], projects: Projects = None
) -> dict[str, dict[int, ToolUse]]:
    """{name: {index of the bucket: how calls went}}."""
    found = _TOOLS.sums_by_bucket(dimension, cut, projects, TOOL_SUMMED)
    return {name: {at: tools_of(sums) for at, sums in held.items()} for name, held in found.items()}


def session_counts(dimension: str, period: Period, projects: Projects = None) -> dict[str, int]:
    """{name: different sessions with usage under it in a period}, each once however long it lasted."""
    if not _USAGE.has_days(dimension, projects):
        return _counted(_pairs(SessionUsage.objects.within(period).of_projects(projects), dimension))
    cut = Cut.of(period.quarters)
    found: Counter[str] = Counter()
    if cut.days:
        rows = DailyUsage.objects.filter(dimension=dimension).of_days(cut.days)
        found.update(dict(rows.sums_by_name(["sessions"])))
        found.subtract(_returned(dimension, cut.days))
    if cut.edges:
        found.update(_counted(_only_in_edges(dimension, cut)))
    return {name: count for name, count in found.items() if count}


def _returned(dimension: str, days: range) -> dict[str, int]:
    """{name: how often a session was counted again on a later day}."""
    is_own = dimension in OF_RESPONSE
    rows = SessionReturn.objects.within(days).filter(dimension=dimension if is_own else "")
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


def _only_in_edges(dimension: str, cut: Cut) -> set[tuple[int, str]]:
    """What has no usage on the whole days between."""
    pairs = _pairs(SessionUsage.objects.filter(in_runs(cut.edges, field="quarter")), dimension)
    inside = SessionUsage.objects.filter(session_id__in={session for session, _ in pairs})
    return pairs - _pairs(inside.filter(in_runs([cut.days], field="quarter", width=QUARTERS)), dimension)
