"""Rules, events and notifications under the API's names."""

from collections.abc import Iterable, Sequence
from typing import Any

from alerts.models import AlertEvent, AlertInstance, AlertRule, Notification
from alerts.states import State
from analytics.metrics import METRICS
from sessions.api_fields import iso

# The worst first.
_STATES = (State.ERROR, State.FIRING, State.RECOVERING, State.NO_DATA, State.PENDING, State.OK)


def rules_json(rules: Sequence[AlertRule]) -> list[dict[str, Any]]:
    """Rules with their standing, in three queries however many there are."""
    keys = [rule.pk for rule in rules]
    instances = AlertInstance.objects.filter(rule__in=keys)
    states: dict[int, set[str]] = {}
    for rule_id, state in instances.order_by().values_list("rule_id", "state").distinct():
        states.setdefault(rule_id, set()).add(state)
    firing = instances.firing().counts_by_rule()
    fired = AlertEvent.objects.filter(rule__in=keys).firings().counts_by_rule()
    return [
        _rule(rule, _worst(rule, states.get(rule.pk, set())), firing.get(rule.pk, 0), fired.get(rule.pk, 0))
        for rule in rules
    ]


def _worst(rule: AlertRule, states: set[str]) -> str:
    if not rule.is_active:
        return State.PAUSED
    if rule.error:
        return State.ERROR
    return next((state for state in _STATES if state in states), State.OK)


def _rule(rule: AlertRule, state: str, firing: int, fired: int) -> dict[str, Any]:
    return {
        "id": rule.public_id,
        "name": rule.name,
        "metric": rule.metric,
        "operator": rule.operator,
        "threshold": float(rule.threshold),
        "isActive": rule.is_active,
        "scope": rule.scope,
        **_meaning(rule),
        "severity": rule.severity,
        "channels": sorted(channel.public_id for channel in rule.channels.all()),
        "notifyResolved": rule.notify_resolved,
        "repeatSeconds": rule.repeat_seconds,
        "maxPerHour": rule.max_per_hour,
        "snoozedUntil": iso(rule.snoozed_until),
        "note": rule.note,
        "link": rule.link,
        "project": rule.project.slug if rule.project else None,
        "state": state,
        "firing": firing,
        "fired": fired,
        "lastValue": number(rule.last_value),
        "lastEvaluatedAt": iso(rule.last_evaluated_at),
        "error": rule.error,
        "groupsLeftOut": rule.groups_left_out,
        "version": rule.version,
        "createdAt": iso(rule.created_at),
        "updatedAt": iso(rule.updated_at),
    }


def _meaning(rule: AlertRule) -> dict[str, Any]:
    return {
        "unit": str(METRICS[rule.metric].unit),
        "windowSeconds": rule.window_seconds,
        "timeZone": rule.time_zone,
        "aggregation": rule.aggregation,
        "condition": rule.condition,
        "compare": rule.compare,
        "baseline": rule.baseline,
        "baselineLength": rule.baseline_length,
        "warnThreshold": number(rule.warn_threshold),
        "recoveryThreshold": number(rule.recovery_threshold),
        "steps": [float(step) for step in rule.steps],
        "minSamples": rule.min_samples,
        "minSessions": rule.min_sessions,
        "forSeconds": rule.for_seconds,
        "keepFiringSeconds": rule.keep_firing_seconds,
        "filters": rule.filters,
        "groupBy": rule.group_by,
        "noData": rule.no_data,
    }


def number(value: Any) -> float | None:
    return None if value is None else float(value)


def event_json(event: AlertEvent) -> dict[str, Any]:
    """An event; its rule and instance are to be fetched with it."""
    return {
        "id": str(event.pk),
        "alertId": event.rule.public_id,
        "fromState": event.from_state,
        "toState": event.to_state,
        "reason": event.reason,
        "severity": event.severity,
        "message": event.message,
        "value": number(event.value),
        "threshold": number(event.threshold),
        "samples": event.samples,
        "group": event.instance.group,
        "subject": event.instance.subject,
        "ruleVersion": event.rule_version,
        "evidence": {"window": None, "sessions": [], "contributors": [], **event.evidence},
        "eventTime": iso(event.event_time),
        "evaluatedAt": iso(event.evaluated_at),
        "isLate": event.is_late,
        "isBackfilled": event.is_backfilled,
    }


def notifications_json(notifications: Iterable[Notification]) -> list[dict[str, Any]]:
    return [notification_json(each) for each in notifications]


def notification_json(notification: Notification) -> dict[str, Any]:
    event = notification.event
    return {
        "id": str(notification.pk),
        "alertId": event.rule.public_id,
        "message": event.message,
        "timestamp": iso(event.event_time),
        "isRead": notification.is_read,
        "severity": event.severity,
        "state": event.to_state,
        "eventId": str(event.pk),
    }
