"""Commits that need not wait for the disk, since what they hold could be had again."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def commits_unawaited() -> Iterator[None]:
    """Let PostgreSQL write the commits of this block to its disk soon, not at once, as SQLite does with ours.

    They stay whole and in their order, and the first commit behind the block waits for all of them. A server that
    loses power meanwhile forgets at most the last of them with the checkpoints in them, and the next sync reads
    those lines again. Killing our own process loses nothing.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('synchronous_commit')")
        before = cursor.fetchone()[0]
    _set(to="off")
    try:
        yield
    finally:
        _set(to=before)


def _set(*, to: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('synchronous_commit', %s, false)", [to])
