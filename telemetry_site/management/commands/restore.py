"""`manage.py restore FILE`: go back to a copy of the database."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from telemetry_site.audit.recording import note_command
from telemetry_site.backups.disk import CannotCopy
from telemetry_site.backups.inspection import Contents, Unusable
from telemetry_site.backups.restoring import Restored, checked, refuse_if_held, restore
from telemetry_site.checks import TAG

SHOWN = 10


class Command(BaseCommand):
    help = (
        "Put a copy made by `manage.py backup` in the place of the database. The copy is checked first, the present "
        "database is kept beside it under a name with the date. Refuses while a sync or a server uses the database."
    )
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the copy")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, file: Path, yes: bool, **options: Any) -> None:
        database = _database_file(file)
        connection.close()
        try:
            contents = checked(file)
            refuse_if_held(database, timezone.now())
            if not yes:
                self._ask(file, contents, database)
            done = restore(file, database, timezone.now())
        except (CannotCopy, Unusable) as error:
            raise CommandError(str(error)) from error
        if contents.missing:
            call_command("migrate", interactive=False, verbosity=0, no_backup=True)
        note_command("restore", f"from {file.name}")
        self._tell(contents, done)

    def _ask(self, file: Path, contents: Contents, database: Path) -> None:
        self.stdout.write(f"{file} holds {_described(contents)}. It takes the place of {database}.")
        if not sys.stdin.isatty():
            raise CommandError("Nobody can be asked here; --yes restores without asking.")
        if input("Restore it? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was restored.")

    def _tell(self, contents: Contents, done: Restored) -> None:
        self.stdout.write(f"Restored {_described(contents)}.")
        if contents.missing:
            self.stdout.write(
                f"The copy was of an older version: {len(contents.missing)} migrations brought it up."
            )
        if done.aside:
            self.stdout.write(
                f"The database from before is {done.aside}; delete it when you do not need it any more."
            )
        self.stdout.write(
            "`manage.py sync` reads again what transcripts on this machine gained since. What was changed here since "
            "(links, alerts, views) is as it was then, and API tokens that were revoked since are valid again."
        )
        if done.only_aside is None:
            self.stdout.write(
                "Whether anything is only in the database from before cannot be told: it is damaged."
            )
        elif done.only_aside:
            self.stdout.write(
                f"{len(done.only_aside)} transcripts are gone from this machine and were read further in the database "
                "from before, so that a part of them is only there:"
            )
            for path in done.only_aside[:SHOWN]:
                self.stdout.write(f"  {path}")


def _database_file(file: Path) -> Path:
    if connection.vendor != "sqlite":
        raise CommandError(
            "PostgreSQL is restored by its own program, with servers and watchers stopped: "
            f"pg_restore --clean --if-exists --no-owner --single-transaction --dbname=... {file}"
        )
    return Path(settings.DATABASES["default"]["NAME"])


def _described(contents: Contents) -> str:
    until = f", read until {contents.read_until:%Y-%m-%d %H:%M} UTC" if contents.read_until else ""
    return f"{contents.sessions:,} sessions from {contents.files:,} files{until}"
