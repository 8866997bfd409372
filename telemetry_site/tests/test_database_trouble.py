"""What the database refuses to do: a sentence that helps, nothing half-done, and it goes on afterwards."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, connections
from django.test import Client
from django.urls import reverse

from sessions.models import TranscriptEntry
from sessions.tests import samples as s
from telemetry_site import pipeline
from telemetry_site.backups.inspection import integrity_problems
from telemetry_site.database_trouble import sentence_of
from telemetry_site.reading_loop import attempt
from telemetry_site.verification import verify

ROOT = Path(__file__).resolve().parents[2]
TROUBLE = [
    ("database or disk is full", "Make room"),
    ('could not extend file "base/1": No space left on device', "Make room"),
    ("database disk image is malformed", "manage.py restore FILE"),
    ("Could not decode to UTF-8 column 'name' with text 'a\ufffd'", "manage.py restore FILE"),
    ("file is not a database", "manage.py restore FILE"),
    ("attempt to write a readonly database", "cannot be written to"),
    ("database is locked", "Try again in a moment"),
    ("no such table: agent_sessions_agentsession", "manage.py migrate"),
    ("unable to open database file", "cannot be opened"),
    ("connection to server at 127.0.0.1 failed: Connection refused", "does not answer"),
]


@pytest.mark.parametrize(("said", "helps"), TROUBLE)
def test_every_trouble_has_its_sentence(said: str, helps: str) -> None:
    assert helps in str(sentence_of(OperationalError(said)))


def test_a_mistake_of_ours_is_no_trouble_of_the_databases() -> None:
    assert sentence_of(ValueError("database is locked")) is None
    assert sentence_of(DatabaseError("syntax error at or near FROM")) is None
    assert sentence_of(None) is None


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question to the database fails as on a damaged file."""

    def refuse(*_: object, **__: object) -> Any:
        raise OperationalError("database disk image is malformed")

    monkeypatch.setattr(type(connections["default"]), "cursor", refuse)


@pytest.mark.parametrize("name", ["dashboard", "session-list", "data-quality"])
def test_pages_say_it_without_asking_the_database(broken: None, name: str) -> None:
    answer = Client(raise_request_exception=False, headers={"host": "localhost"}).get(reverse(name))
    assert answer.status_code == 503
    assert "The database file is damaged" in answer.text and "Traceback" not in answer.text


def test_the_api_says_it_in_its_own_shape(broken: None) -> None:
    answer = Client(raise_request_exception=False, headers={"host": "localhost"}).get("/api/sessions")
    assert (answer.status_code, answer.json()["errors"]) == (503, {})
    assert "manage.py restore FILE" in answer.json()["detail"]


@pytest.mark.parametrize(
    "command", ["sync", "verify", "rebuild", "demo", "migrate", "backup", "prune", "search"]
)
def test_every_command_ends_with_a_sentence(broken: None, command: str) -> None:
    words = [command, "pump"] if command == "search" else [command]
    with pytest.raises(CommandError, match=r"database disk image is malformed.*manage.py restore FILE"):
        call_command(*words)


@pytest.fixture
def transcripts(tmp_path: Path) -> Path:
    for name in "abcdef":
        records = [s.prompt(f"{name}p{n}", n, name, text=os.urandom(20_000).hex()) for n in range(20)]
        s.write(tmp_path, {s.main_path(name): s.lines([*records, s.reply(f"{name}r", 50, name)])})
    return tmp_path


def set_pages(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count={count}")


def pages() -> int:
    """How many pages the database has, none of them free."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        return int(cursor.execute("PRAGMA page_count").fetchone()[0])


@pytest.mark.one_database("sqlite")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("more", [1, 30, 100, 200])
def test_a_disk_that_fills_up_while_reading(transcripts: Path, more: int) -> None:
    said: list[str] = []
    set_pages(pages() + more)
    try:
        assert attempt(lambda: pipeline.sync([transcripts]), said.append) is None
    finally:
        set_pages(1 << 30)
    assert "database or disk is full" in said[0] and "Make room" in said[0]
    assert integrity_problems(connection.connection) == []
    assert pipeline.sync([transcripts]).problems == []
    assert (TranscriptEntry.objects.count(), verify()) == (126, [])


@pytest.mark.django_db
def test_commands_say_it(monkeypatch: pytest.MonkeyPatch, transcripts: Path) -> None:
    def full(*_: object, **__: object) -> Any:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr("telemetry_site.pipeline.read_changed", full)
    with pytest.raises(CommandError, match=r"database or disk is full.*Make room"):
        call_command("sync", "--claude", str(transcripts))


def manage(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "TELEMETRY_DATA_DIR": str(data),
        "DATABASE_URL": "",
    }
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True)


@pytest.mark.one_database("sqlite")
def test_a_damaged_file_and_a_folder_that_is_none(tmp_path: Path) -> None:
    """As a person meets them, at the start of a command."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "agent-ledger.sqlite3").write_bytes(b"flipped bits" * 9999)
    done = manage(data, "sync")
    assert done.returncode == 1
    assert "file is not a database" in done.stderr and "manage.py restore FILE" in done.stderr
    (tmp_path / "file").write_text("")
    nowhere = manage(tmp_path / "file" / "data", "sync")
    assert nowhere.returncode == 1
    assert nowhere.stderr.startswith("agent-ledger: ") and "TELEMETRY_DATA_DIR" in nowhere.stderr
    assert "Traceback" not in done.stderr + nowhere.stderr
