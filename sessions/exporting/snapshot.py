"""One state of the database for many questions, while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """Answer every question inside from the state at the first one. Nothing may be written inside.

    Readers keep no writer waiting: on SQLite this is a deferred transaction on the write-ahead log, on PostgreSQL
    a repeatable read. Inside a transaction that already runs, that one's rules hold.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with _deferred():
            yield


@contextmanager
def _deferred() -> Iterator[None]:
    """Django's own transactions on SQLite begin as writers, which would wait for a sync and keep the next waiting."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
