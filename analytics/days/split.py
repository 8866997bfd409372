"""Buckets whose edges lie inside days of UTC, as local midnights do: whole days, less a part that is a neighbour's.

Of a day with one edge the smaller part is read from quarters and taken from the day: of a year in New York a sixth of
the quarters, in Kolkata a quarter.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from analytics.days.querysets import COST, QUARTERS, UNPRICED

Sums = tuple[Any, ...]
Groups = dict[str, dict[int, Sums]]  # by name and index of a bucket


@dataclass(frozen=True, slots=True)
class Split:
    """Where days are cut: `part` are the quarters of a day before (or, not `is_before`, from) any of its edges."""

    edges: Sequence[int]
    part: range
    is_before: bool

    @classmethod
    def of(cls, edges: Sequence[int]) -> "Split | None":
        """None where a day has several edges, or some lie early and others late."""
        inside = [edge for edge in edges if edge % QUARTERS]
        offsets = [edge % QUARTERS for edge in inside]
        if not offsets or len({edge // QUARTERS for edge in inside}) < len(inside):
            return None
        if max(offsets) <= QUARTERS // 2:
            return cls(edges, range(max(offsets)), True)
        if min(offsets) >= QUARTERS // 2:
            return cls(edges, range(min(offsets), QUARTERS), False)
        return None

    def home(self, quarter: int) -> int:
        """The bucket that a day is counted in, given by any of its quarters, before its part is taken out."""
        first = quarter - quarter % QUARTERS
        return bisect_right(self.edges, first + QUARTERS - 1 if self.is_before else first) - 1


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns that can be taken from each other, `count` first, which is 0 where there is nothing left.

    What is unknown cannot be told from a difference, so that costs come with how many responses have none.
    """

    names: tuple[str, ...]
    wanted: tuple[int, ...]
    cost: int | None

    @classmethod
    def of(cls, count: str, wanted: Sequence[str]) -> "Columns":
        names = tuple(dict.fromkeys((count, *((UNPRICED,) if COST in wanted else ()), *wanted)))
        return cls(names, tuple(map(names.index, wanted)), names.index(COST) if COST in wanted else None)

    def known(self, groups: Groups) -> Groups:
        """What was wanted, where anything is left."""
        return {name: told for name, held in groups.items() if (told := dict(self._known(held)))}

    def _known(self, held: dict[int, Sums]) -> Iterator[tuple[int, Sums]]:
        wanted = itemgetter(*self.wanted) if len(self.wanted) > 1 else lambda sums: (sums[self.wanted[0]],)
        for index, sums in held.items():
            if sums[0]:
                yield index, wanted(sums if self.cost is None else self._with_cost(sums, self.cost))

    def _with_cost(self, sums: Sums, at: int) -> Sums:
        if sums[0] == sums[self.names.index(UNPRICED)]:
            return (*sums[:at], None, *sums[at + 1 :])
        return sums


def in_buckets(
    split: Split,
    days: Iterable[Any],
    parts: Iterable[Any],
    index: Callable[[int], int],
    name: Callable[[Any], str],
) -> Groups:
    """Of days (first quarter, name, sums...) and of parts (first quarter of the day, place, row, sums...)."""
    found: Groups = defaultdict(dict)
    home = cache(split.home)
    for quarter, row, *sums in days:
        add_to(found[row], home(quarter), sums)
    for quarter, place, row, *sums in parts:
        bucket = index(place)
        if bucket != home(quarter):
            held = found[name(row)]
            add_to(held, bucket, sums)
            add_to(held, home(quarter), [-value if value else 0 for value in sums])
    return found


def add_to(held: dict[int, Sums], index: int, sums: Iterable[Any]) -> None:
    """Add to what a bucket holds; what is unknown adds nothing."""
    before = held.get(index)
    if before is None:
        held[index] = tuple(sums)
    else:
        held[index] = tuple([(a or 0) + (b or 0) for a, b in zip(before, sums, strict=True)])
