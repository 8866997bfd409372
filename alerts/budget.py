"""How long one rule may take: what takes longer is stopped, so that it holds up no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time

from django.db import DatabaseError, OperationalError, connection

# Seconds of work, not on the clock: a busy machine is no fault of a rule. A rule that is new, or could not be
# evaluated before, goes through all there is.
SECONDS = 2.0
SECONDS_FOR_ALL = 20.0
# How often SQLite asks, in steps of its virtual machine.
STEPS = 100_000


class OverBudget(Exception):
    """A rule took too long. The message is a sentence."""


class Budget:
    """Time that is used up by working."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, thread_time() + seconds

    @property
    def is_used_up(self) -> bool:
        return thread_time() > self._end

    def check(self) -> None:
        """Raises OverBudget when it is used up."""
        if self.is_used_up:
            raise OverBudget(f"It took longer than {self._seconds:g} s.")


@contextmanager
def limited(seconds: float) -> Iterator[Budget]:
    """Stop what the block asks of the database, too, when the time is used up. Raises OverBudget."""
    budget = Budget(seconds)
    connection.ensure_connection()
    _limit_queries(budget, seconds)
    try:
        yield budget
    except OperationalError as error:
        if budget.is_used_up or "timeout" in str(error):
            raise OverBudget(f"It took longer than {seconds:g} s.") from error
        raise
    finally:
        _free_queries()


def _limit_queries(budget: Budget, seconds: float) -> None:
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(lambda: budget.is_used_up, STEPS)
    else:
        _set_timeout(f"{int(seconds * 1000)}ms")


def _free_queries() -> None:
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(None, 0)
        return
    try:
        _set_timeout("0")
    except DatabaseError:
        pass  # in a transaction that failed, whose end takes the limit back


def _set_timeout(length: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [length])
