from django.db import models

from sessions.querysets import PlacedQuerySet


class SessionEvent(models.Model):
    """Something that happened in a session beside responses and tool calls."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(
        "AgentSession", on_delete=models.CASCADE, related_name="events", db_index=False
    )
    entry_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=30)
    at_ms = models.BigIntegerField(null=True)
    quarter = models.IntegerField(null=True)
    seq = models.BigIntegerField()
    text = models.TextField(blank=True)
    data = models.TextField(default="{}")  # JSON object
    # A summary's title belongs to the session that holds the line with this key (R26).
    leaf_key = models.BigIntegerField(null=True)
    # True: a fork's copy of what happened in the session it was forked from; shown there, not counted again.
    inherited = models.BooleanField(default=False)

    objects = PlacedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["session", "kind", "seq"], name="event_session_kind_seq"),
            models.Index(fields=["kind", "quarter"], name="event_kind_quarter"),
            models.Index(fields=["leaf_key"], name="event_leaf", condition=models.Q(leaf_key__isnull=False)),
        ]


class SessionFacet(models.Model):
    """A value a session had at some time (cwd, branch, version, ...), with the first moment it was seen."""

    id = models.BigIntegerField(primary_key=True)  # stable key of (session, name, value)
    session = models.ForeignKey("AgentSession", on_delete=models.CASCADE, related_name="facets")
    name = models.CharField(max_length=30)
    value = models.TextField()
    first_at_ms = models.BigIntegerField()  # NO_TIME where no line with it has a time
    first_line = models.IntegerField()
