"""Dropping the text of what ended long ago: what it would free, and doing it while nobody reads or writes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from analytics.periods import months_before
from sessions.leases import Lease
from sessions.models import SourceFile
from sessions.processes import this_process
from sessions.pruning.candidates import Candidate, Prunable, prunable
from sessions.pruning.dropping import drop_text, is_on_disk
from sessions.search.filling import empty_index
from telemetry_site.backups.disk import require_space
from telemetry_site.pipeline import fill_search

type Report = Callable[[int, int], None]


@dataclass(slots=True)
class Pruned:
    """What was dropped; `changed` are files that turned out not to hold what was read of them, and were kept."""

    families: int = 0
    files: int = 0
    freed_bytes: int = 0
    changed: list[str] = field(default_factory=list)


def moment_months_before(now: datetime, months: int) -> datetime:
    """The same day and time so many months ago, or the last day of a month that has no such day."""
    return datetime.combine(months_before(now.date(), months), now.timetz())


def prune(
    before: datetime, names: Collection[str], *, report: Report = lambda _done, _total: None
) -> tuple[Prunable, Pruned]:
    """Drop the text of everything that ended before a moment, the search index's part of it included.

    A run that is killed is gone on with by the next; what can be found is filled in by the next sync at the latest.
    Raises ValueError for a name that is nothing's, LeaseTaken when another run is writing.
    """
    done = Pruned()
    with Lease("sync", this_process(), timezone.now()):
        found = prunable(before, names)
        if found.taken:
            # Words of lines that are gone must not lead to them, and SQLite's index cannot forget single words.
            empty_index()
        for number, candidate in enumerate(found.taken, 1):
            _prune_family(candidate, names, done)
            report(number, len(found.taken))
            Lease.renew("sync", this_process(), timezone.now())
        fill_search()
    return found, done


def _prune_family(candidate: Candidate, names: Collection[str], done: Pruned) -> None:
    """Together or not at all: looked at byte for byte before the first is dropped."""
    if not _is_named(candidate, names):
        changed = [source for source in candidate.sources if not is_on_disk(source)]
        if changed:
            done.changed += [source.relative_path for source in changed]
            return
    now = timezone.now()
    done.files += sum(bool(drop_text(source, now)) for source in candidate.sources)
    done.families += 1
    done.freed_bytes += candidate.stored_bytes


def _is_named(candidate: Candidate, names: Collection[str]) -> bool:
    return bool(candidate.gone) and candidate.is_named(names)


def compact() -> int:
    """Give SQLite's free pages back to the disk; returns by how many bytes the file shrank. Raises CannotCopy.

    Writes the whole database anew, which needs its size twice for a while, and nobody can write meanwhile.
    """
    path = Path(settings.DATABASES["default"]["NAME"])
    before = path.stat().st_size
    require_space(path.parent, 2 * before, "Compacting")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before - path.stat().st_size


def kept_files(found: Prunable) -> list[SourceFile]:
    """The files because of which something is kept."""
    return [source for candidate in found.kept for source in candidate.gone]
