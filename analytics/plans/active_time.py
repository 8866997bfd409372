"""How long was worked on a feature: each session's active time, shared out by what it served when."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from itertools import groupby, pairwise

from sessions.derive.course import LONGEST_PAUSE_MS
from sessions.models import AgentSession, TranscriptEntry
from tasks.models import ServedSpan

Course = list[tuple[int, int | None]]  # (from, feature), in order


def active_seconds(feature_id: int) -> float | None:
    """Active time of all sessions, subagents included, while they served the feature; None if none ever did.

    A pause belongs to what was served when it began, and counts for five minutes at most, so that the shares of
    a session add up to its active time.
    """
    courses = _courses(feature_id)
    if not courses:
        return None
    sessions = AgentSession.objects.filter(id__in=courses)
    columns = ("id", "started_at", "own_started_at", "active_seconds")
    whole, split = 0, {}
    for key, started_at, own_started_at, active in sessions.values_list(*columns):
        if active is not None and _serves_only(courses[key], feature_id, own_started_at or started_at):
            whole += active
        else:
            split[key] = _ms(own_started_at)
    return whole + _split_ms(split, courses, feature_id) / 1000


def _courses(feature_id: int) -> dict[int, Course]:
    serving = ServedSpan.objects.filter(feature_id=feature_id).values("session_id")
    found: dict[int, Course] = defaultdict(list)
    spans = ServedSpan.objects.filter(session_id__in=serving).order_by("session_id", "from_ms")
    for session_id, from_ms, feature in spans.values_list("session_id", "from_ms", "feature_id"):
        found[session_id].append((from_ms, feature))
    return found


def _serves_only(course: Course, feature_id: int, started_at: datetime | None) -> bool:
    begins = _ms(started_at)
    from_the_start = begins is not None and course[0][0] <= begins
    return from_the_start and all(feature == feature_id for _, feature in course)


def _split_ms(own_from: dict[int, int | None], courses: dict[int, Course], feature_id: int) -> int:
    """Of sessions that served several things, the part that was for this one."""
    return sum(
        _share_ms(times, courses[session_id], feature_id) for session_id, times in _times(own_from).items()
    )


def _times(own_from: dict[int, int | None]) -> dict[int, list[int]]:
    """The moments of each session's own lines, in order."""
    found: dict[int, list[int]] = {}
    steps = TranscriptEntry.objects.steps(_ids(own_from))
    for session_id, lines in groupby(steps, key=lambda step: step[0]):
        start = own_from[session_id]
        moments = [at for _, _, kind, _, at in lines if at is not None and kind != "file-history-snapshot"]
        found[session_id] = sorted(at for at in moments if start is None or at >= start)
    return found


def _ids(sessions: Collection[int]) -> list[int]:
    return sorted(sessions)


def _share_ms(times: list[int], course: Course, feature_id: int) -> int:
    starts = [from_ms for from_ms, _ in course]
    shared = 0
    for earlier, later in pairwise(times):
        place = bisect_right(starts, earlier) - 1
        if place >= 0 and course[place][1] == feature_id:
            shared += min(later - earlier, LONGEST_PAUSE_MS)
    return shared


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
