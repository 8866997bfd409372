"""Evaluating rules: after a sync those whose data it touched, and every minute those for which time went on."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from alerts import marks
from alerts.definition import RuleDefinition, Scope, Severity
from alerts.evidence import session_evidence, window_evidence
from alerts.measurements import MOST_GROUPS, Measurements, Wanted, sessions_wanted
from alerts.models import AlertEvent, AlertInstance, AlertRule, EvaluationMark
from alerts.querysets.measured import last_states
from alerts.recording import Recorder, Told, stored
from alerts.replay import Group, Place, Replayed, Transition, replay, session_transitions
from alerts.session_rules import IDLE, session_facts
from alerts.states import Reason, Standing, State
from alerts.windows import Course, Measured, lookback, slot_quarters, window_start
from alerts.wording import sentence
from analytics.metrics import Source
from analytics.periods import quarter_ceiling, quarter_of, quarter_start
from sessions.bulk import in_chunks
from sessions.models import AgentSession, SessionEvent

logger = logging.getLogger(__name__)

PLANS = (Source.TASKS, Source.FEATURES)
# Data that comes later than this does not make a rule look at its windows again.
LATEST_DATA = timedelta(days=31)


# Sources of titles that somebody chose; the others repeat what was asked.
NAMED_TITLES = ("custom", "agent", "summary")


@dataclass(slots=True)
class EvaluationReport:
    """How many rules were looked at and how many alerts began, sent or not."""

    evaluated: int = 0
    fired: int = 0
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, int]:
        return {"evaluated": self.evaluated, "fired": self.fired}


def is_due() -> bool:
    """Whether something changed that no evaluation has seen yet, rules included."""
    new_rules = AlertRule.objects.evaluated().filter(evaluated_to=None, error_count=0)
    return EvaluationMark.objects.exists() or new_rules.exists()


def evaluate(now: datetime, *, is_first_import: bool = False) -> EvaluationReport:
    """Bring every rule that could tell something else up to date. Doing it again changes nothing.

    `is_first_import`: what is found is the history of a new installation; it is recorded and never sent.
    """
    report = EvaluationReport()
    noted = marks.marked()
    rules = list(AlertRule.objects.evaluated())
    run = _Run(noted, now, is_first_import)
    for rule in rules:
        _evaluate_one(run, rule, report)
    marks.clear(noted)
    return report


def _evaluate_one(run: "_Run", rule: AlertRule, report: EvaluationReport) -> None:
    try:
        with transaction.atomic():
            events = run.evaluate(rule)
    except Exception as error:
        logger.exception("Rule %s could not be evaluated", rule.public_id)
        report.problems.append(
            f"The alert rule “{rule.name}” could not be evaluated ({type(error).__name__})."
        )
        text = f"{type(error).__name__}: {error}"[:500]
        AlertRule.objects.filter(pk=rule.pk).update(error=text, error_count=rule.error_count + 1)
        return
    if events is not None:
        report.evaluated += 1
        report.fired += sum(began(event) for event in events)


def began(event: AlertEvent) -> bool:
    """Whether an event began an alert: from recovering it is the same one going on."""
    return event.to_state == State.FIRING and event.from_state != State.RECOVERING


class _Run:
    """One evaluation: what changed is told by source once, and what is read is read once for all rules."""

    def __init__(self, noted: marks.Marked, now: datetime, is_first_import: bool) -> None:
        self._noted, self._now, self._is_first_import = noted, now, is_first_import
        self._touched: dict[Source, set[int]] = {}
        self._read: dict[tuple[int, int], Measurements] = {}

    def evaluate(self, rule: AlertRule) -> list[AlertEvent] | None:
        """The events that are new; None where nothing could have changed."""
        if rule.scope == Scope.SESSION:
            return self._sessions(rule)
        return self._windows(rule)

    def _sessions(self, rule: AlertRule) -> list[AlertEvent] | None:
        is_new = rule.evaluated_to is None
        ending = self._ending(rule)
        due = None if is_new else self._noted.sessions | ending
        if due is not None and not due:
            return None
        definition = rule.definition
        found = list(session_facts(definition, rule.project_id, due, self._now, ending=ending))
        standings = _session_standings(rule, [each.facts.session for each in found])
        told = []
        for each in found:
            for change in session_transitions(definition, each.facts, standings):
                message = sentence(rule.name, definition, change, _title(each.session))
                told.append(Told(change, message, session_evidence(each.session), each.session.pk))
        events = Recorder(rule, self._now, is_first_import=self._is_first_import).record(told)
        last = found[-1].facts.measured.value if found else rule.last_value
        self._note_evaluated(rule, self._now, last, rule.groups_left_out)
        return events

    def _ending(self, rule: AlertRule) -> set[int]:
        """Sessions that fire and have been silent for long enough to be over."""
        firing = AlertInstance.objects.filter(rule=rule).firing()
        over = firing.filter(session__ended_at__lte=self._now - IDLE)
        return set(over.values_list("session_id", flat=True))

    def _windows(self, rule: AlertRule) -> list[AlertEvent] | None:
        definition = rule.definition
        begins = window_start(definition, rule.effective_from)
        known_to = begins if rule.evaluated_to is None else max(begins, quarter_of(rule.evaluated_to))
        touched = self._touched_quarters(definition, begins)
        first = min([known_to, *(quarter for quarter in touched if quarter < known_to)])
        stop = quarter_of(self._now) + slot_quarters(definition)
        is_late = rule.evaluated_to is not None and first < known_to
        if not self._could_change(rule, definition, touched, known_to, is_late=is_late):
            return None
        standings = _standings_before(rule, first) if is_late else _standings(rule)
        courses, left_out = self._courses(rule, definition, first, stop, standings)
        sessions = self._begun(rule, definition, first, stop)
        told = replay(definition, courses, first, stop, now=self._now, standings=standings, sessions=sessions)
        events = self._record(rule, definition, told, is_late=is_late)
        value = told.values[()].value if () in told.values else None
        self._note_evaluated(rule, quarter_start(_settled(definition, self._now)), value, left_out)
        return events

    def _could_change(
        self, rule: AlertRule, definition: RuleDefinition, touched: set[int], known_to: int, *, is_late: bool
    ) -> bool:
        """Late data, new data in the slot that is open, or a slot that is over by now."""
        if rule.evaluated_to is None or is_late or _settled(definition, self._now) > known_to:
            return True
        return definition.only_grows and any(quarter >= known_to for quarter in touched)

    def _record(
        self, rule: AlertRule, definition: RuleDefinition, told: Replayed, *, is_late: bool
    ) -> list[AlertEvent]:
        recorder = Recorder(rule, self._now, is_first_import=self._is_first_import)
        changes = [self._told(rule, definition, each) for each in told.transitions]
        if not is_late:
            return recorder.record(changes)
        believed = _standings(rule)
        events = recorder.record(changes, is_late=True)
        recorder.settle(told.standings)
        changed = {each.place for each in told.transitions}
        wrong = [place for place in believed if place not in changed]
        corrections = [
            self._told(rule, definition, correction(place, believed[place], told, self._now))
            for place in wrong
            if told.standings.get(place, Standing()).state is not believed[place].state
        ]
        return events + recorder.record(corrections)

    def _told(self, rule: AlertRule, definition: RuleDefinition, change: Transition) -> Told:
        evidence: dict[str, Any] = {}
        if change.after is State.FIRING:
            evidence = window_evidence(definition, rule.project_id, change)
        return Told(change, sentence(rule.name, definition, change), evidence)

    def _courses(
        self,
        rule: AlertRule,
        definition: RuleDefinition,
        first: int,
        stop: int,
        standings: dict[Place, Standing],
    ) -> tuple[dict[Group, Course], int]:
        """The courses to judge, and how many groups there are beyond those a rule may follow."""
        wanted = Wanted.of(definition, rule.project_id)
        courses = self._measurements(definition, first, stop).courses(wanted)
        open_groups = {place[0] for place, standing in standings.items() if standing.state is not State.OK}
        for group in open_groups - set(courses):
            courses = {**courses, group: NOTHING}
        if len(courses) <= MOST_GROUPS:
            return courses, 0
        whole = (first - _quarters(lookback(definition)), stop)
        sizes = {group: course.over(*whole).samples for group, course in courses.items()}
        ranked = sorted(courses, key=lambda group: (group not in open_groups, -sizes[group], group))
        return {group: courses[group] for group in ranked[:MOST_GROUPS]}, len(courses) - MOST_GROUPS

    def _begun(self, rule: AlertRule, definition: RuleDefinition, first: int, stop: int) -> Course | None:
        if not definition.min_sessions:
            return None
        wanted = sessions_wanted(Wanted.of(definition, rule.project_id))
        return self._measurements(definition, first, stop).courses(wanted).get(())

    def _measurements(self, definition: RuleDefinition, first: int, stop: int) -> Measurements:
        """Rounded to days, so that rules with like windows share what is read."""
        begin = (first - _quarters(lookback(definition))) // 96 * 96
        end = -(-stop // 96) * 96
        return self._read.setdefault((begin, end), Measurements(begin, end))

    def _touched_quarters(self, definition: RuleDefinition, begins: int) -> set[int]:
        oldest = max(begins, quarter_of(self._now - LATEST_DATA))
        return {quarter for quarter in self._touched_by(definition.measure.source) if quarter >= oldest}

    def _touched_by(self, source: Source) -> set[int]:
        if source not in self._touched:
            self._touched[source] = self._find_touched(source)
        return self._touched[source]

    def _find_touched(self, source: Source) -> set[int]:
        if source in PLANS:
            # A plan tells of completions on days long gone.
            latest = quarter_of(self._now - LATEST_DATA)
            return {latest, quarter_of(self._now)} if self._noted.projects else set()
        found = set(self._noted.quarters)
        if source in (Source.SESSIONS, Source.EVENTS):
            found |= _quarters_of_sessions(self._noted.sessions, source)
        return found

    def _note_evaluated(self, rule: AlertRule, to: datetime, value: Any, left_out: int) -> None:
        AlertRule.objects.filter(pk=rule.pk, meaning_version=rule.meaning_version).update(
            evaluated_to=to,
            last_value=stored(value),
            last_evaluated_at=self._now,
            groups_left_out=left_out,
            error="",
            error_count=0,
        )


def correction(place: Place, believed: Standing, told: Replayed, now: datetime) -> Transition:
    """The change from what was believed to what the whole story says."""
    right, value = told.standings.get(place, Standing()), told.values.get(place[0])
    return Transition(
        place=place,
        before=believed.state,
        after=right.state,
        reason=Reason.CORRECTED,
        at=right.since or now,
        value=value.value if value else None,
        threshold=place[2],
        samples=value.samples if value else 0,
        window=(0, 0),
        severity=Severity.INFO,
    )


class _Nothing:
    """The course of a group of which there is nothing any more."""

    def over(self, first: int, stop: int) -> Any:
        return Measured(None, 0)


NOTHING = _Nothing()


def _quarters(length: timedelta) -> int:
    return quarter_ceiling(quarter_start(0) + length)


def _settled(rule: RuleDefinition, now: datetime) -> int:
    """The quarter up to which everything is over: where the open slot begins."""
    step = slot_quarters(rule)
    if rule.scope.is_calendar:
        opens = window_start(rule, now)
        return opens + (quarter_of(now) - opens) // step * step
    return quarter_of(now) // step * step


def _title(session: AgentSession) -> str:
    """What people call a session. A title that is a prompt's beginning stays in the house."""
    return session.title if session.title_source in NAMED_TITLES else ""


def _quarters_of_sessions(session_ids: Collection[int], source: Source) -> set[int]:
    found: set[int | None] = set()
    for chunk in in_chunks(sorted(session_ids)):
        rows: Iterable[int | None] = AgentSession.objects.filter(pk__in=chunk).values_list(
            "start_quarter", flat=True
        )
        if source is Source.EVENTS:
            events = SessionEvent.objects.filter(session_id__in=chunk, kind__in=("api_error", "compaction"))
            rows = events.values_list("quarter", flat=True)
        found.update(rows)
    return {quarter for quarter in found if quarter is not None}


def _session_standings(rule: AlertRule, subjects: list[str]) -> dict[Place, Standing]:
    found: dict[Place, Standing] = {}
    for chunk in in_chunks(subjects):
        for row in AlertInstance.objects.filter(rule=rule, subject__in=chunk):
            found[((), row.subject, row.limit)] = Standing(State(row.state), row.since)
    return found


def _place(rule: AlertRule, instance: AlertInstance) -> Place:
    group = tuple(instance.group.get(name, "") for name in rule.group_by)
    return group, instance.subject, instance.limit


def _standings(rule: AlertRule) -> dict[Place, Standing]:
    """How a rule's groups stand; one that is well needs no telling."""
    open_ones = AlertInstance.objects.filter(rule=rule).unsettled()
    return {_place(rule, each): Standing(State(each.state), each.since) for each in open_ones}


def _standings_before(rule: AlertRule, quarter: int) -> dict[Place, Standing]:
    """How they stood at a moment, by the history."""
    before = last_states(rule.pk, rule.effective_from, quarter_start(quarter))
    return {
        _place(rule, event.instance): Standing(State(event.to_state), event.event_time)
        for event in before
        if event.to_state != State.OK
    }
