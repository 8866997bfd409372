"""Rules that cannot be evaluated: each says why, and after three times in a row it is told once."""

from dataclasses import dataclass
from datetime import datetime

from alerts.budget import OverBudget
from alerts.definition import Severity
from alerts.models import AlertEvent, AlertRule
from alerts.recording import EVALUATION, Recorder, Told
from alerts.replay import Transition
from alerts.states import Reason, State

TOLD_AFTER = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a rule could not be evaluated, in a sentence."""

    sentence: str

    @classmethod
    def of(cls, error: Exception) -> "Trouble":
        if isinstance(error, OverBudget):
            return cls(str(error))
        return cls(f"{type(error).__name__}: {error}"[:500])


def note_trouble(rule: AlertRule, trouble: Trouble, now: datetime) -> list[AlertEvent]:
    """Keep why a rule could not be evaluated; the third time in a row is an event that people see."""
    count = rule.error_count + 1
    AlertRule.objects.filter(pk=rule.pk).update(error=trouble.sentence, error_count=count)
    if count != TOLD_AFTER:
        return []
    said = f"{rule.name}: could not be evaluated {TOLD_AFTER} times in a row. {trouble.sentence}"
    return _record(rule, State.OK, State.ERROR, Reason.ERROR, said[:500], now)


def note_recovery(rule: AlertRule, now: datetime) -> list[AlertEvent]:
    """That a rule of which trouble was told can be evaluated again."""
    if rule.error_count < TOLD_AFTER:
        return []
    said = f"{rule.name}: can be evaluated again"
    return _record(rule, State.ERROR, State.OK, Reason.RECOVERED, said, now)


def _record(
    rule: AlertRule, before: State, after: State, reason: Reason, said: str, now: datetime
) -> list[AlertEvent]:
    change = Transition(
        place=((), EVALUATION, rule.threshold),
        before=before,
        after=after,
        reason=reason,
        at=now,
        value=None,
        threshold=rule.threshold,
        samples=0,
        window=(0, 0),
        severity=Severity.WARNING,
    )
    return Recorder(rule, now).record([Told(change, said)])
