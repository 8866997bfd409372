from django.db import models

from sessions.models.source import SourceFile
from sessions.secrets.querysets import SecretFindingQuerySet


class SecretFinding(models.Model):
    """That a line of a transcript, or a file of another kind, holds a secret: where and of which kind.

    The secret itself is in the archive alone. A row is of a line, and then `entry_id` names it and nothing of a file
    is told; or of a plan, a stored tool output or a sidecar, once for each secret that stands or stood in it.
    """

    id = models.BigAutoField(primary_key=True)
    # Whose line, output or sidecar it is, also before anything of that session was read; None for a plan.
    session = models.ForeignKey(
        "AgentSession",
        on_delete=models.CASCADE,
        related_name="secret_findings",
        null=True,
        db_constraint=False,
    )
    entry_id = models.BigIntegerField(null=True, db_index=True)
    kind = models.CharField(max_length=40)
    hint = models.CharField(max_length=80)  # what stands in its place where texts are shown
    fingerprint = models.BigIntegerField(db_index=True)  # equal for equal secrets; shown nowhere
    # When the line was written; of a file, when the last of its texts was that holds the secret, if that is known.
    at_ms = models.BigIntegerField(null=True)

    source = models.ForeignKey(
        SourceFile, on_delete=models.CASCADE, related_name="secret_findings", null=True
    )
    generation = models.IntegerField(null=True)  # the last of the file's texts in which it stands
    line = models.IntegerField(null=True)  # the first line there that holds it, from 1
    lines = models.IntegerField(default=1)  # in how many lines it stands
    first_at_ms = models.BigIntegerField(null=True)  # as `at_ms`, of the first of the file's texts

    objects = SecretFindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry_id", "kind", "fingerprint"], name="secret_once_in_a_line"),
            models.UniqueConstraint(fields=["source", "kind", "fingerprint"], name="secret_once_in_a_file"),
            models.CheckConstraint(
                name="secret_in_a_line_or_a_file",
                condition=models.Q(entry_id__isnull=False, source=None)
                | models.Q(entry_id=None, source__isnull=False),
            ),
        ]
