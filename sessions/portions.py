"""How much one transaction takes of work that is done in several, so that nobody who wants to write waits for long.

Large portions are fast, since what is the same for each is done once, and a first import has the database to itself.
As soon as somebody waits, they become as small as half a moment needs. On PostgreSQL nobody has to wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from django.db import connection, transaction

AWAITED_SECONDS = 0.15
LESS, MORE = 0.25, 2.0


class Portions:
    """How many things the next transaction takes: between `least` and `most`, at first `most` / 4."""

    def __init__(self, most: int, least: int = 1) -> None:
        self._most, self._least = most, least
        self.size = max(least, most // 4)

    def took(self, count: int, seconds: float, *, is_awaited: bool) -> None:
        """Learn from a transaction that took so many things so long."""
        change = MORE
        if is_awaited:
            change = min(MORE, max(LESS, AWAITED_SECONDS / max(seconds, 0.001)))
        # One that was not full does not say that more would do.
        if change < 1 or count >= self.size:
            self.size = min(self._most, max(self._least, int(self.size * change)))

    @contextmanager
    def transaction(self, count: int) -> Iterator[None]:
        """A transaction that takes so many things, to learn from."""
        with transaction.atomic():
            began = monotonic()
            yield
            is_awaited = somebody_waits()
        self.took(count, monotonic() - began, is_awaited=is_awaited)


def somebody_waits() -> bool:
    """Whether another connection waits for the transaction of this one to end."""
    # PostgreSQL's connections have no line.
    ask = getattr(connection, "is_awaited", None)
    return ask is not None and bool(ask())
