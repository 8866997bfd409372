"""`manage.py open`: an address that lets one browser in, where TELEMETRY_LOCAL_AUTH is `link`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from telemetry_site.access.local_key import new_link
from telemetry_site.checks import TAG
from telemetry_site.server import DEFAULT_PORT


class Command(BaseCommand):
    help = "Print an address that lets one browser in, once. Links that were printed before end."
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the server (%(default)s)")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if settings.IS_TEAM or settings.TELEMETRY_LOCAL_AUTH != "link":
            raise CommandError(
                "Only with TELEMETRY_LOCAL_AUTH=link, in local mode, is there anything to open."
            )
        self.stdout.write(f"http://127.0.0.1:{port}{new_link()}")
