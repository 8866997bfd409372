"""A rule that has fired, without any data behind it: for tests about what is made of what it said."""

from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from alerts.models import AlertEvent, AlertInstance, AlertRule, Notification
from sessions.models import Project

FIRED_AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
LIMIT = Decimal(5)


def fired_rule(
    name: str, project: Project | None = None, *, at: datetime = FIRED_AT, subject: str = "", **more: Any
) -> AlertRule:
    """A rule of this id and name that fires since a moment, and whose notification nobody has read."""
    values = {"metric": "session_cost", "aggregation": "sum", "threshold": LIMIT, **more}
    rule: AlertRule = AlertRule.objects.create(public_id=name, name=name, project=project, **values)
    fire(rule, at=at, subject=subject)
    return rule


def fire(
    rule: AlertRule, *, at: datetime = FIRED_AT, subject: str = "", severity: str = "warning", **more: Any
) -> AlertEvent:
    """Let a rule fire for a session, or over all: instance, event and notification."""
    instance, _ = AlertInstance.objects.update_or_create(
        rule=rule,
        subject=subject,
        limit=LIMIT,
        defaults={"severity": severity, "state": "firing", "since": at},
    )
    event = AlertEvent.objects.create(
        rule=rule,
        instance=instance,
        dedupe_key=sha256(f"{rule.pk} {subject} {at.isoformat()}".encode()).hexdigest(),
        from_state="ok",
        to_state="firing",
        reason="threshold",
        severity=severity,
        message=more.pop("message", f"{rule.name} fired"),
        rule_version=1,
        event_time=at,
        evaluated_at=at,
        **more,
    )
    Notification.objects.create(event=event)
    return event


def notification(name: str, project: Project | None = None) -> Notification:
    """What the bell shows of a rule that has fired."""
    return Notification.objects.get(event__rule=fired_rule(name, project))
