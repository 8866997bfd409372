from django.db import models
from django.db.models import Q
from django.utils import timezone

from alerts.models.event import AlertEvent
from alerts.querysets import ChannelQuerySet, DeliveryQuerySet
from sessions.models import Project


class Channel(models.Model):
    """Where events are told. `target` is an address of the kind's service, or e-mail addresses with commas."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "Webhook"
        SLACK = "slack", "Slack"
        DISCORD = "discord", "Discord"
        NTFY = "ntfy", "ntfy"
        EMAIL = "email", "E-mail"

    public_id = models.CharField(max_length=64, unique=True)
    # None: for rules of every project.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_channels"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind)
    target = models.CharField(max_length=2000)
    # Signs webhooks; the one before it stays valid beside it until it is taken out.
    secret = models.CharField(max_length=200, blank=True)
    previous_secret = models.CharField(max_length=200, blank=True)
    max_per_hour = models.IntegerField(default=60)
    is_active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.IntegerField(default=1)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    consecutive_failures = models.IntegerField(default=0)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="channel_has_a_name"),
            models.CheckConstraint(condition=~Q(target=""), name="channel_leads_somewhere"),
            models.CheckConstraint(condition=Q(max_per_hour__gte=1), name="channel_may_speak"),
        ]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """That an event is to be told on a channel: written with the event, sent afterwards, kept as the record of it.

    Rows that go out in one message share its `message_id`, which stays the same over all attempts.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        DEAD = "dead"  # given up; can be sent again
        SUPPRESSED = "suppressed"  # silenced, snoozed or over a cap

    event = models.ForeignKey(AlertEvent, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    # 0 is the event itself, each reminder that it still holds has the next number.
    sequence = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    message_id = models.CharField(max_length=64, blank=True, db_index=True)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=64, blank=True)
    attempts = models.IntegerField(default=0)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["not_before"], name="delivery_waiting", condition=Q(state="waiting")),
            models.Index(fields=["channel", "-sent_at"], name="delivery_channel_sent"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "channel", "sequence"], name="delivery_once_per_event_and_channel"
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_at_some_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} on {self.channel_id}: {self.state}"
