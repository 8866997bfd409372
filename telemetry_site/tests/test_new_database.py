"""The tables of a new database are those that its migrations come to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from telemetry_site.tests.loops import ROOT, told_by
from telemetry_site.tests.schemas import parts


@pytest.mark.database_of_processes
def test_tables_made_at_once_are_those_of_the_migrations() -> None:
    told, status = told_by("schemas")
    assert (told["only at once"], told["only in turn"], status) == ([], [], 0)
    assert told["both"] > 1_000


def test_a_statement_is_compared_by_its_parts() -> None:
    assert parts("CREATE TABLE a (b int, CHECK (b IN (1, 2)), c text)") == [
        *("CREATE TABLE a", "b int", "CHECK (b IN (1, 2))", "c text", "")
    ]


@pytest.mark.one_database("sqlite")
def test_only_a_database_without_tables_is_made_at_once(tmp_path: Path) -> None:
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "TELEMETRY_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "",
    }

    def migrate(*words: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", *words]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return str(done.stdout)

    assert "Applying contenttypes.0001_initial" in migrate("contenttypes", "0001")
    assert "Applying contenttypes.0002" in migrate("contenttypes")
    (tmp_path / "agent-ledger.sqlite3").unlink()
    assert "Made the tables of a new database" in migrate()
    assert "No migrations to apply" in migrate()
