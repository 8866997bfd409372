"""A session's dates, timeline and impact history, told from its records alone. Pure: plain values in and out."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

MAX_TIMELINE = 100
MAX_IMPACT = 200
_TOLD = {
    "compaction": "Conversation compacted",
    "interrupt": "Interrupted by the user",
    "api_error": "The model's service answered with an error",
    "fallback": "Answered by another model",
    "pr": "Pull request",
}


class Moment(NamedTuple):
    """Something dated that happened in a session."""

    at_ms: int
    kind: str
    text: str


class Change(NamedTuple):
    """A file change that a tool call made."""

    at_ms: int
    path: str
    action: str
    lines_added: int | None
    lines_removed: int | None
    commits: str


def iso(at_ms: int) -> str:
    """An instant as ISO 8601 in UTC with milliseconds and Z."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dates_of(first_ms: int | None, last_ms: int | None, ending: str, is_open: bool) -> dict[str, Any]:
    """{name: {value, confidence, source, reason}} as the seed's sessions persist them."""
    if first_ms is None or last_ms is None:
        return {}
    found = {
        "startedAt": _date(first_ms, "first record with a time"),
        "lastActivityAt": _date(last_ms, "last record with a time"),
        "createdAt": _date(first_ms, "first record with a time"),
        "updatedAt": _date(last_ms, "last record with a time"),
    }
    reason = f"last record; the session is {ending}"
    ended = _date(last_ms, reason)
    if is_open:
        ended = _date(last_ms, "last record so far; nothing in it says that the session ended", "medium")
    return found | {"endedAt": ended, "completedAt": ended}


def _date(at_ms: int, reason: str, confidence: str = "high") -> dict[str, str]:
    return {"value": iso(at_ms), "confidence": confidence, "source": "transcript", "reason": reason}


def timeline_of(
    first_ms: int | None, last_ms: int | None, ending: str, moments: Iterable[Moment]
) -> list[dict[str, str]]:
    """What a reader would call the session's milestones, in order of time."""
    if first_ms is None or last_ms is None:
        return []
    told = [_milestone(first_ms, "session-started", "Session started", "")]
    ordered = sorted(moments)
    told += [_milestone(m.at_ms, m.kind, _TOLD[m.kind], m.text) for m in ordered if m.kind in _TOLD]
    told = told[: MAX_TIMELINE - 1]
    return [*told, _milestone(last_ms, f"session-{ending}", f"Session {ending}", "")]


def _milestone(at_ms: int, kind: str, label: str, description: str) -> dict[str, str]:
    when = iso(at_ms)
    return {
        "id": f"{kind}-{when}",
        "timestamp": when,
        "label": label,
        "kind": kind,
        "confidence": "high",
        "source": "transcript",
        "description": description,
    }


def impact_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Running totals of lines and files changed, one point per change (the last MAX_IMPACT of them)."""
    points: list[dict[str, Any]] = []
    added = removed = 0
    paths: set[str] = set()
    for change in sorted(changes, key=lambda c: (c.at_ms, c.path, c.action)):
        if change.action in ("create", "update", "delete"):
            added += change.lines_added or 0
            removed += change.lines_removed or 0
            paths.add(change.path)
            points.append(
                _point(change.at_ms, f"{change.action} {change.path}", "file", added, removed, len(paths))
            )
        for commit in change.commits.split():
            points.append(_point(change.at_ms, f"commit {commit}", "commit", added, removed, len(paths)))
    return points[-MAX_IMPACT:]


def _point(at_ms: int, label: str, kind: str, added: int, removed: int, files: int) -> dict[str, Any]:
    return {
        "timestamp": iso(at_ms),
        "label": label[:300],
        "type": kind,
        "locAdded": added,
        "locRemoved": removed,
        "fileCount": files,
    }
