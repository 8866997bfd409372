"""Which keys may already be stored, so that only those are looked up."""

from collections.abc import Iterable

_SLOTS = 1 << 24
_MASK = _SLOTS - 1


class StoredKeys:
    """Tells keys that are certainly not in the database from those that may be.

    In a database that held no facts when reading began, nothing can be stored but what this run has met. It
    remembers that in 16 MiB, however much it meets: keys are evenly spread, so that a slot which is taken by
    another key costs a lookup now and then and never a wrong answer. In a database that held facts every key may
    be stored. One writer at a time (the sync lease); should another have written after all, the rows taken for
    new collide and the batch fails whole.
    """

    def __init__(self, *, was_empty: bool) -> None:
        self._met = bytearray(_SLOTS) if was_empty else None

    def perhaps(self, keys: Iterable[int]) -> list[int]:
        """Those of the keys that may be stored."""
        met = self._met
        return list(keys) if met is None else [key for key in keys if met[key & _MASK]]

    def add(self, keys: Iterable[int]) -> None:
        """Note that these keys are stored now."""
        if (met := self._met) is not None:
            for key in keys:
                met[key & _MASK] = 1
