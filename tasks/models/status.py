from django.db import models
from django.db.models import Q

from sessions.models import Project
from tasks.parsers import statuses


class Status(models.TextChoices):
    """The one vocabulary for tasks, phases, features and documents; the raw word is kept beside it."""

    BACKLOG = statuses.BACKLOG, "Backlog"
    IN_PROGRESS = statuses.IN_PROGRESS, "In progress"
    BLOCKED = statuses.BLOCKED, "Blocked"
    REVIEW = statuses.REVIEW, "In review"
    DONE = statuses.DONE, "Done"
    DEFERRED = statuses.DEFERRED, "Deferred"


class Confidence(models.TextChoices):
    """How far a date can be relied on."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class DateSource(models.TextChoices):
    """What says so."""

    TASK = "task"  # a field of the task itself
    DOCUMENT = "document"  # a field of the document the task stands in
    SUMMARY = "summary"  # the document that reports on the work
    GIT = "git"  # the commit that first had it so
    SEEN = "seen"  # the sync that first had it so


class StatusChange(models.Model):
    """That a task or feature came to have a status, when, and how that is known."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="status_changes")
    task = models.ForeignKey(
        "ProjectTask", on_delete=models.CASCADE, null=True, related_name="status_changes"
    )
    feature = models.ForeignKey("Feature", on_delete=models.CASCADE, null=True, related_name="status_changes")
    status = models.CharField(max_length=20, choices=Status)
    status_raw = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()
    # False: only the day is known; `changed_at` is its first moment in UTC.
    has_time = models.BooleanField(default=True)
    source = models.CharField(max_length=10, choices=DateSource)
    confidence = models.CharField(max_length=10, choices=Confidence)
    commit = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["changed_at", "id"]
        indexes = [models.Index(fields=["project", "changed_at"], name="status_change_project_at")]
        constraints = [
            models.CheckConstraint(
                condition=Q(task__isnull=False, feature__isnull=True)
                | Q(task__isnull=True, feature__isnull=False),
                name="status_change_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["task", "status", "changed_at"],
                condition=Q(task__isnull=False),
                name="status_change_once_per_task_moment",
            ),
            models.UniqueConstraint(
                fields=["feature", "status", "changed_at"],
                condition=Q(feature__isnull=False),
                name="status_change_once_per_feature_moment",
            ),
        ]
