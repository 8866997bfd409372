"""`manage.py rebuild`: derive all facts again from the archive."""

from typing import Any

from telemetry_site.audit.recording import note_command
from telemetry_site.commands import SentenceCommand
from telemetry_site.pipeline import rebuild_all
from telemetry_site.verification import database_digest


class Command(SentenceCommand):
    help = (
        "Derive all facts again from the archived lines alone, for instance after an update of the parser. "
        "No transcript is opened. Pages stay usable; a run that is killed can simply be started again."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        before = database_digest()
        count = rebuild_all(report=self._report)
        after = database_digest()
        self.stdout.write(f"Derived the facts of {count} files again.")
        self.stdout.write(f"Digest before: {before}\nDigest after:  {after}")
        note_command("rebuild", f"the facts of {count} files")
        same = "The facts are the same as before." if before == after else "The facts have changed."
        self.stdout.write(same)

    def _report(self, done: int, total: int) -> None:
        self.stdout.write(f"{done} of {total} files")
