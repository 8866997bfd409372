from django.db import models

from sessions.models import Project


class PlanRoot(models.Model):
    """A folder whose Markdown files are the plans of a project."""

    class Origin(models.TextChoices):
        AUTO = "auto"  # found under the project's folder
        MANUAL = "manual"  # named by a person; never removed by the program

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="plan_roots")
    path = models.CharField(max_length=4096)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.AUTO)
    # The layouts its files were read by, most frequent first, separated by blanks.
    layout = models.CharField(max_length=100, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    # The commit up to which git history was read, and when the repository's log last changed by then.
    git_head = models.CharField(max_length=64, blank=True)
    git_stamp_ns = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["project_id", "path"]
        constraints = [
            models.UniqueConstraint(fields=["project", "path"], name="plan_root_once_per_project"),
        ]

    def __str__(self) -> str:
        return self.path


class PlanSettings(models.Model):
    """How a project's plans are to be counted, where a person chose."""

    class CountChecklists(models.TextChoices):
        AUTO = "auto", "Only when the plans have no task lists"
        ALWAYS = "always", "Always"
        NEVER = "never", "Never"

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="plan_settings")
    count_checklists = models.CharField(max_length=10, choices=CountChecklists, default=CountChecklists.AUTO)
    # True: the choice changed after tasks were last derived.
    stale = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "plan settings"

    def __str__(self) -> str:
        return f"{self.project}: check-list items count as tasks {self.count_checklists}"
