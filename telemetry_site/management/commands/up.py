"""`manage.py up`: the whole program on one machine."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from telemetry_site.checks import TAG
from telemetry_site.launch import Launch, launch
from telemetry_site.server import DEFAULT_PORT, CannotServe


class Command(BaseCommand):
    help = "Serve the pages, read the transcripts and keep watching them, until Ctrl-C."
    # The others load every page, as the server does meanwhile, and cannot depend on the machine.
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, help=f"default: {DEFAULT_PORT}, or the next free one")
        parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
        parser.add_argument("--no-sync", action="store_true", help="only serve what was read before")
        parser.add_argument("--no-watch", action="store_true", help="read once, then only serve")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = Launch(
            host=options["host"],
            port=options["port"],
            mode=settings.TELEMETRY_MODE,
            browser=not options["no_browser"],
            sync=not options["no_sync"],
            watch=not options["no_watch"],
        )
        try:
            status = launch(asked, environ=os.environ, say=self.say)
        except CannotServe as error:
            raise CommandError(str(error)) from None
        sys.exit(status)

    def say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
