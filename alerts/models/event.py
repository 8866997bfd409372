from typing import Any

from django.db import models
from django.db.models import Q

from alerts.definition import Severity
from alerts.models.rule import AlertRule, amount, choices
from alerts.querysets import AlertEventQuerySet, AlertInstanceQuerySet, NotificationQuerySet
from alerts.states import Reason, State
from sessions.models import AgentSession


class AlertInstance(models.Model):
    """How a rule stands for one group: one session, one calendar window, or one rolling series.

    `limit` tells the rule's thresholds apart: each step on the way has an instance of its own.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="instances")
    group = models.JSONField(default=dict)  # {dimension: value}
    group_key = models.CharField(max_length=64, blank=True)  # digest of the group; "" without one
    # The session's public id or the first instant of the calendar window; "" for a rolling window.
    subject = models.CharField(max_length=300, blank=True)
    limit = amount()
    session = models.ForeignKey(
        AgentSession,
        on_delete=models.SET_NULL,
        null=True,
        related_name="alert_instances",
        db_constraint=False,
    )
    severity = models.CharField(max_length=10, choices=choices(Severity))
    state = models.CharField(max_length=10, choices=choices(State), default=State.OK)
    since = models.DateTimeField(null=True)  # event time of the last transition
    value = amount(null=True)
    samples = models.IntegerField(default=0)
    evaluated_at = models.DateTimeField(null=True)

    objects = AlertInstanceQuerySet.as_manager()

    class Meta:
        ordering = ["rule_id", "-since", "id"]
        indexes = [
            models.Index(fields=["rule"], name="alert_instance_not_ok", condition=~Q(state="ok")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "group_key", "subject", "limit"], name="alert_instance_once_per_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject or self.group or ''} {self.state}"


class AlertEvent(models.Model):
    """A change of an instance's state. Rows are added and never changed: they are the history."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="events")
    instance = models.ForeignKey(AlertInstance, on_delete=models.CASCADE, related_name="events")
    # What makes the same change the same event, however often the same data is looked at.
    dedupe_key = models.CharField(max_length=64, unique=True)
    from_state = models.CharField(max_length=10, choices=choices(State))
    to_state = models.CharField(max_length=10, choices=choices(State))
    reason = models.CharField(max_length=20, choices=choices(Reason))
    severity = models.CharField(max_length=10, choices=choices(Severity))
    message = models.CharField(max_length=500, blank=True)
    value = amount(null=True)
    threshold = amount(null=True)
    samples = models.IntegerField(default=0)
    rule_version = models.IntegerField()
    # {"sessions": [...], "contributors": [...], "window": {...}}: each with an address to open it.
    evidence = models.JSONField(default=dict)
    event_time = models.DateTimeField()  # when it happened in the data
    evaluated_at = models.DateTimeField()  # when it was noticed
    is_late = models.BooleanField(default=False)
    # True: history that was read in later; recorded and never sent.
    is_backfilled = models.BooleanField(default=False)

    objects = AlertEventQuerySet.as_manager()

    class Meta:
        ordering = ["-event_time", "-id"]
        indexes = [
            models.Index(fields=["rule", "-event_time", "-id"], name="alert_event_rule_time"),
            models.Index(fields=["instance", "event_time"], name="alert_event_instance_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(dedupe_key=""), name="alert_event_has_a_key"),
        ]

    def __str__(self) -> str:
        return self.message or f"{self.from_state} to {self.to_state}"

    def save(self, *args: Any, **more: Any) -> None:
        if self.pk is not None:
            raise TypeError("An alert event is history and cannot be changed.")
        super().save(*args, **more)


class Notification(models.Model):
    """What the bell shows: an event that somebody should see, read or not."""

    event = models.OneToOneField(AlertEvent, on_delete=models.CASCADE, related_name="notification")
    is_read = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], name="notification_unread", condition=Q(is_read=False))]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_read=True) | Q(read_at=None), name="notification_unread_was_not_read"
            ),
        ]

    def __str__(self) -> str:
        return str(self.event)
