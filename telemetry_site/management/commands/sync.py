"""`manage.py sync`: read what is new in the transcripts and plans, once."""

import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from telemetry_site.commands import SentenceCommand
from telemetry_site.pipeline import add_plans
from telemetry_site.reading_loop import summary
from telemetry_site.reading_once import exit_status, missing_folders, needing_a_person, read


class Command(SentenceCommand):
    help = (
        "Read what is new in the transcripts and plans. Exit code 0 when all was read, 1 when something needs you, "
        "130 when it was stopped; what was read by then is saved."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        told = "a config folder of Claude Code or its projects folder, instead of the usual ones; repeatable"
        parser.add_argument("--claude", action="append", metavar="DIR", help=told)
        parser.add_argument("--json", action="store_true", help="end with the report as one line of JSON")
        plans = "a folder of plans, kept as one from now on; repeatable"
        parser.add_argument("--plans", action="append", metavar="DIR", help=plans)
        owner = (
            "the project of these plans, made when there is none; default: the one whose folder holds them"
        )
        parser.add_argument("--project", metavar="NAME", help=owner)

    def handle(self, *args: Any, claude: list[str] | None, **options: Any) -> None:
        plans: list[str] = options["plans"] or []
        if options["project"] and not plans:
            raise CommandError(
                "--project says whose plans --plans names; it has no meaning alone.", returncode=2
            )
        for option, folders in (("--claude", claude), ("--plans", plans)):
            if missing := missing_folders(folders):
                raise CommandError(f"There is no folder {missing[0]}; {option} names one that exists.")
        add_plans(plans, options["project"] or "")
        report = read(claude)
        for sentence in needing_a_person(report):
            self.stderr.write(sentence)
        self.stdout.write(json.dumps(report.as_json()) if options["json"] else summary(report))
        if status := exit_status(report):
            sys.exit(status)
