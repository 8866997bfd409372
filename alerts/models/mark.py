from django.db import models


class EvaluationMark(models.Model):
    """Something that changed since rules were last evaluated; written with the change, cleared by the evaluation."""

    class Kind(models.TextChoices):
        SESSION = "session"  # key: the session
        QUARTER = "quarter"  # key: the slot of 15 minutes whose rollups were made anew
        PLANS = "plans"  # key: the project whose plans were read

    kind = models.CharField(max_length=10, choices=Kind)
    key = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="evaluation_mark_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
