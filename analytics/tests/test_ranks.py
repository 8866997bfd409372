"""Ranks of many runs are those of all values in order, whether few or many, alike or far apart."""

from array import array
from itertools import chain
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.days import ranks
from analytics.days.ranks import nearest_ranks
from sessions.selectors.tools import nearest_rank

SHARES = (0.0, 0.01, 0.25, 0.5, 0.95, 1.0)
RUNS = st.lists(st.lists(st.integers(0, 40) | st.integers(0, 2**62)), max_size=30)


def runs_of(values: list[list[int]]) -> list["array[int]"]:
    return [array("q", sorted(each)) for each in values]


@given(values=RUNS, few=st.sampled_from([1, 4_000]), step=st.sampled_from([1, 3, 16]))
def test_every_rank_is_that_of_all_in_order(values: list[list[int]], few: int, step: int) -> None:
    ascending = sorted(chain.from_iterable(values))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranks, "FEW", few)
        patched.setattr(ranks, "STEP", step)
        found = nearest_ranks(runs_of(values), SHARES)
    assert found == [nearest_rank(ascending, share) for share in SHARES]


@pytest.mark.parametrize("shape", ["one long run", "many short runs", "rising", "all alike"])
def test_ranks_of_many(shape: str) -> None:
    """Also where runs follow each other in value, so that the sample says nothing of any one of them."""
    chance = Random(1)
    values = [int(chance.paretovariate(0.4) * 10) for _ in range(20_000)]
    runs = {
        "one long run": [values],
        "many short runs": [values[at : at + 7] for at in range(0, len(values), 7)],
        "rising": [sorted(values)[at : at + 500] for at in range(0, len(values), 500)],
        "all alike": [[5] * 20_000],
    }[shape]
    ascending = sorted(chain.from_iterable(runs))
    assert nearest_ranks(runs_of(runs), SHARES) == [nearest_rank(ascending, share) for share in SHARES]


def test_nothing_has_no_rank() -> None:
    assert nearest_ranks([], (0.5,)) == [None]
