"""The doctor names what is wrong, and says of a healthy installation that nothing is."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import override_settings
from django.utils import timezone

from sessions.models import AgentSession, DirtyQuarter, SearchFill, SourceFile, SyncLease, SyncRun
from sessions.processes import this_process
from sessions.tests import samples as s
from sessions.tests.test_processes import ended_process
from telemetry_site.backups.inspection import integrity_problems
from telemetry_site.doctor import reading, storage
from telemetry_site.doctor.examination import examine
from telemetry_site.doctor.findings import Finding, Severity
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def claude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """An installation where all is well: one session, which was read, and a copy of today."""
    settings.TELEMETRY_DATA_DIR = tmp_path / "data"
    (tmp_path / "data").mkdir(mode=0o700)
    told = {"path": str(tmp_path / "claude"), "at": timezone.now().isoformat()}
    (tmp_path / "data" / "last-backup.json").write_text(json.dumps(told))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    s.write(tmp_path / "claude", {s.main_path("a"): s.lines([s.prompt("ap", 0, "a"), s.reply("ar", 5, "a")])})
    sync([tmp_path / "claude"])
    return tmp_path / "claude"


def found(now: datetime | None = None) -> list[Finding]:
    """What the doctor says that asks for something to be done."""
    return [each for each in examine(now or timezone.now()) if each.severity != Severity.NOTE]


def doctor(*options: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def test_of_a_healthy_installation_it_says_so(claude: Path) -> None:
    out, status = doctor("--full", "--exit-code")
    assert (out.splitlines()[-1], status) == ("Nothing is wrong.", 0)
    assert {each["severity"] for each in json.loads(doctor("--json")[0])} <= {"note"}


def _failed() -> None:
    SyncRun.objects.update(state=SyncRun.State.FAILED, report={"error": "database or disk is full"})


def _killed() -> None:
    SyncRun.objects.update(state=SyncRun.State.RUNNING, heartbeat_at=timezone.now() - HOUR)


def _price_gone() -> None:
    line = s.reply("zr", 5, "z", model="acme-coder-1")
    folder = Path(os.environ["CLAUDE_CONFIG_DIR"])
    s.write(folder, {s.main_path("z"): s.lines([line])})
    sync([folder])


def _unread() -> None:
    path = Path(os.environ["CLAUDE_CONFIG_DIR"]) / "projects" / s.main_path("old")
    path.write_bytes(s.line(s.reply("or", 5, "old")))
    before = (timezone.now() - timedelta(days=29)).timestamp()
    os.utime(path, (before, before))


def _bad_lines() -> None:
    (Path(os.environ["CLAUDE_CONFIG_DIR"]) / "projects" / s.main_path("a")).open("ab").write(b"}{\n")
    sync([Path(os.environ["CLAUDE_CONFIG_DIR"])])


def _pipe() -> None:
    os.mkfifo(Path(os.environ["CLAUDE_CONFIG_DIR"]) / "projects" / "pipe.jsonl")


@pytest.mark.parametrize(
    ("harm", "severity", "said"),
    [
        (_failed, "error", "The last run failed: database or disk is full. `manage.py sync`"),
        (_killed, "warning", "ended without a word. What it read is whole"),
        (lambda: AgentSession.objects.update(stale=True), "warning", "1 session waiting for its columns"),
        (lambda: DirtyQuarter.objects.create(quarter=1), "warning", "1 quarter hour waiting for its rollups"),
        (lambda: SourceFile.objects.update(error="Permission denied"), "warning", "could not be read; "),
        (_pipe, "warning", "pipe.jsonl was left out: not a regular file"),
        (_bad_lines, "warning", "1 line of 3 could not be understood; they are kept"),
        (_unread, "warning", "1 transcript not read yet will be deleted by the agent within three days"),
        (_price_gone, "warning", "No price is known for 1 model, whose costs are unknown: "),
        (lambda: SearchFill.objects.create(step="entries", after=0, until=1), "warning", "fills the index"),
        (
            lambda: AgentSession.objects.update(ended_at=timezone.now() + timedelta(days=2)),
            "warning",
            "1 session with times that are yet to come",
        ),
        (lambda: SyncRun.objects.update(started_at=timezone.now() + HOUR), "warning", "the clock went back"),
    ],
)
def test_what_is_wrong_is_named(claude: Path, harm: Callable[[], object], severity: str, said: str) -> None:
    harm()
    told = [str(each) for each in found()]
    assert len(told) == 1, told
    assert told[0].startswith(severity) and said in told[0]


def test_a_lease_of_a_dead_process_is_told(claude: Path) -> None:
    until = timezone.now() + timedelta(seconds=40)
    SyncLease.objects.create(name="sync", owner=ended_process(), expires_at=until)
    [told] = reading.lease(timezone.now())
    assert "ended without giving it back" in told.sentence
    SyncLease.objects.update(owner=this_process())
    assert not list(reading.lease(timezone.now()))


def test_nothing_read_for_a_week_is_told(claude: Path) -> None:
    assert "Nothing was read for 8 days" in " ".join(map(str, found(timezone.now() + timedelta(days=8))))


def test_copies_that_are_old_gone_or_were_never_made(claude: Path, tmp_path: Path) -> None:
    now, memory = timezone.now(), tmp_path / "data" / "last-backup.json"
    assert "8 days old" in next(storage.backups(now + timedelta(days=8))).sentence
    memory.write_text(json.dumps({"path": str(tmp_path / "gone"), "at": now.isoformat()}))
    assert "is not there any more" in next(storage.backups(now)).sentence
    memory.write_text("half of a")
    assert "No copy of the database is known" in next(storage.backups(now)).sentence


@pytest.mark.parametrize(("free", "severity"), [(50_000_000, "error"), (500_000_000, "warning")])
def test_a_disk_that_fills_up(
    claude: Path, monkeypatch: pytest.MonkeyPatch, free: int, severity: str
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, free))
    assert [each.severity for each in storage.disk_space()] == [severity]


def test_a_folder_that_others_may_enter_and_settings_that_are_weak(claude: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "copy").write_text("")
    (tmp_path / "data" / "copy").chmod(0o644)
    assert list(storage.data_folder()) == []
    (tmp_path / "data").chmod(0o755)
    with override_settings(TELEMETRY_ALLOWED_HOSTS=["ledger.example"]):
        told = " ".join(map(str, found()))
    assert "Others may open copy" in told
    assert "telemetry.W001" in told and "telemetry.W002" in told


def test_a_read_only_data_folder(claude: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    [told] = storage.data_folder()
    assert (told.severity, "cannot be written to" in told.sentence) == ("error", True)


def test_the_worst_comes_first_and_is_an_exit_code(claude: Path) -> None:
    AgentSession.objects.update(stale=True)
    assert doctor("--exit-code")[1] == 3
    _failed()
    out, status = doctor("--exit-code")
    assert (status, out.split()[0]) == (1, "error")
    assert doctor()[1] == 0


def test_one_look_that_fails_stops_no_other(claude: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: datetime) -> list[Finding]:
        raise DatabaseError("database disk image is malformed")

    monkeypatch.setattr(reading, "runs", broken)
    AgentSession.objects.update(stale=True)
    assert [each.about for each in found()] == ["reading", "left to do"]


def run_doctor(data: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", "doctor", "--exit-code"],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
            "TELEMETRY_DATA_DIR": str(data),
            "DATABASE_URL": "",
        }
        | environ,
        capture_output=True,
        text=True,
    )


@pytest.mark.one_database("sqlite")
def test_a_damaged_and_an_empty_database(tmp_path: Path) -> None:
    """As a person meets them: a line that says what helps, and no traceback."""
    empty = run_doctor(tmp_path / "empty")
    assert (empty.returncode, empty.stderr) == (1, "")
    assert "not applied" in empty.stdout and "manage.py migrate" in empty.stdout
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "agent-ledger.sqlite3").write_bytes(b"flipped bits" * 9999)
    damaged = run_doctor(tmp_path / "data")
    assert (damaged.returncode, damaged.stderr) == (1, "")
    assert "file is not a database" in damaged.stdout and "manage.py restore FILE" in damaged.stdout


def test_a_database_of_a_later_version(claude: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('agent_sessions', '9999_later', %s)",
            [datetime(2031, 1, 1, tzinfo=UTC)],
        )
    assert [each.mend for each in storage.schema()] == ["Update the program."]


@pytest.mark.one_database("sqlite")
def test_an_index_that_differs_from_its_table(tmp_path: Path) -> None:
    """Only a full look holds indexes against their tables."""
    with sqlite3.connect(tmp_path / "any.sqlite3") as database:
        database.execute("CREATE TABLE t (a)")
        database.execute("CREATE INDEX i ON t (a)")
        database.executemany("INSERT INTO t VALUES (?)", [[n] for n in range(50)])
        database.execute("PRAGMA writable_schema=ON")
        database.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX i ON t (a + 1)' WHERE name = 'i'")
    database.close()
    with sqlite3.connect(tmp_path / "any.sqlite3") as database:
        assert integrity_problems(database, full=True)
    database.close()
