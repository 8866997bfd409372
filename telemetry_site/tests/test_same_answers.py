"""SQLite and PostgreSQL answer alike: the same two hundred requests after reading the same files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

FEWEST = 200


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of an empty database of its own, beside the one of the suite."""
    server = os.environ["TEST_DATABASE_URL"]
    name = f"same_answers_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def answers(folder: Path, database: str | None) -> dict[str, Any]:
    environ = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    environ |= {"DJANGO_SETTINGS_MODULE": "telemetry_site.tests.settings"}
    environ |= {"TEST_DATABASE_URL": database} if database else {}
    command = [sys.executable, "-m", "telemetry_site.tests.same_answers", str(folder)]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.one_database("postgresql")
@pytest.mark.database_of_processes
def test_both_databases_give_the_same_json(postgres: str, tmp_path: Path) -> None:
    on_sqlite, on_postgres = answers(tmp_path, None), answers(tmp_path, postgres)
    assert len(on_sqlite) >= FEWEST
    assert [address for address, (status, _) in on_sqlite.items() if status >= 500] == []
    assert on_postgres.keys() == on_sqlite.keys()
    different = [address for address in on_sqlite if on_sqlite[address] != on_postgres[address]]
    assert different == [], json.dumps([on_sqlite[different[0]], on_postgres[different[0]]])[:3000]
