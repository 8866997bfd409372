"""What a SQLite file is: whether it is a database of this program, whole, and of which version.

Files are opened for reading alone and so that nothing appears beside them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

HEADER = b"SQLite format 3\x00"
# The app whose tables make a database one of this program's.
OURS = "agent_sessions"
PROBLEMS_SHOWN = 5
# What SQLite's driver raises: where names of tables are damaged, SQLite's message is itself no text.
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)

type Migration = tuple[str, str]  # app label, name


class Unusable(Exception):
    """A sentence that says why a file cannot be restored."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database file holds. `missing` migrations would be applied to it; None: it was never read into."""

    sessions: int
    files: int
    read_until: datetime | None
    missing: tuple[Migration, ...]


def integrity_problems(database: sqlite3.Connection, *, full: bool = True) -> list[str]:
    """What SQLite finds wrong, [] when nothing. Without `full` indexes are not held against their tables."""
    check = "integrity_check" if full else "quick_check"
    try:
        found = [row[0] for row in database.execute(f"PRAGMA {check}({PROBLEMS_SHOWN})")]
    except UNREADABLE as error:
        return [str(error)]
    return [] if found == ["ok"] else [line for text in found for line in text.splitlines()]


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as it stands, which must not be in use."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        yield database


def inspect(path: Path) -> Contents:
    """Raises Unusable for a file that is no whole database of this program, or of a later version of it."""
    _require_database(path)
    try:
        with opened(path) as database:
            if problems := integrity_problems(database):
                raise Unusable(f"{path} is damaged: {problems[0]}.")
            applied = _applied(database)
            if not any(app == OURS for app, _ in applied):
                raise Unusable(f"{path} is a database, but not one of Agent Ledger.")
            _refuse_newer(path, applied)
            return _contents(database, applied)
    except UNREADABLE as error:
        raise Unusable(f"{path} cannot be read: {error}.") from error


def begins_as_database(path: Path) -> bool:
    """Whether SQLite may be let at the file. From beside one without its header it deletes the log."""
    with path.open("rb") as stream:
        return stream.read(len(HEADER)) == HEADER


def _require_database(path: Path) -> None:
    try:
        is_one = begins_as_database(path)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None
    if not is_one:
        raise Unusable(f"{path} is not a SQLite database.")
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise Unusable(
            f"{path} is no copy but a database in use: {log.name} beside it holds a part. `manage.py backup` makes one."
        )


def _applied(database: sqlite3.Connection) -> set[Migration]:
    [[there]] = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'django_migrations'")
    return set(database.execute("SELECT app, name FROM django_migrations")) if there else set()


def _known() -> set[Migration]:
    return set(MigrationLoader(None).disk_migrations)


def _refuse_newer(path: Path, applied: set[Migration]) -> None:
    labels = {config.label for config in apps.get_app_configs()}
    if newer := sorted((app, name) for app, name in applied - _known() if app in labels):
        app, name = newer[-1]
        raise Unusable(
            f"{path} is from a later version of Agent Ledger, which has {app}.{name}: update the program first."
        )


def _contents(database: sqlite3.Connection, applied: set[Migration]) -> Contents:
    [[sessions]] = database.execute("SELECT count(*) FROM agent_sessions_agentsession")
    [[files, until]] = database.execute("SELECT count(*), max(last_read_at) FROM agent_sessions_sourcefile")
    read_until = datetime.fromisoformat(f"{until}+00:00") if until else None
    return Contents(sessions, files, read_until, tuple(sorted(_known() - applied)))
