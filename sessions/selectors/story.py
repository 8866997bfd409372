"""A session's dates and milestones, as derived from its transcript and kept with it."""

from dataclasses import dataclass
from datetime import datetime

from sessions.models import AgentSession

_NAMES = {
    "createdAt": "Created",
    "startedAt": "Started",
    "lastActivityAt": "Last activity",
    "updatedAt": "Updated",
    "endedAt": "Ended",
    "completedAt": "Completed",
}


@dataclass(frozen=True, slots=True)
class ToldDate:
    """A date of a session: how sure it is and why."""

    name: str
    label: str
    at: datetime
    confidence: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something worth a place in a session's history."""

    at: datetime
    kind: str
    label: str
    description: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Impact:
    """What a session had changed by a moment: running totals of lines and files."""

    at: datetime
    kind: str
    label: str
    added: int
    removed: int
    files: int


def told_dates(session: AgentSession) -> list[ToldDate]:
    """The session's dates, in the order they are usually read."""
    known = ((name, session.dates[name]) for name in _NAMES if name in session.dates)
    return [
        ToldDate(
            name,
            _NAMES[name],
            datetime.fromisoformat(told["value"]),
            told["confidence"],
            told["source"],
            told["reason"],
        )
        for name, told in known
    ]


def told_timeline(session: AgentSession) -> list[Milestone]:
    """The session's milestones in order of time."""
    return [
        Milestone(
            datetime.fromisoformat(told["timestamp"]),
            told["kind"],
            told["label"],
            told["description"],
            told["confidence"],
        )
        for told in session.timeline
    ]


def told_impact(session: AgentSession) -> list[Impact]:
    """The session's changes and commits in order of time."""
    return [
        Impact(
            at=datetime.fromisoformat(told["timestamp"]),
            kind=told["type"],
            label=told["label"],
            added=told["locAdded"],
            removed=told["locRemoved"],
            files=told["fileCount"],
        )
        for told in session.impact_history
    ]
