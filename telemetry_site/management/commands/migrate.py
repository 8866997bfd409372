"""`manage.py migrate`: Django's, after a copy was made of a database with data; never on one that is newer.

A database without any table gets them all at once.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from telemetry_site.commands import unusable
from telemetry_site.new_database import is_new, make_tables
from telemetry_site.upgrading import CannotUpgrade, is_behind, make_safe, refuse_newer
from telemetry_site.whole_migrations import MigrateCommand


class Command(MigrateCommand):
    """Only asks first: what is changed, and how, is Django's business."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--no-backup", action="store_true", help="make no copy of the database first")

    def handle(self, *args: Any, **options: Any) -> None:
        asks_only = options["plan"] or options["check_unapplied"]
        try:
            refuse_newer()
            if not (asks_only or options["no_backup"] or connection.in_atomic_block) and is_behind():
                make_safe(timezone.now(), self._say)
            if not asks_only and self._made_anew(options):
                return
        except CannotUpgrade as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(unusable(error)) from error
        super().handle(*args, **options)

    def _made_anew(self, options: dict[str, Any]) -> bool:
        """Make the tables where there are none and nothing but all of them is wanted."""
        database = connections[options["database"]]
        if any(options[name] for name in ("app_label", "fake", "fake_initial")) or not is_new(database):
            return False
        count = make_tables(database)
        if options["verbosity"] > 0:
            self._say(f"Made the tables of a new database, which {count} migrations come to.")
        return True

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
