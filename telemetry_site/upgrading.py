"""What stands before the migrations of a database with data: nothing newer, room enough, and a copy.

Each migration is a transaction of its own with its mark, on both databases: one that was killed is not there, and the
next run goes on with it. Data is derived anew by the next sync, which goes on likewise.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sessions.models import SourceFile

Say = Callable[[str], None]

KEPT_COPIES = 7
# Migrations that change a table write it anew, beside the copy that is made first.
ROOM = 2.2


class CannotUpgrade(Exception):
    """A sentence that says why the database is left as it is."""


def refuse_newer() -> None:
    """Raises CannotUpgrade for a database that a later version of the program has changed.

    Goes by the names of files, without loading any migration: it is asked before every command.
    """
    known = {(label, name) for label, folder in _folders().items() for name in _names_in(folder)}
    newer = sorted((app, name) for app, name in _applied() if app in _folders() and (app, name) not in known)
    if newer:
        app, name = newer[-1]
        raise CannotUpgrade(
            f"The database is of a later version of Agent Ledger, which has {app}.{name}: update the program, or go "
            "back to a copy from before by `manage.py restore`. Nothing was changed."
        )


def _folders() -> dict[str, Path]:
    """{label: folder of migrations} of the project's own apps."""
    ours = (config for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR)
    return {config.label: Path(config.path) / "migrations" for config in ours}


def _names_in(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("[0-9]*.py")]


def _applied() -> list[tuple[str, str]]:
    if "django_migrations" not in connection.introspection.table_names():
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return list(cursor.fetchall())


def is_behind() -> bool:
    """Whether migrations wait to be applied."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def make_safe(now: datetime, say: Say) -> None:
    """Before migrations change a database that was read into: look for room and make a copy.

    Raises CannotUpgrade where SQLite's file cannot be copied. Of PostgreSQL a copy is made where its own `pg_dump` is
    to be had and can; where not, its owner is told and the upgrade goes on: a server's database has its own copies.
    """
    if SourceFile._meta.db_table not in connection.introspection.table_names() or not _was_read_into():
        return
    if connection.vendor == "sqlite":
        _require_copy(now, say)
    else:
        _try_copy(now, say)


def _require_copy(now: datetime, say: Say) -> None:
    # Here and not above: every start loads this module, and hardly one makes a copy.
    from telemetry_site.backups.disk import CannotCopy, require_space

    database = Path(settings.DATABASES["default"]["NAME"])
    needed = round(database.stat().st_size * (1 + ROOM))
    try:
        require_space(database.parent, needed, "Bringing the database up to this version")
        _copy(now, say)
    except CannotCopy as error:
        raise CannotUpgrade(f"{error} The database is as it was; make room and start again.") from error


def _try_copy(now: datetime, say: Say) -> None:
    from telemetry_site.backups.disk import CannotCopy

    try:
        _copy(now, say)
    except CannotCopy as error:
        say(f"The database is brought up to this version without a copy from before. {error}")


def _copy(now: datetime, say: Say) -> None:
    from telemetry_site.backups.copying import back_up, usual_folder
    from telemetry_site.backups.disk import size_text

    made = back_up(usual_folder(), now, keep=KEPT_COPIES)
    say(f"Before the upgrade, the database was copied to {made.path} ({size_text(made.size)}).")


def _was_read_into() -> bool:
    """By its table alone: the columns that the model names may not be there yet."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {SourceFile._meta.db_table} LIMIT 1")  # noqa: S608  (the name is the model's)
        return cursor.fetchone() is not None
