"""What a rule would have done: the live evaluation over the past, written nowhere."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from alerts.conditions import limits_of
from alerts.definition import RuleDefinition, Scope
from alerts.measurements import Measurements, sessions_wanted
from alerts.models import AlertRule
from alerts.replay import Group, Transition, firings, limit_in_force, replay, session_transitions
from alerts.rollup_parts import Wanted
from alerts.session_rules import SessionValues, session_facts, sessions_between
from alerts.states import ALARMED, State
from alerts.windows import (
    QUARTERS_OF_AN_HOUR,
    Course,
    Measured,
    earliest_needed,
    slot_quarters,
    slots,
    spread,
    window_start,
)
from alerts.wording import rule_sentence
from analytics.metrics import Aggregation
from analytics.periods import quarter_of, quarter_start

LONGEST = timedelta(days=90)
MOST_GROUPS = 20
MOST_POINTS = 400
MOST_TRANSITIONS = 1000


@dataclass(frozen=True, slots=True)
class Point:
    """A value that was judged, and the value at which the rule would have fired then; None where not known."""

    at: datetime
    value: Decimal | None
    group: Group
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule says and would have said. `suggested` are thresholds that few values pass: {"p95": ...}."""

    sentence: str
    points: list[Point]
    transitions: list[Transition]
    fired: int
    notifications: int
    firing_seconds: int
    noisiest: Group | None
    suggested: dict[str, Decimal | None]
    limits: list[Decimal]
    groups_left_out: int = 0


def preview(
    rule: AlertRule, start: datetime, end: datetime, now: datetime, *, most_points: int | None = MOST_POINTS
) -> Preview:
    """The past of an unsaved rule, with at most so many points (None: all that differ).

    `end` is cut to now; a stretch of more than 90 days is the caller's mistake.
    """
    end = min(end, now)
    if rule.scope == Scope.SESSION:
        return _of_sessions(rule, start, end, now, most_points)
    return _of_windows(rule, start, end, most_points)


def _of_windows(rule: AlertRule, start: datetime, end: datetime, most_points: int | None) -> Preview:
    definition = rule.definition
    first, stop = window_start(definition, start), quarter_of(end) + slot_quarters(definition)
    read = Measurements(earliest_needed(definition, first), stop)
    wanted = Wanted.of(definition, rule.project_id)
    courses, left_out = _largest(read.courses(wanted), first, stop)
    sessions = read.courses(sessions_wanted(wanted)).get(()) if definition.min_sessions else None
    told = replay(definition, courses, first, stop, now=end, sessions=sessions)
    points = list(_points(definition, courses, first, stop, end, most_points))
    return _summed(rule, definition, points, told.transitions, end, left_out)


def _largest(courses: dict[Group, Course], first: int, stop: int) -> tuple[dict[Group, Course], int]:
    ranked = sorted(courses, key=lambda group: (-courses[group].over(first, stop).samples, group))
    kept = {group: courses[group] for group in ranked[:MOST_GROUPS]}
    return kept, len(courses) - len(kept)


def _points(
    rule: RuleDefinition, courses: dict[Group, Course], first: int, stop: int, end: datetime, most: int | None
) -> Iterable[Point]:
    """Values of slots: evenly spread where there are more than `most`; None: wherever one differs, and hourly."""
    judged = [slot for slot in slots(rule, first, stop) if quarter_start(slot.stop) <= end]
    if most is not None:
        every = max(1, -(-len(judged) * max(1, len(courses)) // most))
        judged = judged[::every]
    last: dict[Group, Measured] = {}
    limits: dict[Group, tuple[object, Decimal | None]] = {}
    for slot in judged:
        is_whole_hour = slot.at % QUARTERS_OF_AN_HOUR == 0
        for group, course in courses.items():
            measured = course.over(*slot.window)
            if most is not None or is_whole_hour or measured is not last.get(group):
                last[group] = measured
                # Slots of one calendar window have the same windows before them.
                if group not in limits or limits[group][0] != slot.earlier:
                    limits[group] = (slot.earlier, limit_in_force(rule, course, slot))
                yield Point(slot.at_time, measured.value, group, limits[group][1])


def _of_sessions(
    rule: AlertRule, start: datetime, end: datetime, now: datetime, most_points: int | None
) -> Preview:
    definition = rule.definition
    transitions: list[Transition] = []
    lately = sessions_between(start, end)
    measured = SessionValues(set(lately), ()).of(definition, rule.project_id)
    for found in session_facts(definition, measured, now):
        changes = session_transitions(definition, found.facts, {})
        if changes and start <= changes[0].at < end:
            transitions += changes
    points = [
        Point(at, measured[key].value, (), rule.threshold) for key, at in lately.items() if key in measured
    ]
    every = 1 if most_points is None else max(1, -(-len(points) // most_points))
    told = _summed(rule, definition, points, sorted(transitions, key=lambda each: each.at), end, 0)
    return _thinned(told, every)


def _thinned(told: Preview, every: int) -> Preview:
    return replace(told, points=told.points[::every])


def _summed(
    rule: AlertRule,
    definition: RuleDefinition,
    points: Sequence[Point],
    transitions: list[Transition],
    end: datetime,
    left_out: int,
) -> Preview:
    began = firings(transitions)
    noisiest = Counter(each.place[0] for each in began).most_common(1)
    ended = [each for each in transitions if each.before in ALARMED and each.after is State.OK]
    known = [point.value for point in points if point.value is not None]
    return Preview(
        sentence=rule_sentence(definition),
        points=list(points),
        transitions=transitions[:MOST_TRANSITIONS],
        fired=len(began),
        notifications=len(began) + (len(ended) if rule.notify_resolved else 0),
        firing_seconds=_firing_seconds(transitions, end),
        noisiest=noisiest[0][0] if noisiest else None,
        suggested=_suggested(definition, known),
        limits=[limit.key for limit in limits_of(definition)],
        groups_left_out=left_out,
    )


def _firing_seconds(transitions: Iterable[Transition], end: datetime) -> int:
    """How long any group fired, in all."""
    since: dict[object, datetime] = {}
    total = timedelta()
    for each in transitions:
        if each.after in ALARMED:
            since.setdefault(each.place, each.at)
        elif each.place in since:
            total += each.at - since.pop(each.place)
    total += sum((max(end - at, timedelta()) for at in since.values()), timedelta())
    return int(total.total_seconds())


def _suggested(rule: RuleDefinition, known: list[Decimal]) -> dict[str, Decimal | None]:
    """Thresholds that one value in twenty, and one in a hundred, would have passed."""
    if not rule.operator.is_upward:
        known = [-value for value in known]
    sign = 1 if rule.operator.is_upward else -1
    found = {"p95": spread(known, Aggregation.P95), "p99": _p99(known)}
    return {name: None if value is None else sign * value for name, value in found.items()}


def _p99(values: list[Decimal]) -> Decimal | None:
    ordered = sorted(values)
    return ordered[-(len(ordered) // 100) - 1] if ordered else None
