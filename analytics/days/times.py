"""How long tool calls took, every one of them: percentiles that are values of real calls, never estimates.

A call's duration is the tool's own figure where it gives one, else the time from call to answer.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain

from analytics.days.answers import MOST_EDGES, Cut, clipped, days_are_whole
from analytics.days.querysets import QUARTERS, call_times_of, day_durations, in_runs
from analytics.days.ranks import nearest_ranks
from analytics.days.rollup import BYTES, packed, unpacked
from analytics.models import DailyToolTimes
from analytics.periods import Bucket, Period, quarter_edges
from sessions.models import ToolCall
from sessions.scope import Projects, in_projects

COLUMNS = {"tool": "name", "tool_category": "category", "mcp_server": "mcp_server"}


class Durations:
    """Milliseconds of calls, put in order only where someone asks for them."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def append(self, piece: bytes) -> None:
        """Some more, as `packed` writes them."""
        self._pieces.append(piece)

    def __add__(self, other: "Durations") -> "Durations":
        both = Durations()
        both._pieces = self._pieces + other._pieces
        return both

    def __len__(self) -> int:
        return sum(map(len, self._pieces)) // BYTES

    def ascending(self) -> list[int]:
        # Sorting pieces that are in order already is merging them.
        return sorted(unpacked(b"".join(self._pieces)))

    def nearest_ranks(self, *shares: float) -> list[int | None]:
        """For each share the least of the values that it does not exceed; None of nothing."""
        return nearest_ranks([unpacked(piece) for piece in self._pieces], shares)


def call_times(dimension: str, period: Period, projects: Projects = None) -> dict[str, Durations]:
    """{name: how long its timed calls in a period took}; the dimension "" is of all tools, named ""."""
    quarters = period.quarters
    found = _times(dimension, [quarters.start, quarters.stop], projects)
    return {name: held[0] for name, held in found.items()}


def call_times_by_bucket(
    dimension: str, cut: Sequence[Bucket], projects: Projects = None
) -> dict[str, dict[int, Durations]]:
    """{name: {index of the bucket: how long calls took}}; only buckets with a timed call."""
    return _times(dimension, quarter_edges(cut), projects)


def _times(dimension: str, edges: Sequence[int], projects: Projects) -> dict[str, dict[int, Durations]]:
    held: dict[str, dict[int, Durations]] = {}
    bucket = cache(lambda quarter: bisect_right(edges, quarter) - 1)
    for quarter, name, piece in _pieces(dimension, edges, projects):
        of_name, at = held.setdefault(name, {}), bucket(quarter)
        if at not in of_name:
            of_name[at] = Durations()
        of_name[at].append(piece)
    return held


def _pieces(dimension: str, edges: Sequence[int], projects: Projects) -> Iterable[tuple[int, str, bytes]]:
    """(a quarter of the bucket, name, packed milliseconds)."""
    whole = range(edges[0], edges[-1])
    torn = sorted({edge // QUARTERS for edge in edges if edge % QUARTERS})
    days = Cut.of(whole).days
    if not days or len(torn) > MOST_EDGES or projects is not None or not days_are_whole():
        return _of_calls(dimension, [whole], projects)
    ends = {"first": days.start, "after": days.stop, "torn": tuple(torn)}
    of_days = day_durations(DailyToolTimes, COLUMNS.get(dimension), **ends)
    runs = [clipped(day, whole) for day in torn]
    return chain(of_days, _of_calls(dimension, runs, projects) if runs else ())


def _of_calls(dimension: str, runs: Sequence[range], projects: Projects) -> Iterator[tuple[int, str, bytes]]:
    calls = ToolCall.objects.filter(in_runs(runs, field="quarter")).filter(
        in_projects(projects, "owner__project")
    )
    column = COLUMNS.get(dimension)
    for quarter, name, ms in call_times_of(calls, column):
        yield quarter, name, packed((ms,))
