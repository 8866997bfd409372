"""`manage.py export`: lists as CSV, NDJSON or JSON."""

from typing import Any

from django.core.management.base import CommandParser

from telemetry_site.commands import SentenceCommand
from telemetry_site.export_options import add_lists
from telemetry_site.export_run import export_rows


class Command(SentenceCommand):
    help = (
        "Every row behind the pages as a file. Money has all its places, instants are UTC, an unknown value is an "
        "empty cell or null. `manage.py export KIND --help` says what each kind takes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
        add_lists(kinds)

    def handle(self, *args: Any, kind: str, **options: Any) -> None:
        export_rows(kind, options, self.stdout, self.stderr)
