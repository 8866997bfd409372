"""What came to a session since somebody looked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sessions.models import AgentSession, ToolCallCopy, TranscriptEntry
from sessions.querysets import ACTIVE_FOR
from sessions.scope import Projects, in_projects
from sessions.selectors.transcript import entries_at
from sessions.selectors.transcript_items import TranscriptItem

# How long ago the last record was, and how often it is worth asking then, in seconds.
PACES = ((ACTIVE_FOR, 1), (timedelta(hours=1), 5), (timedelta(days=1), 30))
MOST_ANSWERED = 40


@dataclass(frozen=True, slots=True)
class Watched:
    """What a question about news needs to know of a session; `every_seconds` is None where nothing more is expected."""

    key: int
    every_seconds: int | None
    has_news: bool


def watched(public_id: str, *, after_seq: int, now: datetime, projects: Projects = None) -> Watched | None:
    """Whether a session has lines behind a seq, in two narrow queries; None without such a session."""
    mine = AgentSession.objects.filter(in_projects(projects), public_id=public_id)
    found = mine.values_list("id", "ended_at").first()
    if found is None:
        return None
    key, ended_at = found
    newer = TranscriptEntry.objects.filter(session_id=key, seq__gt=after_seq)
    return Watched(key, pace(ended_at, now=now), newer.exists())


def pace(ended_at: datetime | None, *, now: datetime) -> int | None:
    """Every how many seconds news may be expected of a session whose last record is from then; None: not any more."""
    if ended_at is None:
        return None
    return next((seconds for age, seconds in PACES if ended_at > now - age), None)


def answered_meanwhile(
    session: AgentSession,
    news: Iterable[TranscriptItem],
    *,
    after_seq: int,
    last_seq: int,
    block_chars: int,
    projects: Projects = None,
) -> list[TranscriptItem]:
    """Calls up to a line that are answered by the lines behind it, as they are shown now."""
    lines = TranscriptEntry.objects.filter(session=session, seq__gt=after_seq, seq__lte=last_seq)
    told: Any = ToolCallCopy.objects.filter(session=session, result_entry_id__in=lines.values("id"))
    uses = set(told.exclude(use_entry_id=None).values_list("use_entry_id", flat=True))
    shown = {item.seq for item in news}
    asked = TranscriptEntry.objects.filter(id__in=uses, seq__lte=after_seq).order_by("-seq")
    seqs = [seq for seq in asked.values_list("seq", flat=True)[:MOST_ANSWERED] if seq not in shown]
    found = entries_at(session, seqs, block_chars=block_chars, projects=projects)
    return [item for item in found if item.call is not None]
