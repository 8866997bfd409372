"""How long loops of tests are: short in every run, as long as asked for by `bin/test --long`."""

import os

from django.db import connection


def times(short: int, *, long: int, postgres: int | None = None) -> int:
    """So many rounds, kills, examples, seeds or seconds.

    On PostgreSQL `postgres` where it is given: small questions take several times as long there, and what code makes of
    a history has been tried in full on SQLite.
    """
    if os.environ.get("TEST_LONG"):
        return long
    return short if postgres is None or connection.vendor == "sqlite" else postgres
