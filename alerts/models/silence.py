from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from alerts.models.rule import AlertRule
from sessions.models import Project


class Silence(models.Model):
    """A time in which events are recorded and not sent: of one rule or project, or of all; of some groups or all."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_silences"
    )
    rule = models.ForeignKey(
        AlertRule, on_delete=models.CASCADE, null=True, blank=True, related_name="silences"
    )
    matchers = models.JSONField(default=dict, blank=True)  # {dimension: value} that a group must have
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    comment = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-ends_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="silence_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule or self.project or 'everything'} until {self.ends_at:%Y-%m-%d %H:%M}"
