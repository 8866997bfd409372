from django.db import models

from sessions.secrets.querysets import SecretFindingQuerySet


class SecretFinding(models.Model):
    """That a line holds a secret: where and of which kind. The secret itself is in the archive alone."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey("AgentSession", on_delete=models.CASCADE, related_name="secret_findings")
    entry_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=40)
    hint = models.CharField(max_length=80)  # what stands in its place where texts are shown
    fingerprint = models.BigIntegerField(db_index=True)  # equal for equal secrets; shown nowhere
    at_ms = models.BigIntegerField(null=True)

    objects = SecretFindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry_id", "kind", "fingerprint"], name="secret_once_in_a_line")
        ]
