"""A rule over a stretch of time: from values to changes of state.

Live evaluation and preview are this one function: what a rule did is a function of its data and of nothing else,
so evaluating the same data again, in other pieces or after a restart, tells the same changes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from alerts.baselines import change_from, changed_limit, usual_limit
from alerts.conditions import Limit, judge, limits_of
from alerts.definition import ConditionKind, RuleDefinition, Severity
from alerts.states import ALARMED, Reason, Standing, State, Verdict, Waits, advance
from alerts.windows import Course, Measured, Slot, slots
from analytics.periods import quarter_start

Group = tuple[str, ...]
# (group's values, calendar window or "", threshold as the rule names it)
Place = tuple[Group, str, Decimal]


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state at a moment of the data, with what it was told from."""

    place: Place
    before: State
    after: State
    reason: Reason
    at: datetime
    value: Decimal | None
    threshold: Decimal
    samples: int
    window: tuple[int, int]
    severity: Severity


@dataclass(slots=True)
class Replayed:
    """What happened, how everything stands afterwards, and the last value of each group."""

    transitions: list[Transition] = field(default_factory=list)
    standings: dict[Place, Standing] = field(default_factory=dict)
    values: dict[Group, Measured] = field(default_factory=dict)


def replay(
    rule: RuleDefinition,
    courses: Mapping[Group, Course],
    first: int,
    stop: int,
    *,
    now: datetime,
    standings: Mapping[Place, Standing] | None = None,
    sessions: Course | None = None,
    check: Callable[[], None] = lambda: None,
) -> Replayed:
    """Judge every slot that ends in `(first, stop]`, from the standings at its beginning.

    A slot that is not over at `now` counts only where what it holds can no longer go away: a sum over its threshold.
    `sessions` counts the sessions that began, for rules that want some; `check` may raise to stop what takes too long.
    """
    told = Replayed(standings=dict(standings or {}))
    waits = Waits(rule.pending_for, rule.keeps_firing_for)
    limits = limits_of(rule)
    seen: dict[Group, tuple[Measured, str]] = {}
    waiting = _waiting(told.standings)
    usual: dict[Group, Usual] = {}
    for slot in slots(rule, first, stop):
        is_open = quarter_start(slot.stop) > now
        if slot.at_time > now or (is_open and not rule.only_grows):
            break
        check()
        for group, course in courses.items():
            measured, limited = _read(rule, course, slot, limits, usual.setdefault(group, {}))
            # What is told from the same rows is the same: nothing changes but by time, for whoever waits for that.
            if seen.get(group) == (measured, slot.subject) and not slot.closes and group not in waiting:
                continue
            told.values[group] = measured
            if sessions is not None and sessions.over(*slot.window).samples < rule.min_sessions:
                continue
            if rule.condition is ConditionKind.STATIC and sessions is None and not is_open:
                seen[group] = (measured, slot.subject)
            for limit in limited:
                _judge_slot(
                    told, rule, (group, slot.subject, limit.key), slot, measured, limit, waits, is_open
                )
        if waits != NO_WAITS:
            waiting = _waiting(told.standings)
    return told


NO_WAITS = Waits()


def _waiting(standings: Mapping[Place, Standing]) -> set[Group]:
    """Groups that may change by time alone."""
    states = (State.PENDING, State.RECOVERING)
    return {place[0] for place, standing in standings.items() if standing.state in states}


# What is usual before a slot, by the windows it is told from: all slots of a calendar window share it.
Usual = dict[tuple[tuple[int, int], ...], Decimal | None]


def _read(
    rule: RuleDefinition, course: Course, slot: Slot, limits: list[Limit], known: Usual
) -> tuple[Measured, list[Limit]]:
    """The value that is judged, and the limits in force: an anomaly's depend on what is usual."""
    measured = course.over(*slot.window)
    if rule.condition is ConditionKind.STATIC:
        return measured, limits
    if rule.condition is ConditionKind.CHANGE:
        earlier = [course.over(*window) for window in slot.earlier]
        return change_from(measured, earlier, rule.compare), limits
    if slot.earlier not in known:
        known.clear()
        known[slot.earlier] = limit_in_force(rule, course, slot)
    usual = known[slot.earlier]
    if usual is None:
        return measured, []
    return measured, [Limit(rule.threshold, usual, None, rule.severity)]


def limit_in_force(rule: RuleDefinition, course: Course, slot: Slot) -> Decimal | None:
    """The value at which a rule fires in a slot: of a change or an anomaly it depends on what was before."""
    if rule.condition is ConditionKind.STATIC:
        return rule.threshold
    earlier = [course.over(*window) for window in slot.earlier]
    if rule.condition is ConditionKind.CHANGE:
        return changed_limit(earlier, rule.threshold, rule.compare)
    return usual_limit(earlier, rule.threshold, upward=rule.operator.is_upward)


def _judge_slot(
    told: Replayed,
    rule: RuleDefinition,
    place: Place,
    slot: Slot,
    measured: Measured,
    limit: Limit,
    waits: Waits,
    is_open: bool,
) -> None:
    verdict = judge(rule, measured, limit)
    if is_open and verdict is not Verdict.BREACH:
        return
    standing = told.standings.get(place, Standing())
    changed = advance(standing, verdict, slot.at_time, waits)
    if changed:
        standing = _note(told, place, standing, changed, slot, measured, limit)
    if slot.closes and slot.subject and standing.state is not State.OK and not is_open:
        closed = Standing(State.OK, quarter_start(slot.stop)), Reason.WINDOW_CLOSED
        _note(told, place, standing, closed, slot, measured, limit)


def _note(
    told: Replayed,
    place: Place,
    before: Standing,
    changed: tuple[Standing, Reason],
    slot: Slot,
    measured: Measured,
    limit: Limit,
) -> Standing:
    after, reason = changed
    told.transitions.append(
        Transition(
            place=place,
            before=before.state,
            after=after.state,
            reason=reason,
            at=after.since or slot.at_time,
            value=measured.value,
            threshold=limit.value,
            samples=measured.samples,
            window=slot.window,
            severity=limit.severity,
        )
    )
    told.standings[place] = after
    return after


def firings(transitions: Iterable[Transition]) -> list[Transition]:
    """Those that began an alert: from recovering it is the same one going on."""
    return [each for each in transitions if each.after is State.FIRING and each.before not in ALARMED]


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """One session's value now, when it first breached each limit, and when it ended (None: it is going on)."""

    session: str
    measured: Measured
    crossed_at: Mapping[Decimal, datetime]
    over_at: datetime | None


def session_transitions(
    rule: RuleDefinition, facts: SessionFacts, standings: Mapping[Place, Standing]
) -> list[Transition]:
    """What a session's value changes: it fires once per limit, and resolves when the session is over."""
    found: list[Transition] = []
    for limit in limits_of(rule):
        place: Place = ((), facts.session, limit.key)
        standing = standings.get(place, Standing())
        crossed = facts.crossed_at.get(limit.key)
        if standing == Standing() and crossed and judge(rule, facts.measured, limit) is Verdict.BREACH:
            fired = Standing(State.FIRING, crossed)
            found.append(_of_session(place, standing, fired, Reason.THRESHOLD, facts, limit))
            standing = fired
        if standing.state is State.FIRING and facts.over_at:
            over = Standing(State.OK, facts.over_at)
            found.append(_of_session(place, standing, over, Reason.SESSION_ENDED, facts, limit))
    return found


def _of_session(
    place: Place, before: Standing, after: Standing, reason: Reason, facts: SessionFacts, limit: Limit
) -> Transition:
    return Transition(
        place=place,
        before=before.state,
        after=after.state,
        reason=reason,
        at=after.since or facts.over_at or facts.crossed_at[limit.key],
        value=facts.measured.value,
        threshold=limit.value,
        samples=facts.measured.samples,
        window=(0, 0),
        severity=limit.severity,
    )
