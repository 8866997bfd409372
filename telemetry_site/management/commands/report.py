"""`manage.py report`: the numbers of a period in a terminal."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from analytics.reporting import BY, as_csv, as_json, as_table, report_asked
from telemetry_site.commands import SentenceCommand

SHAPES = {"json": as_json, "csv": as_csv, "table": as_table}


class Command(SentenceCommand):
    help = "What was used and what it cost, as a table with a total; the numbers are those of the pages."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", choices=BY, default="day", help="what a row is (default: %(default)s)")
        parser.add_argument("--since", metavar="DATE", help="first day, or an ISO moment")
        parser.add_argument("--until", metavar="DATE", help="last day, included, or an ISO moment")
        parser.add_argument("--project", metavar="NAME", help="only this project: its name, slug or id")
        parser.add_argument("--tz", metavar="ZONE", help="IANA name of the zone whose midnights cut days")
        parser.set_defaults(shape="table")
        shape = parser.add_mutually_exclusive_group()
        for name, told in (("json", "{items, total} with the API's names"), ("csv", "for spreadsheets")):
            shape.add_argument(f"--{name}", action="store_const", dest="shape", const=name, help=told)

    def handle(self, *args: Any, by: str, shape: str, **options: Any) -> None:
        zone = ZoneInfo(settings.TELEMETRY_TIME_ZONE)
        asked = {name: options[name] for name in ("since", "until", "project", "tz")}
        try:
            answer = report_asked(by, now=timezone.now(), default_zone=zone, **asked)
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(SHAPES[shape](answer))
