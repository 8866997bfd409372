"""Telling the database which bucket a row of a quarter lies in, so that it adds up buckets and not quarters."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import batched, chain, pairwise
from typing import Any, NamedTuple

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.lookups import LessThan

# Buckets of more lengths in a row than this are told apart row by row.
MOST_RUNS = 60


class _Run(NamedTuple):
    """Adjoining buckets of one length: index and first quarter of the first, quarters of each, the end of all."""

    first: int
    start: int
    width: int
    stop: int


def placed(rows: Any, edges: Sequence[int], quarter: Any = None) -> tuple[Any, Callable[[int], int]]:
    """The rows with a `place` to be grouped by, and the index of the bucket that a place is in.

    `edges` are ascending quarters, bucket i being from edge i to before edge i + 1; all rows lie between the first
    and the last. `quarter` is the expression of a row's, by default its column of that name.
    """
    quarter = F("quarter") if quarter is None else quarter
    runs, index = places(edges)
    return rows.annotate(place=placed_by(runs, quarter)), index


def places(edges: Sequence[int]) -> tuple[tuple[int, ...] | None, Callable[[int], int]]:
    """What `placed_by` tells places from, and the index of the bucket that a place is in."""
    runs = _runs(edges)
    if 0 < len(runs) <= MOST_RUNS:
        return tuple(chain.from_iterable(runs)), _itself
    return None, lambda place: bisect_right(edges, place) - 1


def placed_by(runs: Sequence[Any] | None, quarter: Any) -> Any:
    """The place of a quarter as an expression; a prepared question has blanks for the numbers of `places`."""
    return (
        quarter if runs is None else _place([_Run(*run) for run in batched(runs, len(_Run._fields))], quarter)
    )


def _itself(place: int) -> int:
    return place


def _runs(edges: Sequence[int]) -> list[_Run]:
    runs: list[_Run] = []
    for index, (start, stop) in enumerate(pairwise(edges)):
        if start == stop:  # no quarter is of this bucket
            continue
        if runs and runs[-1].width == stop - start and runs[-1].stop == start:
            runs[-1] = runs[-1]._replace(stop=stop)
        else:
            runs.append(_Run(index, start, stop - start, stop))
    return runs


def _place(runs: Sequence[_Run], quarter: Any) -> Any:
    """Buckets of one length are one division."""
    parts = [(quarter - _number(run.start)) / _number(run.width) + _number(run.first) for run in runs]
    cases = [When(LessThan(quarter, run.stop), then=part) for run, part in zip(runs, parts, strict=True)]
    return Case(*cases[:-1], default=parts[-1], output_field=IntegerField())


def _number(value: Any) -> Any:
    return Value(value) if isinstance(value, int) else value
