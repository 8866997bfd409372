from django.db import models
from django.db.models import F, Func

from sessions.querysets import CopyQuerySet, ToolCallQuerySet

# What the index of paths holds of each: PostgreSQL takes no more than some 2,700 bytes of a row into an index.
PATH_START_CHARS = 200


def path_start() -> Func:
    """The beginning of a call's path, written as the index has it: its numbers are no parameters of a question."""
    return Func(
        F("path"),
        function="SUBSTR",
        template=f"%(function)s(%(expressions)s, 1, {PATH_START_CHARS})",
        output_field=models.CharField(),
    )


class ToolCall(models.Model):
    """One call of a tool with its answer, counted once by its id (R14)."""

    class Outcome(models.TextChoices):
        OK = "ok"
        ERROR = "error"
        REJECTED = "rejected"
        INTERRUPTED = "interrupted"
        BLOCKED = "blocked"
        PENDING = "pending"

    id = models.BigIntegerField(primary_key=True)  # stable key of the call id
    call_id = models.CharField(max_length=200)
    owner = models.ForeignKey(
        "AgentSession", on_delete=models.CASCADE, related_name="own_tool_calls", db_index=False
    )
    response_id = models.BigIntegerField(null=True)
    has_use = models.BooleanField()  # False: only an answer was found; not counted as a call
    name = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=20, blank=True)
    mcp_server = models.CharField(max_length=200, blank=True)
    skill = models.CharField(max_length=200, blank=True)
    agent_name = models.CharField(max_length=200, blank=True)
    target = models.CharField(max_length=400, blank=True)
    is_git = models.BooleanField(default=False)
    use_at_ms = models.BigIntegerField(null=True)
    use_digest = models.BigIntegerField(null=True)
    quarter = models.IntegerField(null=True, db_index=True)
    result_at_ms = models.BigIntegerField(null=True)
    result_digest = models.BigIntegerField(null=True)
    is_error = models.BooleanField(default=False)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.PENDING)
    error_class = models.CharField(max_length=40, blank=True)
    # From call to answer, waiting for a person included; None where a time is missing or the clock went back.
    elapsed_ms = models.BigIntegerField(null=True)
    # The tool's own figure, where it gives one.
    execution_ms = models.BigIntegerField(null=True)
    path = models.CharField(max_length=2000, blank=True)
    file_action = models.CharField(max_length=10, blank=True)
    lines_added = models.IntegerField(null=True)
    lines_removed = models.IntegerField(null=True)
    spawned_agent_id = models.CharField(max_length=100, blank=True)
    commits = models.CharField(max_length=1000, blank=True)  # hashes, separated by blanks
    web_searches = models.IntegerField(default=0)
    copy_count = models.IntegerField(default=1)

    objects = ToolCallQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "use_at_ms"], name="tool_call_owner_at"),
            models.Index(path_start(), name="tool_call_path", condition=~models.Q(path="")),
            models.Index(
                fields=["spawned_agent_id"],
                name="tool_call_spawned",
                condition=~models.Q(spawned_agent_id=""),
            ),
        ]


class ToolCallCopy(models.Model):
    """That a session's transcript holds a call, its answer, or word of the subagent that it started."""

    id = models.BigIntegerField(primary_key=True)  # stable key of (call, session)
    call = models.ForeignKey(ToolCall, on_delete=models.CASCADE, related_name="copies")
    session = models.ForeignKey("AgentSession", on_delete=models.CASCADE, related_name="tool_call_copies")
    has_use = models.BooleanField()
    is_error = models.BooleanField()
    use_entry_id = models.BigIntegerField(null=True)
    result_entry_id = models.BigIntegerField(null=True)

    objects = CopyQuerySet.as_manager()
