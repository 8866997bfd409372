from django.db import models

from sessions.querysets import QuarantinedLineQuerySet, SourceFileQuerySet


class SourceFile(models.Model):
    """A file that was read, how far, and what came of its lines.

    Always: lines_seen = lines_stored + lines_duplicate + lines_quarantined + lines_blank.
    """

    class Kind(models.TextChoices):
        TRANSCRIPT = "transcript"
        SIDECAR = "sidecar"  # agent-<id>.meta.json
        TOOL_OUTPUT = "tool_output"  # what a tool answered, too long for its transcript
        PLAN = "plan"  # Markdown that plans work; its lines are not counted

    path = models.CharField(max_length=4096, unique=True)
    root = models.CharField(max_length=4096)
    relative_path = models.CharField(max_length=4096)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.TRANSCRIPT)
    format = models.CharField(max_length=40, default="claude-code")
    is_demo = models.BooleanField(default=False)
    # Identity: any doubt starts a new generation, read from the start.
    device = models.BigIntegerField(default=0)
    inode = models.BigIntegerField(default=0)  # modulo 2**63: some file systems use all 64 bits
    size = models.BigIntegerField(default=0)
    mtime_ns = models.BigIntegerField(default=0)
    ctime_ns = models.BigIntegerField(default=0)
    generation = models.IntegerField(default=1)
    # Checkpoint: the byte after the last newline that was read, and how many lines stand before it.
    committed_offset = models.BigIntegerField(default=0)
    line_count = models.IntegerField(default=0)
    pending_bytes = models.BigIntegerField(default=0)
    # Bytes after the checkpoint that already are a whole record; replaced when the line grows.
    provisional_bytes = models.BigIntegerField(default=0)
    provisional_digest = models.BigIntegerField(null=True, blank=True)
    provisional_name = models.CharField(max_length=130, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    # True: no line named a session yet, so that `owner` is only the file's name.
    owner_guessed = models.BooleanField(default=False)
    last_at_ms = models.BigIntegerField(null=True, blank=True)
    lines_seen = models.IntegerField(default=0)
    lines_stored = models.IntegerField(default=0)
    lines_duplicate = models.IntegerField(default=0)
    lines_quarantined = models.IntegerField(default=0)
    lines_blank = models.IntegerField(default=0)
    # {"type/subtype": count} of the records read, for the list of unknown types without a scan of all entries.
    record_counts = models.JSONField(default=dict)
    # True: a line that had been counted turned out to be another; its facts are derived again from the archive.
    needs_rebuild = models.BooleanField(default=False)
    # Of files that are no transcripts: whether every text of it was searched for secrets. None: that is to be done;
    # False: some text could not be, since it had been pruned or is damaged.
    secrets_searched = models.BooleanField(null=True)
    previous_paths = models.JSONField(default=list)
    missing_since = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    first_read_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)

    objects = SourceFileQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="source_rebuild", condition=models.Q(needs_rebuild=True)),
            models.Index(
                fields=["id"],
                name="source_unsearched",
                condition=models.Q(secrets_searched=None) & ~models.Q(kind="transcript"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="source_every_line_accounted_for",
                condition=models.Q(
                    lines_seen=models.F("lines_stored")
                    + models.F("lines_duplicate")
                    + models.F("lines_quarantined")
                    + models.F("lines_blank")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.relative_path


class SourceSession(models.Model):
    """That a file holds lines of a session; `rank` orders a session's files (0 for the only one)."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(SourceFile, on_delete=models.CASCADE, related_name="session_links")
    session = models.ForeignKey(
        "AgentSession", on_delete=models.CASCADE, related_name="source_links", db_constraint=False
    )
    rank = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "session"], name="source_session_once")]


class ArchiveSegment(models.Model):
    """Consecutive bytes of a source as they were read, compressed; kept until somebody prunes them."""

    source = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="segments")
    generation = models.IntegerField()
    offset = models.BigIntegerField()
    length = models.BigIntegerField()
    first_line = models.IntegerField()
    sha256 = models.BinaryField(max_length=32)
    data = models.BinaryField()
    # True: bytes after the last newline; replaced when the file grows.
    provisional = models.BooleanField(default=False)
    # True: one line too long to keep; `data` holds how it begins and ends, `sha256` is of the whole.
    abridged = models.BooleanField(default=False)
    # When `data` was dropped by `manage.py prune`; everything else of the row stays.
    pruned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["source"], name="archive_pruned", condition=models.Q(pruned_at__isnull=False)
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "generation", "offset"], name="archive_segment_once_per_place"
            )
        ]


class QuarantinedLine(models.Model):
    """A complete line that could not be understood; counted and shown, its bytes are in the archive."""

    source = models.ForeignKey(SourceFile, on_delete=models.CASCADE, related_name="quarantined")
    generation = models.IntegerField()
    offset = models.BigIntegerField()
    length = models.BigIntegerField()
    line_no = models.IntegerField()
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=500)
    excerpt = models.CharField(max_length=400)
    provisional = models.BooleanField(default=False)

    objects = QuarantinedLineQuerySet.as_manager()

    class Meta:
        ordering = ["source_id", "offset"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "generation", "offset"], name="quarantined_once_per_place"
            )
        ]
