from django.db import models
from django.db.models import Q

from sessions.models import AgentSession, Project
from tasks.models.document import Document
from tasks.models.feature import Feature, Phase
from tasks.models.task import ProjectTask


class Link(models.Model):
    """That a session served something planned, with the evidence for it.

    `feature` is set on the link to one of its phases or tasks too, and `phase` on the link to a task; the link to the
    feature itself is the one without them.
    """

    class Origin(models.TextChoices):
        AUTO = "auto"  # found by evidence; made anew whenever the session or the plans change
        MANUAL = "manual"  # decided by a person; never changed by the program

    class State(models.TextChoices):
        LINKED = "linked"
        UNLINKED = "unlinked"  # a person says it is none: evidence does not bring it back
        PINNED = "pinned"  # a person says this is what the session was for

    id = models.BigIntegerField(primary_key=True)  # stable key of the session and all that it is linked to
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="links")
    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, null=True, related_name="links")
    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, null=True, related_name="links")
    task = models.ForeignKey(ProjectTask, on_delete=models.CASCADE, null=True, related_name="links")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, null=True, related_name="links")
    commit = models.CharField(max_length=64, blank=True)
    # The kind of the strongest evidence (tasks.matching.RULES); "" for a link made by hand.
    strategy = models.CharField(max_length=30, blank=True)
    confidence = models.FloatField()
    is_primary = models.BooleanField(default=False)
    # [{"kind", "detail", "weight", "seq", "at"}], strongest first; `seq` is the transcript entry that says it.
    evidence = models.JSONField(default=list)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.AUTO)
    state = models.CharField(max_length=10, choices=State, default=State.LINKED)

    class Meta:
        indexes = [
            models.Index(fields=["feature", "-confidence"], name="link_feature_confidence"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="link_confidence_is_a_probability"
            ),
            models.CheckConstraint(
                condition=Q(feature__isnull=False) | Q(document__isnull=False) | ~Q(commit=""),
                name="link_leads_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(is_primary=False) | ~Q(state="unlinked"), name="link_primary_is_linked"
            ),
            models.UniqueConstraint(
                fields=["session"], condition=Q(is_primary=True), name="link_one_primary_per_session"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.state} to {self.task_id or self.phase_id or self.feature_id}"


class ServedSpan(models.Model):
    """From `from_ms` until the session's next span, its work was for this; without a feature, for nothing planned.

    Every response belongs to the span it lies in, and so to exactly one task, phase, feature or to none.
    """

    id = models.BigIntegerField(primary_key=True)  # stable key of (session, from_ms)
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="served_spans")
    from_ms = models.BigIntegerField()
    feature = models.ForeignKey(Feature, on_delete=models.SET_NULL, null=True, related_name="served_spans")
    phase = models.ForeignKey(Phase, on_delete=models.SET_NULL, null=True, related_name="served_spans")
    task = models.ForeignKey(ProjectTask, on_delete=models.SET_NULL, null=True, related_name="served_spans")

    class Meta:
        ordering = ["session_id", "from_ms"]
        constraints = [
            models.UniqueConstraint(fields=["session", "from_ms"], name="served_span_once_per_moment"),
        ]


class LinkDue(models.Model):
    """A session whose facts, or whose project's plans, changed since its links were made."""

    session = models.OneToOneField(
        AgentSession, on_delete=models.CASCADE, primary_key=True, related_name="link_due"
    )


class PlanSignature(models.Model):
    """What the plans of a project looked like to linking when its sessions were last marked due for them."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="plan_signature"
    )
    digest = models.CharField(max_length=64)
