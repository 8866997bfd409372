"""Who works on what, when: the demo's sessions before a line of them is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from .releases import OPUS, Release, release_at
from .story import FEATURES, STANDING_ORDERS, Feature, Phase, Task

SHORTEST_SPAN_DAYS = 30
# Half hours (UTC) at which people sit down; nobody works at night.
DAY_STARTS = ((8, 5), (12, 40), (15, 25))


@dataclass(slots=True)
class PlannedSession:
    """One session: its start, its subject, and what goes wrong in it."""

    number: int
    start: datetime
    share: float
    release: Release
    feature: Feature
    kind: str
    phase: Phase
    tasks: list[Task] = field(default_factory=list)
    incidents: set[str] = field(default_factory=set)

    @property
    def is_work(self) -> bool:
        """Whether tasks of the plan may be completed here."""
        return self.kind in ("execute", "implement")


def plan_sessions(rng: Random, *, now: datetime, days: int) -> list[PlannedSession]:
    """Sessions of the `days` before `now`, oldest first, the last one still running at `now`.

    Raises ValueError for spans too short to hold every kind of event the demo shows.
    """
    if days < SHORTEST_SPAN_DAYS:
        raise ValueError(f"a demo needs at least {SHORTEST_SPAN_DAYS} days, not {days}")
    begin = now - timedelta(days=days)
    starts = _starts(rng, begin, now, wanted=max(40, round(days * 0.78)))
    sessions: list[PlannedSession] = []
    for number, start in enumerate(starts):
        sessions.append(_subject(rng, number, start, (start - begin) / (now - begin), sessions))
    _assign_tasks(sessions)
    _assign_incidents(rng, sessions)
    sessions.append(_live_session(len(sessions), now, sessions))
    return sessions


def _starts(rng: Random, begin: datetime, now: datetime, *, wanted: int) -> list[datetime]:
    days = [begin.date() + timedelta(days=n) for n in range((now - begin).days + 1)]
    slots = [
        slot for day in days if _is_worked(rng, day, begin.date(), len(days)) for slot in _slots(rng, day)
    ]
    slots = [slot for slot in slots if begin < slot < now - timedelta(hours=6)]
    return sorted(rng.sample(slots, min(wanted, len(slots))))


def _is_worked(rng: Random, day: date, first: date, span: int) -> bool:
    holiday = 0.46 <= (day - first).days / span <= 0.50
    return not holiday and (day.weekday() < 5 or rng.random() < 0.1)


def _slots(rng: Random, day: date) -> Iterable[datetime]:
    for hour, minute in DAY_STARTS:
        yield datetime.combine(day, time(hour, minute), UTC) + timedelta(seconds=rng.randrange(4200))


def _subject(
    rng: Random, number: int, start: datetime, share: float, earlier: list[PlannedSession]
) -> PlannedSession:
    active = [each for each in FEATURES if each.starts <= share <= each.ends]
    untouched = [each for each in active if all(done.feature is not each for done in earlier)]
    feature = (untouched or [rng.choice(active)])[0]
    kind = (
        "plan" if untouched else rng.choices(("execute", "implement", "fix", "question"), (40, 30, 17, 13))[0]
    )
    return PlannedSession(number, start, share, release_at(share), feature, kind, feature.phases[0])


def _assign_tasks(sessions: list[PlannedSession]) -> None:
    for feature in FEATURES:
        work = [each for each in sessions if each.feature is feature and each.is_work]
        pending = _due(feature)
        for session in work:
            is_last = session is work[-1] and feature.ends < 1
            while pending and (is_last or pending[0][0] <= session.share):
                session.tasks.append(pending.pop(0)[2])
        _assign_phases(feature, sessions)


def _due(feature: Feature) -> list[tuple[float, Phase, Task]]:
    """Tasks in order, each with the share of time by which it should be done."""
    tasks = [(phase, task) for phase in feature.phases for task in phase.tasks]
    length = (feature.ends - feature.starts) * 0.9
    return [
        (feature.starts + length * (place + 1) / len(tasks), phase, task)
        for place, (phase, task) in enumerate(tasks)
    ]


def _assign_phases(feature: Feature, sessions: list[PlannedSession]) -> None:
    current = feature.phases[0]
    for session in sessions:
        if session.feature is not feature:
            continue
        if session.tasks:
            current = phase_of(feature, session.tasks[0])
        session.phase = current


def phase_of(feature: Feature, task: Task) -> Phase:
    """The phase of `feature` that lists `task`."""
    return next(phase for phase in feature.phases if task in phase.tasks)


def _assign_incidents(rng: Random, sessions: list[PlannedSession]) -> None:
    busy = [each for each in sessions if each.kind not in ("plan", "question")]

    def mark(name: str, amount: int, fits: Callable[[PlannedSession], bool]) -> None:
        fitting = [each for each in busy if fits(each)]
        for session in rng.sample(fitting, min(amount, len(fitting))):
            session.incidents.add(name)

    mark("warmup_agent", 2, lambda s: s.release.flat_agents)
    mark("agent", 3, lambda s: s.release.flat_agents)
    mark("agent", 12, lambda s: not s.release.flat_agents)
    mark("progress_only_agent", 1, lambda s: s.release.has_progress)
    mark("replay", 1, lambda s: s.release.is_modern)
    mark("api_errors", 4, lambda s: s.release.has_api_error_records)
    mark("fast", 1, lambda s: s.release.is_modern and OPUS in s.release.models)
    mark("fork", 1, lambda s: s.release.is_modern and not s.incidents & {"replay", "fast"})
    mark("failed_response", 2, lambda s: s.share < 0.95)
    mark("compaction", 3, _is_untangled)
    mark("unknown_model", 1, _is_untangled)
    mark("malformed_line", 1, _is_untangled)
    mark("unterminated_line", 1, _is_untangled)
    mark("late_evening", 1, lambda s: 0.1 < s.share < 0.95)
    mark("overnight", 1, lambda s: 0.1 < s.share < 0.9 and s.start.weekday() < 4)
    mark("queue", 7, _is_untangled)
    mark("rejection", 6, _is_untangled)
    mark("interrupt", 5, _is_untangled)
    mark("custom_title", 6, lambda s: s.release.is_modern)
    _mark_endings(sessions)


def _is_untangled(session: PlannedSession) -> bool:
    """A forked session stays plain, so that what its copy repeats is easy to follow."""
    return "fork" not in session.incidents and session.share < 0.97


def _mark_endings(sessions: list[PlannedSession]) -> None:
    for session in sessions:
        if "late_evening" in session.incidents:
            session.start = session.start.replace(hour=23, minute=58)
    for feature in (each for each in FEATURES if each.ends < 1):
        work = [each for each in sessions if each.feature is feature and each.is_work]
        for session in work[-1:]:
            session.incidents.add("pull_request")


def _live_session(number: int, now: datetime, earlier: list[PlannedSession]) -> PlannedSession:
    done = [task for each in earlier for task in each.tasks if each.feature is STANDING_ORDERS]
    task = next(each for _, _, each in _due(STANDING_ORDERS) if each not in done)
    phase = phase_of(STANDING_ORDERS, task)
    return PlannedSession(
        number, now, 1.0, release_at(1.0), STANDING_ORDERS, "execute", phase, incidents={"live"}
    )
