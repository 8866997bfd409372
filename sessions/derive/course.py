"""How a session went: its times and how it ended, told from its records in order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

COMPLETED, INTERRUPTED, FAILED = "completed", "interrupted", "failed"
# A pause longer than this is not work: a resumed session can span weeks (R30).
LONGEST_PAUSE_MS = 5 * 60_000
_CLOSING_SUBTYPES = frozenset(
    {"turn_duration", "stop_hook_summary", "compact_boundary", "microcompact_boundary", "informational"}
)


class Step(NamedTuple):
    """A stored line in its session's order."""

    seq: int
    kind: str
    subtype: str
    at_ms: int | None


@dataclass(slots=True)
class Course:
    """What the steps of one session come to."""

    entry_count: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    active_ms: int = 0
    last_talk: tuple[str, str] | None = None  # kind and subtype of the last message
    last_talk_seq: int = -1
    closed: bool = False  # the agent said that the turn is over after its last message


def course_of(steps: Iterable[Step], own_from_ms: int | None = None) -> Course:
    """Times are over all steps; active time only over those from `own_from_ms` on (a fork's own part)."""
    course = Course()
    times: list[int] = []
    for step in steps:
        course.entry_count += 1
        if step.at_ms is not None and step.kind != "file-history-snapshot":
            times.append(step.at_ms)
        if step.kind in ("user", "assistant") and step.subtype not in ("meta", "compact-summary"):
            course.last_talk, course.last_talk_seq, course.closed = (step.kind, step.subtype), step.seq, False
        elif step.kind == "system" and step.subtype in _CLOSING_SUBTYPES:
            course.closed = True
    if times:
        times.sort()
        course.first_ms, course.last_ms = times[0], times[-1]
        own = [t for t in times if own_from_ms is None or t >= own_from_ms]
        course.active_ms = sum(min(later - earlier, LONGEST_PAUSE_MS) for earlier, later in pairwise(own))
    return course


def ending_of(course: Course, *, pending_calls: int, interrupted: bool, end_turn: bool) -> tuple[str, bool]:
    """(how it stands when nothing more comes, whether work is open so that it counts as active while recent).

    `interrupted`: its last message says the user interrupted it; `end_turn`: its last response ended the turn.
    """
    if course.last_talk is None:
        return COMPLETED, False
    kind, subtype = course.last_talk
    if kind == "assistant" and subtype == "api-error":
        return FAILED, False
    if interrupted:
        return INTERRUPTED, False
    if course.closed or (kind == "assistant" and end_turn):
        return COMPLETED, False
    if pending_calls or kind == "user":
        return INTERRUPTED, True
    return COMPLETED, True
