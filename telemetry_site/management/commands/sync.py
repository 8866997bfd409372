"""`manage.py sync`: read what is new in the transcripts, once."""

import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from telemetry_site.commands import SentenceCommand
from telemetry_site.reading_loop import summary
from telemetry_site.reading_once import exit_status, missing_folders, needing_a_person, read


class Command(SentenceCommand):
    help = (
        "Read what is new in the transcripts. Exit code 0 when all was read, 1 when something needs you, "
        "130 when it was stopped; what was read by then is saved."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        told = "a config folder of Claude Code or its projects folder, instead of the usual ones; repeatable"
        parser.add_argument("--claude", action="append", metavar="DIR", help=told)
        parser.add_argument("--json", action="store_true", help="end with the report as one line of JSON")
        for name in ("--plans", "--project"):
            parser.add_argument(name, action="append", help="refused: plans are not read yet")

    def handle(self, *args: Any, claude: list[str] | None, **options: Any) -> None:
        if options["plans"] or options["project"]:
            raise CommandError("Plans are not read yet: --plans and --project have no meaning.", returncode=2)
        if missing := missing_folders(claude):
            raise CommandError(f"There is no folder {missing[0]}; --claude names one that exists.")
        report = read(claude)
        for sentence in needing_a_person(report):
            self.stderr.write(sentence)
        self.stdout.write(json.dumps(report.as_json()) if options["json"] else summary(report))
        if status := exit_status(report):
            sys.exit(status)
