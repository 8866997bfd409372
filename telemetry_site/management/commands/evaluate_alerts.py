"""`manage.py evaluate_alerts`: what follows for alerts from the time that passed, once."""

import json
import sys
from typing import Any

from django.core.management.base import CommandParser

from telemetry_site.alert_loop import tick
from telemetry_site.commands import SentenceCommand


class Command(SentenceCommand):
    help = "Evaluate the alert rules for which data or time went on. `watch` and `up` do this every minute."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="end with the report as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        report = tick()
        for sentence in report.problems:
            self.stderr.write(sentence)
        told = f"Evaluated {report.evaluated:,} rules; {report.fired:,} alerts began."
        self.stdout.write(json.dumps(report.as_json()) if options["json"] else told)
        if report.problems:
            sys.exit(1)
