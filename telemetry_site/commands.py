"""What the commands share: failures as sentences and exit codes, never tracebacks."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, IntegrityError, connection

from sessions.leases import LeaseTaken
from sessions.models import Project, SyncRun
from sessions.prices_in_use import price_book
from telemetry_site.checks import TAG
from telemetry_site.database_trouble import sentence_of
from telemetry_site.upgrading import CannotUpgrade, refuse_newer


class SentenceCommand(BaseCommand):
    """A command that ends with 1 and a sentence when the database, another run or the price file stands in its way.

    A database without tables is a first use: it gets them. One of an older version is left to `migrate`.
    """

    # Only our own checks: Django's would import every view and the API for a command that serves no page.
    requires_system_checks = (TAG,)

    def execute(self, *args: Any, **options: Any) -> str | None:
        refuse_bad_prices()
        try:
            refuse_newer()
            if SyncRun._meta.db_table not in connection.introspection.table_names():
                call_command("migrate", interactive=False, verbosity=0)
            return super().execute(*args, **options)
        except (CannotUpgrade, LeaseTaken) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(unusable(error)) from error


def unusable(error: DatabaseError) -> str:
    """Why a command cannot use the database, and what helps."""
    reason = str(error).strip().partition("\n")[0]
    if isinstance(error, IntegrityError):
        return f"Another run wrote the same at the same time, and nothing was written twice ({reason}). Run it again."
    what = sentence_of(error) or "`manage.py migrate` prepares it."
    return f"The database cannot be used: {reason}. {what}"


def project_named(name: str) -> Project:
    """The project of a slug or id, or CommandError."""
    found: Project | None = Project.objects.named(name).first()
    if found is None:
        raise CommandError(f"There is no project {name!r}; projects are named by slug or id.")
    return found


def refuse_bad_prices() -> None:
    """CommandError with the sentence of a price file that cannot be used, before anything is read by it."""
    try:
        price_book()
    except ValueError as error:
        raise CommandError(str(error)) from error
