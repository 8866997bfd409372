"""What the pages about alerts show: rules with their standing, what fires now, and what stands behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from alerts.courses import recent_values
from alerts.definition import ConditionKind
from alerts.models import AlertEvent, AlertInstance, AlertRule
from alerts.querysets.history import last_firings
from alerts.representation import event_json, rules_json
from alerts.states import State
from alerts.wording import amount, limit_words, rule_sentence
from sessions.scope import Projects

LATELY = timedelta(days=30)
MOST_FIRING = 100

# How a state looks: the kind of badge and its icon. What needs somebody comes first.
LOOKS = {
    State.FIRING: ("error", "warning"),
    State.RECOVERING: ("warning", "hourglass"),
    State.ERROR: ("error", "error"),
    State.PENDING: ("warning", "clock"),
    State.NO_DATA: ("neutral", "question"),
    State.OK: ("ok", "check"),
    State.PAUSED: ("neutral", "pause"),
}
_ORDER = list(LOOKS)


@dataclass(frozen=True, slots=True)
class StateLook:
    """A state as a badge."""

    word: str
    kind: str
    icon: str

    @classmethod
    def of(cls, state: str) -> "StateLook":
        kind, icon = LOOKS[State(state)]
        return cls(state.replace("_", " "), kind, icon)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as the list shows it. `share` is the last value in percent of the threshold, where that is one.

    `course` is how its figure went lately, a value a day.
    """

    rule: AlertRule
    state: str
    sentence: str
    last: str
    limit: str
    share: int | None
    firing: int
    fired_lately: int
    is_snoozed: bool
    course: list[float | None] = field(default_factory=list)

    @property
    def look(self) -> StateLook:
        return StateLook.of(self.state)


def rule_rows(rules: Sequence[AlertRule], now: datetime) -> list[RuleRow]:
    """Rules with their standing, those that fire first; as many queries for many as for one."""
    fired = AlertEvent.objects.filter(rule__in=[rule.pk for rule in rules], event_time__gte=now - LATELY)
    lately = fired.firings().counts_by_rule()
    told = rules_json(rules)
    courses = recent_values(rules, now)
    rows = [
        _row(rule, each, lately.get(rule.pk, 0), courses.get(rule.pk, []), now)
        for rule, each in zip(rules, told, strict=True)
    ]
    return sorted(rows, key=lambda row: (_ORDER.index(State(row.state)), row.rule.name.lower()))


def _row(
    rule: AlertRule, told: dict[str, Any], lately: int, course: Sequence[Decimal | None], now: datetime
) -> RuleRow:
    definition = rule.definition
    return RuleRow(
        rule=rule,
        state=told["state"],
        sentence=rule_sentence(definition),
        last="" if rule.last_value is None else amount(definition, rule.last_value),
        limit=limit_words(definition),
        share=_share(rule),
        firing=told["firing"],
        fired_lately=lately,
        is_snoozed=rule.snoozed_until is not None and rule.snoozed_until > now,
        course=[None if value is None else float(value) for value in course],
    )


def _share(rule: AlertRule) -> int | None:
    """How far the last value is on its way to a threshold above it."""
    definition = rule.definition
    is_way = definition.condition is ConditionKind.STATIC and definition.operator.is_upward
    if not is_way or rule.last_value is None or rule.threshold <= 0:
        return None
    return min(100, int(100 * rule.last_value / rule.threshold))


@dataclass(frozen=True, slots=True)
class FiringRow:
    """One group for which a rule fires, and what its last firing said."""

    instance: AlertInstance
    message: str
    evidence: dict[str, Any]

    @property
    def look(self) -> StateLook:
        return StateLook.of(self.instance.state)


def firing_rows(projects: Projects = None) -> list[FiringRow]:
    """What fires now of the rules of these projects, the gravest and then the latest first; at most MOST_FIRING."""
    found = (
        AlertInstance.objects.readable(projects).firing().filter(rule__deleted_at=None, rule__is_active=True)
    )
    instances = list(found.select_related("rule").gravest_first()[:MOST_FIRING])
    last = last_firings(each.pk for each in instances)
    return [_firing(each, last.get(each.pk)) for each in instances]


def _firing(instance: AlertInstance, event: AlertEvent | None) -> FiringRow:
    if event is None:
        return FiringRow(instance, instance.rule.name, {})
    return FiringRow(instance, event.message, event.evidence)


@dataclass(frozen=True, slots=True)
class EventRow:
    """A change of state as a rule's page shows it."""

    event: AlertEvent
    value: str
    limit: str
    told: dict[str, Any]

    @property
    def look(self) -> StateLook:
        return StateLook.of(self.event.to_state)

    @property
    def before(self) -> StateLook:
        return StateLook.of(self.event.from_state)

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """The stretch of time that was counted; None for a session."""
        window = self.told["evidence"]["window"]
        if not window:
            return None
        return datetime.fromisoformat(window["start"]), datetime.fromisoformat(window["end"])

    @property
    def reason(self) -> str:
        return REASONS.get(self.event.reason, self.event.reason.replace("_", " "))


REASONS = {
    "threshold": "passed the threshold",
    "not_sustained": "did not last",
    "recovered": "back where all is well",
    "session_ended": "the session is over",
    "window_closed": "the window is over",
    "no_data": "nothing to judge",
    "error": "could not be evaluated",
    "rule_changed": "the rule was changed",
    "rule_deleted": "the rule was deleted",
    "paused": "the rule was switched off",
    "corrected": "corrected by data that came late",
}


def event_rows(rule: AlertRule, events: Iterable[AlertEvent]) -> list[EventRow]:
    """Events of a rule with figures as people read them. Written with the unit that the rule has now."""
    definition = rule.definition
    return [
        EventRow(
            event,
            "" if event.value is None else amount(definition, event.value),
            "" if event.threshold is None else amount(definition, event.threshold),
            event_json(event),
        )
        for event in events
    ]
