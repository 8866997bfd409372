from django.db import models
from django.db.models import Q

from sessions.models import Project, SourceFile
from tasks.models.root import PlanRoot
from tasks.models.status import Status
from tasks.querysets import DocumentQuerySet


class Document(models.Model):
    """A plan file as it was last read. Its text is in the archive, under `source`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="documents")
    root = models.ForeignKey(PlanRoot, on_delete=models.CASCADE, related_name="documents")
    source = models.ForeignKey(SourceFile, on_delete=models.CASCADE, related_name="documents")
    feature = models.ForeignKey(
        "Feature", on_delete=models.SET_NULL, null=True, blank=True, related_name="documents"
    )
    path = models.CharField(max_length=4096)  # relative to the root, with slashes
    project_path = models.CharField(max_length=4096)  # relative to the project's folder, as plans cite it
    layout = models.CharField(max_length=20)
    title = models.CharField(max_length=500)
    doc_type = models.CharField(max_length=40)
    doc_subtype = models.CharField(max_length=40, blank=True)
    category = models.CharField(max_length=200, blank=True)
    phase_token = models.CharField(max_length=60, blank=True)
    has_front_matter = models.BooleanField(default=False)
    # None: the file says nothing about its status.
    status = models.CharField(max_length=20, choices=Status, null=True, blank=True)
    status_raw = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    created_on = models.DateField(null=True, blank=True)
    updated_on = models.DateField(null=True, blank=True)
    completed_on = models.DateField(null=True, blank=True)
    # All that was read from the file, as tasks.parsers.records.ParsedDocument writes itself down.
    facts = models.JSONField(default=dict)
    facts_version = models.IntegerField(default=0)
    source_generation = models.IntegerField(default=0)  # of which `facts` tells
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # when a sync last read other content than before
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["project_id", "project_path", "id"]
        indexes = [models.Index(fields=["project", "doc_type"], name="document_project_type")]
        constraints = [
            models.UniqueConstraint(fields=["root", "source"], name="document_once_per_root"),
            models.UniqueConstraint(
                fields=["root", "path"], condition=Q(removed_at=None), name="document_path_once_per_root"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.path


class ChecklistItem(models.Model):
    """A `- [ ]` line of a document."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="checklist")
    position = models.IntegerField()  # from 0, in the order of the file
    line = models.IntegerField()
    heading = models.CharField(max_length=300, blank=True)
    text = models.CharField(max_length=1000)
    is_done = models.BooleanField()
    depth = models.IntegerField(default=0)  # 0: not inside another item

    class Meta:
        ordering = ["document_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="checklist_item_once_per_place")
        ]


class PlanProblem(models.Model):
    """Something in a plan file that could not be understood; the file was read as far as it could be."""

    root = models.ForeignKey(PlanRoot, on_delete=models.CASCADE, related_name="problems")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, null=True, related_name="problems")
    path = models.CharField(max_length=4096)
    line = models.IntegerField(null=True)  # counted from 1; None: the whole file
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=500)
    excerpt = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["path", "line", "id"]


class UnknownStatus(models.Model):
    """A status word of a document that the vocabulary does not have; it was read as backlog."""

    class Where(models.TextChoices):
        DOCUMENT = "document"
        TASK = "task"

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="unknown_statuses")
    where = models.CharField(max_length=10, choices=Where)
    word = models.CharField(max_length=200)
    count = models.IntegerField()

    class Meta:
        ordering = ["word", "document_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "where", "word"], name="unknown_status_once_per_word"
            ),
            models.CheckConstraint(condition=Q(count__gt=0), name="unknown_status_was_seen"),
        ]
