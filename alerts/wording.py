"""What an event says in one sentence. Values and names only: never a prompt, never the output of a tool."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from alerts.definition import ConditionKind, Operator, RuleDefinition, Scope
from alerts.replay import Transition
from alerts.states import Reason, State
from analytics.formatting import figure, percentage
from analytics.metrics import Kind, Unit
from analytics.periods import quarter_start

MAX_LENGTH = 500
_SIDES = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}
_WINDOWS = {Scope.DAILY: "day", Scope.WEEKLY: "week", Scope.MONTHLY: "month"}
_SCOPES = {Scope.DAILY: "on", Scope.WEEKLY: "in the week from", Scope.MONTHLY: "in the month from"}


def sentence(name: str, rule: RuleDefinition, change: Transition, session_title: str = "") -> str:
    """One line about a change of state."""
    said = f"{name}: {_what(rule, change)}{_where(rule, change, session_title)}{_how(change)}"
    return said if len(said) <= MAX_LENGTH else said[: MAX_LENGTH - 1] + "…"


def _what(rule: RuleDefinition, change: Transition) -> str:
    label = rule.measure.label.lower()
    if change.after is State.NO_DATA:
        return f"no data for {label}"
    limit = amount(rule, change.threshold)
    if rule.condition is ConditionKind.CHANGE:
        label = f"{label} changed by"
    elif rule.condition is ConditionKind.ANOMALY:
        limit = f"the usual {limit}"
    return f"{label} {amount(rule, change.value)} ({_SIDES[rule.operator]} {limit})"


def _where(rule: RuleDefinition, change: Transition, session_title: str) -> str:
    group, subject, _ = change.place
    parts = [f"{name} {value}" for name, value in zip(rule.group_by, group, strict=False)]
    told = f" for {', '.join(parts)}" if parts else ""
    if rule.scope is Scope.SESSION:
        return f"{told} in “{session_title[:80] or subject}”"
    if subject:
        return f"{told} {_SCOPES[rule.scope]} {subject}"
    if rule.scope is Scope.ROLLING:
        first = quarter_start(change.window[0]).astimezone(ZoneInfo(rule.time_zone))
        return f"{told} since {first:%Y-%m-%d %H:%M}"
    return told


def _how(change: Transition) -> str:
    if change.after is State.FIRING:
        return ""
    words = {
        Reason.RECOVERED: ": over" if change.after is State.OK else ": clear, waiting",
        Reason.NOT_SUSTAINED: ": did not last",
        Reason.SESSION_ENDED: ": the session is over",
        Reason.WINDOW_CLOSED: ": the window is over",
        Reason.CORRECTED: ": corrected by data that came late",
    }
    return words.get(change.reason, ": waiting whether it lasts" if change.after is State.PENDING else "")


def outlook(rule: RuleDefinition, at: datetime) -> str:
    """When the threshold will be passed, for the end of a sentence."""
    there = at.astimezone(ZoneInfo(rule.time_zone))
    when = f"{there:%H:%M}" if rule.scope is Scope.DAILY else f"{there:%Y-%m-%d %H:%M}"
    return f"; at this pace {amount(rule, rule.threshold)} will be passed at about {when}"


def amount(rule: RuleDefinition, value: Decimal | None) -> str:
    """A value of a rule as people read it."""
    if rule.condition is ConditionKind.CHANGE and rule.compare == "percent":
        return str(percentage(value))
    if rule.measure.unit is Unit.USD and value is None:
        return "unknown"
    return str(figure(value, rule.measure.unit))


def limit_words(rule: RuleDefinition) -> str:
    """The threshold and its side, for beside a value."""
    if rule.condition is ConditionKind.ANOMALY:
        return f"{_SIDES[rule.operator]} {rule.threshold.normalize():f} deviations"
    return f"{_SIDES[rule.operator]} {amount(rule, rule.threshold)}"


def rule_sentence(rule: RuleDefinition) -> str:
    """What a rule says, in plain words."""
    subject = rule.measure.label + _over_what(rule)
    if rule.aggregation not in rule.measure.aggregations[:1]:
        subject = f"{subject} ({rule.aggregation} over sessions)"
    if rule.group_by:
        subject = f"{subject}, for each {' and '.join(rule.group_by).replace('_', ' ')},"
    is_plural = bool(_PLURALS & set(rule.measure.label.lower().split()))
    side, verb = _SIDES[rule.operator], "are" if is_plural else "is"
    if rule.condition is ConditionKind.CHANGE:
        said = f"{subject} {_change(rule, is_plural)}"
    elif rule.condition is ConditionKind.ANOMALY:
        said = f"{subject} {verb} {rule.threshold.normalize():f} deviations {side} what is usual"
    else:
        said = f"{subject} {verb} {side} {amount(rule, rule.threshold)}"
    return said + (f" for {_length(rule.for_seconds)}" if rule.for_seconds else "")


def _change(rule: RuleDefinition, is_plural: bool) -> str:
    """How a figure differs from what it was: "fall by 40 % or more"."""
    is_upward = rule.operator.is_upward
    ending = "" if is_plural else "s"
    if is_upward is not (rule.threshold >= 0):
        return f"change{ending} by {_SIDES[rule.operator]} {amount(rule, rule.threshold)}"
    verb, size = "rise" if is_upward else "fall", amount(rule, abs(rule.threshold))
    is_strict = rule.operator in (Operator.ABOVE, Operator.BELOW)
    return f"{verb}{ending} by {'more than ' if is_strict else ''}{size}{'' if is_strict else ' or more'}"


_PLURALS = frozenset({"tokens", "sessions", "tasks", "calls", "errors", "compactions", "transcripts"})


def _over_what(rule: RuleDefinition) -> str:
    """What one value is about; a level is what it is at the moment."""
    if rule.scope is Scope.SESSION:
        return " of a session"
    if rule.measure.kind is Kind.STOCK:
        return ""
    link = "in" if rule.measure.adds_up and rule.measure.unit is Unit.COUNT else "of"
    if rule.scope is Scope.ROLLING:
        return f" {link} the last {_length(rule.window_seconds or 0).removeprefix('1 ')}"
    return f" {link} a {_WINDOWS[rule.scope]}"


def _length(seconds: int) -> str:
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0 and seconds:
            count = seconds // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
