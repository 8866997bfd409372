"""Days cut by edges inside them say what their quarters say, wherever in the day they lie."""

from collections import defaultdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.days.querysets import COST, QUARTERS, UNPRICED
from analytics.days.split import Columns, Groups, Split, in_buckets

FIRST_DAY = 20_500
COLUMNS = Columns.of("responses", ("tokens", COST))
# Quarter, model, tokens and cost of a row; a cost of None is a response without a price.
rows = st.lists(
    st.tuples(
        st.integers(FIRST_DAY * QUARTERS, (FIRST_DAY + 9) * QUARTERS - 1),
        st.sampled_from("ab"),
        st.integers(0, 9),
        st.none() | st.integers(0, 9),
    ),
    max_size=30,
)
offsets = st.lists(st.integers(1, 48), min_size=8, max_size=8) | st.lists(
    st.integers(48, 95), min_size=8, max_size=8
)


def edges_at(offsets: list[int]) -> list[int]:
    """One edge in each day but the first and the last, and the ends of both."""
    inner = [(FIRST_DAY + 1 + day) * QUARTERS + offset for day, offset in enumerate(offsets[:7])]
    return [FIRST_DAY * QUARTERS, *inner, (FIRST_DAY + 9) * QUARTERS]


def summed(held: list[tuple[int, str, int, int | None]], key: Any) -> dict[Any, tuple[Any, ...]]:
    """{key: (responses, those without a price, tokens, cost)}."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in held:
        found[key(row)].append(row)
    told = {}
    for name, mine in found.items():
        costs = [row[3] for row in mine if row[3] is not None]
        tokens = sum(row[2] for row in mine)
        told[name] = (len(mine), len(mine) - len(costs), tokens, sum(costs) if costs else None)
    return told


@given(held=rows, offsets=offsets)
def test_what_is_moved_between_days_leaves_what_the_rows_say(
    held: list[tuple[int, str, int, int | None]], offsets: list[int]
) -> None:
    edges = edges_at(offsets)
    split = Split.of(edges)
    assert split is not None
    assert COLUMNS.names == ("responses", UNPRICED, "tokens", COST)

    def bucket(quarter: int) -> int:
        return max(at for at, edge in enumerate(edges) if edge <= quarter)

    days = summed(held, lambda row: (row[0] - row[0] % QUARTERS, row[1]))
    inside = [row for row in held if row[0] % QUARTERS in split.part]
    parts = summed(inside, lambda row: (row[0] - row[0] % QUARTERS, bucket(row[0]), row[1]))
    found = in_buckets(
        split,
        [(*day, *sums) for day, sums in days.items()],
        [(*part, *sums) for part, sums in parts.items()],
        lambda place: place,
        str,
    )
    wanted: Groups = defaultdict(dict)
    for (name, at), (_, _, tokens, cost) in summed(held, lambda row: (row[1], bucket(row[0]))).items():
        wanted[name][at] = (tokens, cost)
    assert COLUMNS.known(found) == wanted


def test_days_with_two_edges_or_early_and_late_ones_are_not_split() -> None:
    day = FIRST_DAY * QUARTERS
    assert Split.of([day, day + QUARTERS]) is None  # no edge lies inside
    assert Split.of([day + 8, day + 16, day + QUARTERS]) is None
    assert Split.of([day + 8, day + QUARTERS + 90]) is None
