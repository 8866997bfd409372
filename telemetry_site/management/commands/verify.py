"""`manage.py verify`: does the database keep its promises?"""

from typing import Any

from django.core.management.base import CommandError

from telemetry_site.commands import SentenceCommand
from telemetry_site.verification import database_digest, verify


class Command(SentenceCommand):
    help = (
        "Check that every line is accounted for, that the archive holds what was read, that entries point at "
        "their lines and that the rollups are what the facts come to. Changes nothing. "
        "Exit code 1 when something is wrong."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        problems = verify()
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} checks failed; `manage.py rebuild` derives all facts again.")
        self.stdout.write(f"All is well. The facts' digest is {database_digest()}.")
