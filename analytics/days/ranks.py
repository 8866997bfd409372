"""Values at a rank of many that lie in ascending runs, without putting all of them in order."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
from math import ceil, isqrt

from sessions.selectors.tools import nearest_rank

# Fewer values than this are put in order as fast as any of them is found.
FEW = 4_000
# Every so many-th value stands for those around it.
STEP = 16


def nearest_ranks(runs: Sequence["array[int]"], shares: Sequence[float]) -> list[int | None]:
    """For each share the least of all values that it does not exceed; None of nothing. Each run is ascending."""
    values = array("q")
    for run in runs:
        values.extend(run)
    if len(values) < FEW:
        ascending = sorted(values)
        return [nearest_rank(ascending, share) for share in shares]
    sample = sorted(values[::STEP])
    return [_at(runs, max(0, ceil(len(values) * share) - 1), sample) for share in shares]


def _at(runs: Sequence["array[int]"], rank: int, sample: Sequence[int]) -> int:
    """The value with so many before it: only those between two of the sample are put in order, if it is there."""
    slack = 2 * isqrt(len(sample))
    near = rank // STEP
    least, most = sample[max(near - slack, 0)], sample[min(near + slack, len(sample) - 1)]
    starts = [bisect_left(run, least) for run in runs]
    before = rank - sum(starts)
    between = sorted(
        chain.from_iterable(run[at : bisect_right(run, most)] for run, at in zip(runs, starts, strict=True))
    )
    return between[before] if 0 <= before < len(between) else sorted(chain.from_iterable(runs))[rank]
