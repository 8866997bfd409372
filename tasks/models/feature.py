from django.db import models
from django.db.models import Q

from sessions.models import Project
from tasks.models.document import Document
from tasks.models.status import Confidence, DateSource, Status
from tasks.querysets import FeatureQuerySet


class Feature(models.Model):
    """A piece of work that documents plan and phases deliver."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="features")
    slug = models.CharField(max_length=200)
    # Every other name documents, folders and commands give it, the slug without -vN among them.
    aliases = models.JSONField(default=list)
    canonical_slug = models.CharField(max_length=200, db_index=True)
    name = models.CharField(max_length=500)
    category = models.CharField(max_length=200, blank=True)
    family = models.CharField(max_length=200, blank=True)
    # {"parent": slug, "children": [slug], "supersedes": [slug], "superseded_by": slug, "type": word}
    lineage = models.JSONField(default=dict)
    status = models.CharField(max_length=20, choices=Status, default=Status.BACKLOG)
    status_raw = models.CharField(max_length=200, blank=True)
    # Why it has that status, as a sentence.
    status_reason = models.CharField(max_length=300, blank=True)
    priority = models.CharField(max_length=60, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    planned_on = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    completed_on = models.DateField(null=True, blank=True)
    updated_on = models.DateField(null=True, blank=True)
    completed_confidence = models.CharField(max_length=10, choices=Confidence, blank=True)
    completed_source = models.CharField(max_length=10, choices=DateSource, blank=True)
    commit_refs = models.JSONField(default=list)
    pull_requests = models.JSONField(default=list)
    files = models.JSONField(default=list)  # paths its documents declare as their scope
    first_seen_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = FeatureQuerySet.as_manager()

    class Meta:
        ordering = ["project_id", "slug"]
        constraints = [
            models.UniqueConstraint(fields=["project", "slug"], name="feature_slug_once_per_project"),
            models.CheckConstraint(condition=~Q(slug=""), name="feature_has_a_slug"),
        ]

    def __str__(self) -> str:
        return self.name or self.slug


class Phase(models.Model):
    """A stage of a feature; the token is how plans and commands name it (`1`, `3.5`, `all`)."""

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="phases")
    token = models.CharField(max_length=60)
    sort_key = models.FloatField(default=0.0)
    title = models.CharField(max_length=500, blank=True)
    # The file that reports on it, else the one that plans it.
    document = models.ForeignKey(
        Document, on_delete=models.SET_NULL, null=True, blank=True, related_name="phases"
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.BACKLOG)
    status_raw = models.CharField(max_length=200, blank=True)
    # What its file says of its own progress, 0-100; figures on pages are counted from tasks instead.
    claimed_progress = models.IntegerField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    completed_on = models.DateField(null=True, blank=True)
    commit_refs = models.JSONField(default=list)
    files = models.JSONField(default=list)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["feature_id", "sort_key", "token"]
        constraints = [
            models.UniqueConstraint(fields=["feature", "token"], name="phase_once_per_feature"),
            models.CheckConstraint(
                condition=Q(claimed_progress=None) | Q(claimed_progress__gte=0, claimed_progress__lte=100),
                name="phase_progress_is_a_percentage",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"Phase {self.token}"
