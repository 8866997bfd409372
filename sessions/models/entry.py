from django.db import models

from sessions.querysets import TranscriptEntryQuerySet


class TranscriptEntry(models.Model):
    """A stored line of a session's transcript: where it stands and what kind it is. Its text is in the archive.

    The same line in another file of the same session is a duplicate and is not stored again; the copy of a line
    in a forked session is an entry of the fork.
    """

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(
        "AgentSession", on_delete=models.CASCADE, related_name="entries", db_index=False
    )
    source = models.ForeignKey("SourceFile", on_delete=models.PROTECT, db_index=False)
    generation = models.IntegerField()
    offset = models.BigIntegerField()
    length = models.IntegerField()
    # Position in the session: the file's rank in the session x 2**32 + the line's number in the file.
    seq = models.BigIntegerField()
    uuid_key = models.BigIntegerField()
    parent_key = models.BigIntegerField(null=True)
    digest = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    subtype = models.CharField(max_length=60)
    at_ms = models.BigIntegerField(null=True)
    is_sidechain = models.BooleanField()
    # True: the line no longer stands in its file, which was rewritten after it was read.
    superseded = models.BooleanField(default=False)
    provisional = models.BooleanField(default=False)
    # True: the conversation was taken back to before this line and went on without it. It was paid for all the same.
    off_branch = models.BooleanField(default=False, db_default=False)

    objects = TranscriptEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["uuid_key", "session", "digest"], name="entry_once_per_session")
        ]
        indexes = [models.Index(fields=["session", "seq"], name="entry_session_seq")]
