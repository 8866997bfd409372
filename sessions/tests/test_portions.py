"""Work done in several transactions: small ones where somebody waits, large ones where nobody does."""

from hypothesis import given
from hypothesis import strategies as st

from sessions.portions import AWAITED_SECONDS, Portions


def test_portions_shrink_to_what_a_moment_takes_while_somebody_waits() -> None:
    portions = Portions(most=200)
    for _ in range(10):  # 20 ms each
        portions.took(portions.size, portions.size * 0.02, is_awaited=True)
    assert portions.size * 0.02 <= AWAITED_SECONDS < (portions.size + 2) * 0.02


def test_portions_grow_back_when_nobody_waits() -> None:
    portions = Portions(most=200, least=3)
    for _ in range(10):
        portions.took(portions.size, 60, is_awaited=True)
    assert portions.size == 3
    for _ in range(10):
        portions.took(portions.size, 60, is_awaited=False)
    assert portions.size == 200


def test_what_was_no_full_portion_says_only_that_less_would_do() -> None:
    portions = Portions(most=200)
    portions.took(1, 0.001, is_awaited=False)
    portions.took(1, 0.001, is_awaited=True)
    assert portions.size == 50
    portions.took(0, 10, is_awaited=True)
    assert portions.size < 50


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 100), st.booleans())))
def test_portions_keep_their_bounds(seen: list[tuple[int, float, bool]]) -> None:
    portions = Portions(most=200, least=5)
    for count, seconds, is_awaited in seen:
        portions.took(count, seconds, is_awaited=is_awaited)
        assert 5 <= portions.size <= 200
