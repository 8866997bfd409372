from django.db import models
from django.db.models import Q

from sessions.models import Project
from tasks.models.document import Document
from tasks.models.feature import Feature, Phase
from tasks.models.status import Confidence, DateSource, Status
from tasks.querysets import ProjectTaskQuerySet


class ProjectTask(models.Model):
    """A unit of work that a plan names. One that left its file stays as history and is not counted."""

    class Kind(models.TextChoices):
        TASK = "task"  # an entry of a task list
        PLAN = "plan"  # a whole file that is carried out at once
        CHECKLIST = "checklist"  # a `- [ ]` line, in projects where those count

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="tasks")
    feature = models.ForeignKey(
        Feature, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks"
    )
    phase = models.ForeignKey(Phase, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TASK)
    raw_id = models.CharField(max_length=200)  # as the file writes it; repeats across files
    occurrence = models.IntegerField(default=0)  # 0 for the first of its id in the file
    position = models.IntegerField(default=0)
    title = models.CharField(max_length=500)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.BACKLOG)
    status_raw = models.CharField(max_length=200, blank=True)
    # `_on` is the day as it is written; `_at` is there when a time of day is written too.
    started_on = models.DateField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    started_confidence = models.CharField(max_length=10, choices=Confidence, blank=True)
    started_source = models.CharField(max_length=10, choices=DateSource, blank=True)
    completed_on = models.DateField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_confidence = models.CharField(max_length=10, choices=Confidence, blank=True)
    completed_source = models.CharField(max_length=10, choices=DateSource, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    owners = models.JSONField(default=list)
    priority = models.CharField(max_length=60, blank=True)
    # What was estimated, each unit for itself; None where the plan gives none in it.
    estimate_raw = models.CharField(max_length=200, blank=True)
    estimate_points = models.FloatField(null=True, blank=True)
    estimate_hours = models.FloatField(null=True, blank=True)
    estimate_usd = models.FloatField(null=True, blank=True)
    # What it took, by the plan's own account.
    effort_raw = models.CharField(max_length=200, blank=True)
    assigned_model = models.CharField(max_length=200, blank=True)
    dependencies = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    deliverables = models.JSONField(default=list)
    files = models.JSONField(default=list)
    commit_refs = models.JSONField(default=list)
    session_refs = models.JSONField(default=list)
    request_refs = models.JSONField(default=list)
    agent_refs = models.JSONField(default=list)  # ids of subagents that plans note beside a task
    line = models.IntegerField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectTaskQuerySet.as_manager()

    class Meta:
        ordering = ["document_id", "position", "id"]
        indexes = [
            models.Index(fields=["project", "completed_on"], name="task_project_completed"),
            models.Index(fields=["feature", "phase"], name="task_feature_phase"),
            models.Index(fields=["project", "raw_id"], name="task_project_raw_id"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "raw_id", "occurrence"], name="task_once_per_place_in_document"
            ),
            models.CheckConstraint(condition=~Q(raw_id=""), name="task_has_an_id"),
            models.CheckConstraint(
                condition=Q(completed_on=None, completed_confidence="")
                | (Q(completed_on__isnull=False) & ~Q(completed_confidence="")),
                name="task_completion_says_how_sure",
            ),
            models.CheckConstraint(
                condition=Q(started_on=None, started_confidence="")
                | (Q(started_on__isnull=False) & ~Q(started_confidence="")),
                name="task_start_says_how_sure",
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(completed_on__isnull=False),
                name="task_completion_time_has_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.raw_id} {self.title}"
