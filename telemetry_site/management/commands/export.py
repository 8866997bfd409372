"""`manage.py export`: lists as CSV, NDJSON or JSON, sessions as HTML or Markdown."""

from typing import Any

from django.core.management.base import CommandParser

from telemetry_site.commands import SentenceCommand
from telemetry_site.export_options import add_lists, add_session
from telemetry_site.export_run import export_rows, export_session


class Command(SentenceCommand):
    help = (
        "Every row behind the pages as a file, or one session as a document. Money has all its places, instants "
        "are UTC, an unknown value is an empty cell or null. `manage.py export KIND --help` says what each takes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
        add_lists(kinds)
        add_session(kinds)

    def handle(self, *args: Any, kind: str, **options: Any) -> None:
        if kind == "session":
            export_session(options, self.stdout)
        else:
            export_rows(kind, options, self.stdout, self.stderr)
