"""`manage.py reprice`: price again what was read, after prices changed."""

from typing import Any

from django.core.management.base import CommandParser

from telemetry_site.audit.recording import note_command
from telemetry_site.commands import SentenceCommand
from telemetry_site.repricing import as_table, reprice_all, total_of


class Command(SentenceCommand):
    help = "Price every stored response by the price book as it is now. No transcript is read."

    def add_arguments(self, parser: CommandParser) -> None:
        told = "only say what would change, per UTC month; nothing is written"
        parser.add_argument("--dry-run", action="store_true", help=told)

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        months = reprice_all(dry_run=dry_run)
        changed = total_of(months).changed
        if not changed:
            self.stdout.write("Every stored cost is what the price book says; nothing changes.")
            return
        self.stdout.write(as_table(months))
        if not dry_run:
            note_command("reprice", f"{changed:,} responses")
        would = "would be" if dry_run else "were"
        self.stdout.write(f"{changed:,} responses {would} priced differently.")
