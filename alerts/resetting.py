"""Ending what is known of a rule's groups, when the rule is changed, switched off or deleted."""

from datetime import datetime

from django.db import transaction

from alerts.keys import event_key
from alerts.models import AlertEvent, AlertInstance, AlertRule
from alerts.states import Reason, State


def close_instances(rule: AlertRule, reason: Reason, now: datetime) -> int:
    """Put every group that is not well back to well, each with an event that says why; returns how many."""
    with transaction.atomic():
        open_ones = list(AlertInstance.objects.filter(rule=rule).unsettled())
        events = [_ending(rule, instance, reason, now) for instance in open_ones]
        AlertEvent.objects.bulk_create(events, ignore_conflicts=True)
        AlertInstance.objects.filter(rule=rule).update(state=State.OK, since=now, evaluated_at=now)
    return len(events)


def _ending(rule: AlertRule, instance: AlertInstance, reason: Reason, now: datetime) -> AlertEvent:
    return AlertEvent(
        rule=rule,
        instance=instance,
        dedupe_key=event_key(rule.pk, rule.version, instance.pk, State.OK, now, reason),
        from_state=instance.state,
        to_state=State.OK,
        reason=reason,
        severity=instance.severity,
        message=f"{rule.name}: {_WORDS[reason]}",
        value=instance.value,
        threshold=instance.limit,
        samples=instance.samples,
        rule_version=rule.version,
        event_time=now,
        evaluated_at=now,
    )


_WORDS = {
    Reason.RULE_CHANGED: "the rule was changed and starts afresh",
    Reason.RULE_DELETED: "the rule was deleted",
    Reason.PAUSED: "the rule was switched off",
}
