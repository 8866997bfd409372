"""`manage.py doctor`: what is wrong, and how to mend it."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from telemetry_site.doctor.examination import examine
from telemetry_site.doctor.findings import Severity


class Command(BaseCommand):
    help = (
        "Look at settings, disk, database, reading and figures, and say what is wrong and how to mend it, the worst "
        "first. Changes nothing. Whether every figure is what its lines come to is asked by `manage.py verify`."
    )
    # What the checks would refuse to start with is what this is asked about.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="hold every index of the database against its table"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--exit-code", action="store_true", help="end with 1 when there is an error, 3 for warnings alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine(timezone.now(), full=options["full"])
        if options["json"]:
            self.stdout.write(json.dumps([finding.as_json() for finding in found]))
        else:
            for finding in found:
                self.stdout.write(str(finding))
            if not any(finding.severity != Severity.NOTE for finding in found):
                self.stdout.write("Nothing is wrong.")
        severities = {finding.severity for finding in found}
        if options["exit_code"] and Severity.ERROR in severities:
            sys.exit(1)
        if options["exit_code"] and Severity.WARNING in severities:
            sys.exit(3)
