"""`manage.py sync`: read what is new in the transcripts, once."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from telemetry_site import pipeline
from telemetry_site.commands import SentenceCommand
from telemetry_site.launch import stopping_signals
from telemetry_site.reading_loop import ProgressLine, summary

STOPPED = 130


class Command(SentenceCommand):
    help = (
        "Read what is new in the transcripts. Exit code 0 when all was read, 1 when something needs you, "
        "130 when it was stopped; what was read by then is saved."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--claude",
            action="append",
            metavar="DIR",
            help="a config folder of Claude Code or its projects folder, instead of the usual ones; repeatable",
        )
        parser.add_argument("--json", action="store_true", help="end with the report as one line of JSON")
        for name in ("--plans", "--project"):
            parser.add_argument(name, action="append", help="refused: plans are not read yet")

    def handle(self, *args: Any, claude: list[str] | None, json: bool, **options: Any) -> None:
        if options["plans"] or options["project"]:
            raise CommandError("Plans are not read yet: --plans and --project have no meaning.", returncode=2)
        if missing := [folder for folder in claude or () if not Path(folder).expanduser().is_dir()]:
            raise CommandError(f"There is no folder {missing[0]}; --claude names one that exists.")
        report = self._read(claude)
        self.stdout.write(as_line(report) if json else summary(report))
        for problem in report.problems:
            self.stderr.write(problem)
        nothing_there = not any(place["exists"] for place in report.looked_in)
        if nothing_there:
            self.stderr.write("None of the usual folders exists; --claude DIR names another.")
        if report.stopped or report.problems or nothing_there:
            sys.exit(STOPPED if report.stopped else 1)

    def _read(self, folders: list[str] | None) -> pipeline.SyncReport:
        line = ProgressLine(sys.stderr)
        with stopping_signals() as stopping:
            report = pipeline.sync(folders, report=line, stop=stopping.is_set)
        line.clear()
        return report


def as_line(report: pipeline.SyncReport) -> str:
    return json.dumps(report.as_json(), ensure_ascii=True)
