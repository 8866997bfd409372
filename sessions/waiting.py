"""What stands on disk and was not read yet, found by looking at folders alone."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sessions.models import SourceFile
from sessions.parsers.discovery import TRANSCRIPT, FoundFile, Root
from sessions.planning import ReadingPlan, plan_reading

# Claude Code deletes transcripts that nobody wrote to for so long, unless its settings say another number of days.
USUALLY_KEPT = timedelta(days=30)
# A file that goes within this time is at risk.
NOTICE = timedelta(days=3)
MOST_SETTINGS_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long the transcript that waits longest has waited, and how many are deleted soon without being read."""

    longest: timedelta
    at_risk: int


def waiting(roots: list[Root], now: datetime, clear_at: datetime | None) -> Waiting | None:
    """What waits to be read; None where there is no folder to look into.

    `clear_at` is when it was last seen that nothing waits: whatever waits now has come since.
    """
    there = [root for root in roots if root.exists]
    if not there:
        return None
    plan = plan_reading(there, now)
    since = [_waits_since(source, found, clear_at) for source, found in unread(plan)]
    return Waiting(max([now - min(since), timedelta()]) if since else timedelta(), at_risk(plan, now))


def unread(plan: ReadingPlan) -> list[tuple[SourceFile | None, FoundFile]]:
    """The transcripts of a plan that hold what was not read yet."""
    return [(source, found) for source, found in plan.changed if found.kind == TRANSCRIPT]


def at_risk(plan: ReadingPlan, now: datetime) -> int:
    """How many of them are deleted soon."""
    kept = {root.path: kept_for(Path(root.path)) for root in plan.roots}
    return sum(now - _written_at(found) >= kept[found.root] - NOTICE for _, found in unread(plan))


def _waits_since(source: SourceFile | None, found: FoundFile, clear_at: datetime | None) -> datetime:
    """Since when at most: the last moment at which it is known to have been read, else when it was last written."""
    read_at = source.last_read_at if source and not source.error else None
    known = [at for at in (clear_at, read_at) if at is not None]
    return max(known, default=_written_at(found))


def _written_at(found: FoundFile) -> datetime:
    return datetime.fromtimestamp(found.mtime_ns / 1e9, UTC)


def kept_for(projects: Path) -> timedelta:
    """How long the agent keeps the transcripts of a `projects` folder."""
    days = _setting([projects.parent / "settings.json", projects.parent / "settings.local.json"])
    return timedelta(days=days) if days else USUALLY_KEPT


def _setting(files: Iterable[Path]) -> int | None:
    """`cleanupPeriodDays` of the last file that has one."""
    found = None
    for file in files:
        try:
            with file.open("rb") as stream:
                told = json.loads(stream.read(MOST_SETTINGS_BYTES))
        except (OSError, ValueError, RecursionError):
            continue
        days = told.get("cleanupPeriodDays") if isinstance(told, dict) else None
        if isinstance(days, int) and not isinstance(days, bool) and 0 < days < 100_000:
            found = days
    return found
