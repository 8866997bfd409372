"""`manage.py prune`: drop the text of what ended long ago, keep every figure."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from sessions.pruning.candidates import Candidate, Prunable, prunable
from telemetry_site.audit.recording import note_command
from telemetry_site.backups.disk import CannotCopy, size_text
from telemetry_site.commands import SentenceCommand
from telemetry_site.pruning import Pruned, compact, moment_months_before, prune

SHOWN = 10


class Command(SentenceCommand):
    help = (
        "Drop the archived text of sessions that ended long ago. Sessions, responses, tool calls, tokens and cost "
        "stay as they are. Says what it would do; --apply does it. What is gone from the disk is kept unless named, "
        "since its text would be gone for good."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--months",
            type=int,
            default=settings.TELEMETRY_KEEP_TEXT_MONTHS,
            help="text of sessions that ended longer ago goes (default: TELEMETRY_KEEP_TEXT_MONTHS)",
        )
        parser.add_argument("--apply", action="store_true", help="do it; without this nothing is changed")
        parser.add_argument(
            "--gone",
            action="append",
            default=[],
            metavar="NAME",
            help="a session, file or folder whose text may go although no file has it any more; may be repeated, and "
            "names that begin with a dash are written --gone=-home-ada",
        )
        parser.add_argument(
            "--compact", action="store_true", help="give the room back to the disk afterwards (SQLite)"
        )

    def handle(self, *args: Any, months: int | None, apply: bool, gone: list[str], **options: Any) -> None:
        if months is None or months < 1:
            raise CommandError(
                "Say how many months of text stay: --months 12, or TELEMETRY_KEEP_TEXT_MONTHS.", returncode=2
            )
        before = moment_months_before(timezone.now(), months)
        try:
            if not apply:
                self._foretell(prunable(before, gone), f"{before:%Y-%m-%d}")
                return
            found, done = prune(before, gone, report=self._report)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        self._tell(found, done)
        if options["compact"]:
            self._compact()

    def _foretell(self, found: Prunable, day: str) -> None:
        self.stdout.write(f"Of what ended before {day}, {_described(found.taken)} would be pruned.")
        self._tell_kept(found)
        if found.taken:
            self.stdout.write(
                "Nothing was changed; --apply does it. Their files still hold the text, but agents delete files after "
                "some weeks: `manage.py backup` first makes a copy that keeps it."
            )

    def _tell(self, found: Prunable, done: Pruned) -> None:
        note_command("prune", f"the text of {done.files:,} files")
        self.stdout.write(f"Pruned {done.files:,} files and freed {size_text(done.freed_bytes)}.")
        for path in done.changed:
            self.stdout.write(f"Kept, since its file does not hold what was read of it: {path}")
        self._tell_kept(found)
        if connection.vendor == "sqlite" and done.files:
            self.stdout.write(
                "The database uses the room for what comes; --compact gives it back to the disk."
            )

    def _tell_kept(self, found: Prunable) -> None:
        if not found.kept:
            return
        self.stdout.write(
            f"{_described(found.kept)} stay, since their text stands nowhere else any more; --gone=NAME with a "
            "session, a file or a folder drops it for good:"
        )
        for candidate in found.kept[:SHOWN]:
            places = ", ".join(source.relative_path for source in candidate.gone[:3])
            self.stdout.write(
                f"  {candidate.ended_at:%Y-%m-%d}  {size_text(candidate.stored_bytes):>10}  {places}"
            )
        if len(found.kept) > SHOWN:
            self.stdout.write(f"  and {len(found.kept) - SHOWN:,} more")

    def _compact(self) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("PostgreSQL gives room back by itself, or at once by its own VACUUM FULL.")
        try:
            self.stdout.write(f"The database file is {size_text(compact())} smaller.")
        except CannotCopy as error:
            raise CommandError(str(error)) from error

    def _report(self, done: int, total: int) -> None:
        if done % 100 == 0:
            self.stdout.write(f"{done:,} of {total:,}")


def _described(candidates: Sequence[Candidate]) -> str:
    sessions = len({name for each in candidates for name in each.sessions})
    files = sum(len(each.sources) for each in candidates)
    return f"{sessions:,} sessions in {files:,} files ({size_text(sum(each.stored_bytes for each in candidates))})"
