"""`manage.py backup`: a checked copy of the database, while it is in use."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from telemetry_site.backups.copying import back_up, usual_folder
from telemetry_site.backups.disk import CannotCopy, size_text
from telemetry_site.commands import SentenceCommand


class Command(SentenceCommand):
    help = (
        "Copy the database while it is in use, check the copy and keep the newest few. The copy holds everything "
        "that was read, and is readable by you alone. Exit code 1 when no copy was made; older ones are then kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to",
            metavar="DIR",
            type=Path,
            help="the folder (default: backups in the data folder); best on another disk",
        )
        parser.add_argument(
            "--keep", metavar="N", type=int, default=7, help="copies to keep there (default: %(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, to: Path | None, keep: int, **options: Any) -> None:
        if keep < 1:
            raise CommandError("--keep is how many copies stay, and one is made: 1 or more.", returncode=2)
        folder = to.expanduser() if to else usual_folder()
        try:
            made = back_up(folder, timezone.now(), keep=keep)
        except CannotCopy as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            told = {
                "path": str(made.path),
                "bytes": made.size,
                "sha256": made.sha256,
                "removed": [str(path) for path in made.removed],
            }
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"Copied to {made.path} ({size_text(made.size)}), and checked.")
        for path in made.removed:
            self.stdout.write(f"Removed the older copy {path.name}.")
