"""The database as a thing on a disk: whether it answers, is whole, of this version, private, copied, and has room."""

import os
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from sessions.models import AgentSession
from telemetry_site.backups.copying import last_backup
from telemetry_site.backups.disk import free_bytes, size_text
from telemetry_site.backups.inspection import integrity_problems
from telemetry_site.checks import TAG
from telemetry_site.doctor.findings import Finding, error, note, number, warning

LOW_BYTES, VERY_LOW_BYTES = 1 << 30, 100 << 20
BACKUP_OLD_AFTER = timedelta(days=7)
RESTORE = "`manage.py restore FILE` goes back to a copy and keeps this database beside it."


def reachable() -> Iterator[Finding]:
    """One finding where the database does not answer at all: then nothing else about it can be asked."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as trouble:
        said = str(trouble).strip().partition("\n")[0]
        yield error("database", f"It cannot be used: {said}.", _mend_of(said))


def _mend_of(said: str) -> str:
    if connection.vendor == "sqlite" and ("malformed" in said or "not a database" in said):
        return RESTORE
    return "DATABASE_URL or TELEMETRY_DATA_DIR name another one; `docs/operations.md` says how."


def integrity(*, full: bool) -> Iterator[Finding]:
    """What SQLite finds in its own file. PostgreSQL looks after its pages itself (`pg_amcheck`)."""
    if connection.vendor != "sqlite":
        return
    connection.ensure_connection()
    raw: Any = connection.connection
    for problem in integrity_problems(raw, full=full):
        yield error("integrity", f"The database file is damaged: {problem}.", RESTORE)


def schema() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        told = f"{number(len(plan), 'migration')} not applied, from {plan[0][0]} on."
        yield error("schema", told, "`manage.py backup`, then `manage.py migrate`.")
    labels = {config.label for config in apps.get_app_configs()}
    known = set(executor.loader.disk_migrations)
    newer = sorted(
        each for each in executor.loader.applied_migrations if each[0] in labels and each not in known
    )
    if newer:
        told = f"The database is of a later version of the program, which has {newer[-1][0]}.{newer[-1][1]}."
        yield error("schema", told, "Update the program.")


def data_folder() -> Iterator[Finding]:
    folder = Path(settings.TELEMETRY_DATA_DIR)
    if not os.access(folder, os.W_OK):
        mend = f"Make it writable for this user, or name another in TELEMETRY_DATA_DIR: chmod u+rwx {folder}"
        yield error("data folder", f"{folder} cannot be written to, so nothing can be read in.", mend)
    if not stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return  # nobody else gets to what is in it
    for path in sorted(folder.glob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_file() and mode & 0o077:
            told = f"Others may open {path.name} (mode {mode:04o})."
            yield warning("data folder", told, f"chmod 600 {path}")


def disk_space() -> Iterator[Finding]:
    folder = Path(settings.TELEMETRY_DATA_DIR)
    free = free_bytes(folder)
    told = f"{size_text(free)} left on the disk of {folder}."
    if free < VERY_LOW_BYTES:
        yield error("disk", told, "Reading stops when it is full; make room.")
    elif free < LOW_BYTES:
        yield warning("disk", told, "Make room before it is full.")


def backups(now: datetime) -> Iterator[Finding]:
    last = last_backup()
    if last is None:
        if AgentSession.objects.filter(is_demo=False).exists():
            yield warning(
                "backup", "No copy of the database is known.", "`manage.py backup --to DIR` makes one."
            )
        return
    path, at = last
    if not path.exists():
        yield warning(
            "backup", f"The newest copy, {path}, is not there any more.", "`manage.py backup` makes one."
        )
    elif now - at > BACKUP_OLD_AFTER:
        yield warning(
            "backup", f"The newest copy, {path}, is {(now - at).days} days old.", "`manage.py backup`."
        )
    elif path.stat().st_dev == Path(settings.TELEMETRY_DATA_DIR).stat().st_dev:
        told = "The newest copy is on the disk of the database itself."
        yield note("backup", told, "`manage.py backup --to DIR` puts it on another.")


def weak_settings() -> Iterator[Finding]:
    """Settings that do not go together or give more away than they have to: what `manage.py check` says of them."""
    for message in run_checks(tags=[TAG]):
        make = error if message.is_serious() else warning
        yield make("settings", f"{message.msg} ({message.id})", str(message.hint or ""))
