"""Which items a search finds, in which order: the newest of them, so that common words cost no more than rare ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import log2
from typing import NamedTuple

from sessions.models import AgentSession, SearchItem
from sessions.parsers.normalise import QUARTER_MS
from sessions.scope import Projects
from sessions.search.engine import FoundRow, newest
from sessions.search.items import (
    first_of_quarter,
    kind_mark,
    project_mark,
    quarter_of_item,
    session_mark,
    tool_mark,
)
from sessions.search.lines import MAX_ITEM_CHARS
from sessions.search.query import Query

# So many matches are looked at, the newest; that there are more is said, they are not counted.
MOST_MATCHES = 5_000
# Where there are more, so many of the kinds that tell most are looked at beside them, however old they are.
MOST_TELLING = 1_000
FEW_SESSIONS = 300
RANK, NEWEST = "rank", "newest"
SORTS = (RANK, NEWEST)

_Kind = SearchItem.Kind
# Words of a title tell more of what something is about than words of a file that a tool printed.
_WEIGHTS: dict[int, float] = {
    _Kind.TITLE: 8.0,
    _Kind.FEATURE: 8.0,
    _Kind.TASK: 6.0,
    _Kind.DOCUMENT: 5.0,
    _Kind.PROMPT: 5.0,
    _Kind.ANSWER: 3.0,
    _Kind.THINKING: 2.0,
    _Kind.TOOL_INPUT: 1.5,
    _Kind.NOTE: 1.0,
    _Kind.TOOL_RESULT: 1.0,
}
TELLING = frozenset(kind for kind, weight in _WEIGHTS.items() if weight >= _WEIGHTS[_Kind.PROMPT])
_SHORT_CHARS, _STEP_CHARS = 200, 64
_AGING_QUARTERS = 180 * 96  # in half a year a match comes to count half
_OF_UNKNOWN_AGE = 0.5
_BREVITY = [
    1 / (1 + log2(1 + n * _STEP_CHARS / _SHORT_CHARS)) for n in range(MAX_ITEM_CHARS // _STEP_CHARS + 1)
]


@dataclass(frozen=True, slots=True)
class Filters:
    """What items are asked for; None and "" are no limit. Times are cut to quarters of an hour, outwards."""

    projects: Projects = None
    kinds: frozenset[int] | None = None
    session_key: int | None = None
    tool: str = ""
    start: datetime | None = None
    end: datetime | None = None

    @property
    def marks(self) -> list[list[str]]:
        """Groups of marks; an item has one of each."""
        groups = []
        if self.kinds is not None:
            groups.append([kind_mark(kind) for kind in sorted(self.kinds)])
        if self.session_key is not None:
            groups.append([session_mark(self.session_key)])
        if self.tool:
            groups.append([tool_mark(self.tool)])
        return groups

    @property
    def is_impossible(self) -> bool:
        return self.projects == frozenset() or self.kinds == frozenset()


class Hit(NamedTuple):
    """An item that was found."""

    id: int
    kind: int
    target: int
    session_key: int | None
    chars: int
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found. `total` is a lower bound where `is_more`: only the newest were looked at."""

    hits: list[Hit]
    total: int
    is_more: bool
    kinds: dict[int, int]


def find(
    query: Query, filters: Filters, *, sort: str = RANK, offset: int = 0, limit: int = 20, now: datetime
) -> Found:
    """The hits of a query from `offset` on, best or newest first, in one or two statements."""
    if filters.is_impossible:
        return Found([], 0, False, {})
    rows = _newest(query, filters, MOST_MATCHES + 1)
    is_more = len(rows) > MOST_MATCHES
    rows = rows[:MOST_MATCHES]
    if is_more and sort == RANK:
        rows += _telling(query, filters, before=rows[-1][0])
    scores = _scores(rows, query, filters, now)
    order = list(range(len(rows)))
    if sort == RANK:
        # Equals newest first: that is their order already, and sorting keeps it.
        order.sort(key=scores.__getitem__, reverse=True)
    hits = [Hit(*rows[at], scores[at]) for at in order[offset : offset + limit]]
    return Found(hits, len(rows), is_more, dict(Counter(row[1] for row in rows)))


def _telling(query: Query, filters: Filters, *, before: int) -> list[FoundRow]:
    """Matches of the kinds that tell most which are older than those looked at already."""
    kinds = TELLING if filters.kinds is None else filters.kinds & TELLING
    if not kinds:
        return []
    return _newest(query, replace(filters, kinds=kinds), MOST_TELLING, before=before)


def _scores(rows: Sequence[FoundRow], query: Query, filters: Filters, now: datetime) -> list[float]:
    """How well each row fits: by where the words stand, if in a row, how short the text is, and how new."""
    near = _in_a_row(rows, query, filters)
    today = int(now.timestamp() * 1000) // QUARTER_MS
    aged = {
        quarter: _AGING_QUARTERS / (_AGING_QUARTERS + max(0, today - quarter)) if quarter else _OF_UNKNOWN_AGE
        for quarter in {quarter_of_item(found[0]) for found in rows}
    }
    return [
        _WEIGHTS[kind] * _BREVITY[chars // _STEP_CHARS] * aged[quarter_of_item(key)] * (1 + (key in near))
        for key, kind, _, _, chars in rows
    ]


def _in_a_row(rows: Sequence[FoundRow], query: Query, filters: Filters) -> set[int]:
    """Those of the newest rows in which all words of the query stand in a row."""
    row = query.in_a_row
    if row is None or not rows:
        return set()
    oldest = rows[:MOST_MATCHES][-1][0]
    found = _newest(Query((row,), query.unwanted), filters, MOST_MATCHES, since=oldest)
    return {key for key, *_ in found}


def _newest(
    query: Query, filters: Filters, limit: int, *, before: int | None = None, since: int | None = None
) -> list[FoundRow]:
    high = None if filters.end is None else first_of_quarter(_quarter(filters.end, up=True))
    low = None if filters.start is None else first_of_quarter(_quarter(filters.start, up=False))
    members = None if filters.projects is None else _marks_of(filters.projects)
    return newest(
        query,
        filters.marks if members is None else [*filters.marks, members],
        limit=limit,
        low=low if since is None else since,
        high=high if before is None else before,
        projects=filters.projects if members is None else None,
    )


def _marks_of(projects: frozenset[int]) -> list[str] | None:
    """Marks of all sessions and plans of projects that have few sessions; None for those that have many.

    A small part of everything is found by its marks much faster than by looking at every match for its project.
    """
    sessions = AgentSession.objects.filter(project__in=projects).values_list("id", flat=True)
    keys = list(sessions[: FEW_SESSIONS + 1])
    if len(keys) > FEW_SESSIONS:
        return None
    return [*map(project_mark, sorted(projects)), *map(session_mark, keys)]


def _quarter(moment: datetime, *, up: bool) -> int:
    at_ms = round(moment.timestamp() * 1000)
    return -(-at_ms // QUARTER_MS) if up else at_ms // QUARTER_MS


ROLES: dict[str, frozenset[int]] = {
    "user": frozenset((_Kind.PROMPT,)),
    "assistant": frozenset((_Kind.ANSWER, _Kind.THINKING, _Kind.TOOL_INPUT)),
    "tool": frozenset((_Kind.TOOL_RESULT,)),
    "system": frozenset((_Kind.NOTE,)),
}


def kinds_named(names: Sequence[str]) -> frozenset[int]:
    """Kinds by the names that the API and pages give them."""
    return frozenset(int(_Kind.__members__[name.upper()]) for name in names)
