"""Keys that may be stored are looked up; those that certainly are not cost nothing."""

from hypothesis import given
from hypothesis import strategies as st

from sessions.facts.stored_keys import StoredKeys

keys = st.lists(st.integers(0, (1 << 63) - 1), unique=True, max_size=20)


@given(keys, keys)
def test_no_stored_key_is_ever_taken_for_new(stored: list[int], asked: list[int]) -> None:
    known = StoredKeys(was_empty=True)
    assert known.perhaps(asked) == []
    known.add(stored)
    assert known.perhaps(stored) == stored
    assert set(stored) & set(asked) <= set(known.perhaps(asked))


def test_a_database_that_held_facts_may_hold_any_key() -> None:
    assert StoredKeys(was_empty=False).perhaps([3, 1, 2]) == [3, 1, 2]
