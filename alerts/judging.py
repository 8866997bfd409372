"""What each rule would tell now, worked out by reading alone: nothing is written here.

What changed is told by source once, what is read is read once for all rules, and so is how their groups stand.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from alerts.budget import SECONDS, SECONDS_FOR_ALL, Budget, limited
from alerts.definition import ConditionKind, RuleDefinition, Scope, Severity
from alerts.evidence import session_evidence, window_evidence
from alerts.marks import Marked
from alerts.measurements import MOST_GROUPS, Measurements, sessions_wanted
from alerts.models import AlertInstance, AlertRule
from alerts.projection import passes_at
from alerts.querysets.history import last_states
from alerts.recording import EVALUATION, Told
from alerts.replay import Group, Place, Replayed, Transition, replay, session_transitions
from alerts.rollup_parts import Wanted
from alerts.session_rules import IDLE, SessionValues, come_to_be_over, session_facts
from alerts.states import Reason, Standing, State
from alerts.windows import Course, Measured, earliest_needed, lookback, slot_quarters, window_start
from alerts.wording import outlook, sentence
from analytics.metrics import Source
from analytics.periods import quarter_of, quarter_start
from analytics.reading_levels import last_looked_at
from sessions.bulk import in_chunks
from sessions.models import AgentSession, SessionEvent

PLANS = (Source.TASKS, Source.FEATURES)
# Data that comes later than this does not make a rule look at its windows again.
LATEST_DATA = timedelta(days=31)
QUARTERS_OF_A_DAY = 96
# Sources of titles that somebody chose; the others repeat what was asked.
NAMED_TITLES = ("custom-title", "ai-title", "summary")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule tells: changes to record, and what is known of it from now on.

    After late data, `standings` is how its groups stand by the whole story, `corrections` what was believed wrongly.
    """

    rule: AlertRule
    to: datetime
    value: Decimal | None
    groups_left_out: int = 0
    changes: list[Told] = field(default_factory=list)
    is_late: bool = False
    standings: dict[Place, Standing] = field(default_factory=dict)
    corrections: list[Told] = field(default_factory=list)

    @property
    def is_news(self) -> bool:
        """Whether there is anything to record."""
        return bool(self.changes or self.corrections)


class Judge:
    """One evaluation of some rules."""

    def __init__(self, rules: Sequence[AlertRule], noted: Marked, now: datetime) -> None:
        self._noted, self._now = noted, now
        self._metrics = frozenset(rule.metric for rule in rules)
        self._definitions = {rule.pk: rule.definition for rule in rules}
        self._remembered: set[int] | None = None
        self._standings, self._ending = _how_they_stand(rules, now)
        self._over = _come_to_be_over(rules, now)
        self._touched: dict[Source, set[int]] = {}
        self._read: dict[tuple[int, int], Measurements] = {}
        self._values: dict[frozenset[int] | None, SessionValues] = {}

    def furthest_first(self, rules: Iterable[AlertRule]) -> list[AlertRule]:
        """Rules in an order in which what is read for one serves those after it."""
        return sorted(rules, key=lambda rule: lookback(self._definitions[rule.pk]), reverse=True)

    def judge(self, rule: AlertRule) -> Judged | None:
        """What a rule tells now; None where nothing could have changed. Raises OverBudget for what takes too long."""
        goes_over_all = rule.evaluated_to is None or rule.error
        with limited(SECONDS_FOR_ALL if goes_over_all else SECONDS) as budget:
            if rule.scope == Scope.SESSION:
                return self._sessions(rule, budget)
            return self._windows(rule, budget)

    def _sessions(self, rule: AlertRule, budget: Budget) -> Judged | None:
        ending = self._ending[rule.pk]
        due = None
        # After an error what was noted meanwhile is not known any more.
        if rule.evaluated_to is not None and not rule.error:
            due = self._noted.sessions | ending | self._over_since(rule.evaluated_to)
        if due is not None and not due:
            return None
        definition = self._definitions[rule.pk]
        measured = self._measured(definition, rule.project_id, due)
        found = list(session_facts(definition, measured, self._now, ending=ending))
        standings = _session_standings(rule, [each.facts.session for each in found])
        told = []
        for each in found:
            budget.check()
            for change in session_transitions(definition, each.facts, standings):
                message = sentence(rule.name, definition, change, _title(each.session))
                told.append(Told(change, message, session_evidence(each.session), each.session.pk))
        last = found[-1].facts.measured.value if found else rule.last_value
        to = max(rule.evaluated_to or self._now, self._now)
        return Judged(rule, to, last, rule.groups_left_out, told)

    def _over_since(self, looked_at: datetime) -> set[int]:
        """Sessions that came to be over since a rule looked at any: no line of theirs says so, only the clock."""
        return {key for key, over_at in self._over.items() if over_at > looked_at}

    def _measured(
        self, definition: RuleDefinition, project_id: int | None, due: set[int] | None
    ) -> dict[int, Measured]:
        key = None if due is None else frozenset(due)
        if key not in self._values:
            self._values[key] = SessionValues(due, self._metrics)
        return self._values[key].of(definition, project_id)

    def _windows(self, rule: AlertRule, budget: Budget) -> Judged | None:
        definition = self._definitions[rule.pk]
        begins = window_start(definition, rule.effective_from)
        known_to = begins if rule.evaluated_to is None else max(begins, quarter_of(rule.evaluated_to))
        touched = self._touched_quarters(definition, begins)
        if rule.error:
            touched = {max(begins, quarter_of(self._now - LATEST_DATA))}
        first = min([known_to, *(quarter for quarter in touched if quarter < known_to)])
        now = self._known_to(definition)
        if now is None:
            return None
        stop = quarter_of(now) + slot_quarters(definition)
        is_late = rule.evaluated_to is not None and first < known_to
        if not self._could_change(rule, definition, touched, known_to, now, is_late=is_late):
            return None
        standings = self._standings_before(rule, first) if is_late else self._standings[rule.pk]
        courses, left_out = self._courses(rule, definition, first, stop, standings)
        sessions = self._begun(rule, definition, first, stop)
        told = replay(
            definition,
            courses,
            first,
            stop,
            now=now,
            standings=standings,
            sessions=sessions,
            check=budget.check,
        )
        value = told.values[()].value if () in told.values else None
        return Judged(
            rule,
            quarter_start(_settled(definition, now)),
            value,
            left_out,
            [self._told(rule, definition, each) for each in told.transitions],
            is_late,
            told.standings,
            self._corrections(rule, definition, told) if is_late else [],
        )

    def _standings_before(self, rule: AlertRule, first: int) -> dict[Place, Standing]:
        """How a rule's groups stood at a moment; most rules never had any that was not well."""
        if self._remembered is None:
            known = AlertInstance.objects.filter(rule__in=self._definitions).order_by()
            self._remembered = set(known.values_list("rule_id", flat=True).distinct())
        return _standings_before(rule, first) if rule.pk in self._remembered else {}

    def _known_to(self, definition: RuleDefinition) -> datetime | None:
        """The moment up to which a rule can be judged; None where nothing can be yet.

        What is written down when somebody looks is known only once that was done.
        """
        if definition.measure.source is not Source.READING:
            return self._now
        looked_at = last_looked_at()
        return None if looked_at is None else min(self._now, looked_at)

    def _could_change(
        self,
        rule: AlertRule,
        definition: RuleDefinition,
        touched: set[int],
        known_to: int,
        now: datetime,
        *,
        is_late: bool,
    ) -> bool:
        """Late data, new data in the slot that is open, or a slot that is over by now."""
        if rule.evaluated_to is None or is_late or _settled(definition, now) > known_to:
            return True
        return definition.only_grows and any(quarter >= known_to for quarter in touched)

    def _corrections(self, rule: AlertRule, definition: RuleDefinition, told: Replayed) -> list[Told]:
        """Groups that stand otherwise than was believed, although the story has no change that says so."""
        believed, changed = self._standings[rule.pk], {each.place for each in told.transitions}
        return [
            self._told(rule, definition, correction(place, standing, told, self._now))
            for place, standing in believed.items()
            if place not in changed and told.standings.get(place, Standing()).state is not standing.state
        ]

    def _told(self, rule: AlertRule, definition: RuleDefinition, change: Transition) -> Told:
        said = sentence(rule.name, definition, change)
        if change.after is not State.FIRING:
            return Told(change, said)
        evidence = window_evidence(definition, rule.project_id, change)
        return Told(change, said + self._outlook(rule, definition, change), evidence)

    def _outlook(self, rule: AlertRule, definition: RuleDefinition, change: Transition) -> str:
        """When the threshold itself will be passed, for a step on the way to it."""
        group, subject, limit = change.place
        if not subject or limit == definition.threshold or definition.condition != ConditionKind.STATIC:
            return ""
        wanted = Wanted.of(definition, rule.project_id)
        course = self._measurements(definition, *change.window).courses(wanted).get(group)
        at = passes_at(definition, course, change.window, subject) if course else None
        return outlook(definition, at) if at else ""

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
        whole = (earliest_needed(definition, first), stop)
        sizes = {group: course.over(*whole).samples for group, course in courses.items()}
        ranked = sorted(courses, key=lambda group: (group not in open_groups, -sizes[group], group))
        return {group: courses[group] for group in ranked[:MOST_GROUPS]}, len(courses) - MOST_GROUPS

    def _begun(self, rule: AlertRule, definition: RuleDefinition, first: int, stop: int) -> Course | None:
        if not definition.min_sessions:
            return None
        wanted = sessions_wanted(Wanted.of(definition, rule.project_id))
        return self._measurements(definition, first, stop).courses(wanted).get(())

    def _measurements(self, definition: RuleDefinition, first: int, stop: int) -> Measurements:
        begin = earliest_needed(definition, first) // QUARTERS_OF_A_DAY * QUARTERS_OF_A_DAY
        end = (stop // QUARTERS_OF_A_DAY + 1) * QUARTERS_OF_A_DAY
        for (from_, to), read in self._read.items():
            if from_ <= begin and end <= to:
                return read
        return self._read.setdefault((begin, end), Measurements(begin, end, self._metrics))

    def _touched_quarters(self, definition: RuleDefinition, begins: int) -> set[int]:
        """From the first that a rule is judged for; what its windows reach back to is looked at from there on."""
        oldest = max(earliest_needed(definition, begins), quarter_of(self._now - LATEST_DATA))
        touched = self._touched_by(definition.measure.source)
        return {max(quarter, begins) for quarter in touched if quarter >= oldest}

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


def _how_they_stand(
    rules: Sequence[AlertRule], now: datetime
) -> tuple[dict[int, dict[Place, Standing]], dict[int, set[int]]]:
    """{rule: how its groups stand}, those that are well left out; {rule: sessions that fire and fell silent}."""
    by_key = {rule.pk: rule for rule in rules}
    standings: dict[int, dict[Place, Standing]] = defaultdict(dict)
    ending: dict[int, set[int]] = defaultdict(set)
    found = AlertInstance.objects.unsettled().filter(rule__deleted_at=None, rule__is_active=True)
    found = found.exclude(subject=EVALUATION)
    for each in found.select_related("session").only(*_STANDING, "session__ended_at"):
        rule = by_key.get(each.rule_id)
        if rule is None:
            continue
        standings[rule.pk][_place(rule, each)] = Standing(State(each.state), each.since)
        if each.session and each.session.ended_at and each.session.ended_at + IDLE <= now:
            ending[rule.pk].add(each.session.pk)
    return standings, ending


def _come_to_be_over(rules: Sequence[AlertRule], now: datetime) -> dict[int, datetime]:
    """Since the rule about sessions that looked longest ago, so that one question serves all."""
    looked_at = [rule.evaluated_to for rule in rules if rule.scope == Scope.SESSION and rule.evaluated_to]
    return come_to_be_over(min(looked_at), now) if looked_at else {}


_STANDING = ("rule_id", "group", "subject", "limit", "state", "since", "session_id")


def _standings_before(rule: AlertRule, quarter: int) -> dict[Place, Standing]:
    """How they stood at a moment, by the history."""
    before = last_states(rule.pk, rule.effective_from, quarter_start(quarter))
    return {
        _place(rule, event.instance): Standing(State(event.to_state), event.event_time)
        for event in before
        if event.to_state != State.OK and event.instance.subject != EVALUATION
    }
