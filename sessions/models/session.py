from django.db import models
from django.db.models import Q

from sessions.querysets import AgentSessionQuerySet

LISTED = (
    "session_type",
    "project",
    "root",
    "start_quarter",
    "started_at",
    "ended_at",
    "is_open",
    "ending",
    "wall_seconds",
    "active_seconds",
    "response_count",
    "inherited_response_count",
    "lower_bound_responses",
    "partial_responses",
    "prompt_count",
    "tool_call_count",
    "tool_error_count",
    "api_error_count",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
    "unpriced_tokens",
    "cost_nano_usd",
)


class AgentSession(models.Model):
    """One run of an agent. All columns are derived from its entries, responses, calls and events (refresh.py)."""

    class SessionType(models.TextChoices):
        SESSION = "session"
        SUBAGENT = "subagent"
        WORKFLOW_AGENT = "workflow_agent"
        FORK = "fork"

    class Ending(models.TextChoices):
        """How it stands when nothing more comes; `active` is told at asking, from the time of the last record."""

        COMPLETED = "completed"
        INTERRUPTED = "interrupted"
        FAILED = "failed"

    id = models.BigIntegerField(primary_key=True)  # stable key of (agent, native id, agent id)
    public_id = models.CharField(max_length=300, unique=True)
    agent = models.CharField(max_length=40, default="claude-code")
    native_id = models.CharField(max_length=200, db_index=True)
    agent_id = models.CharField(max_length=100, blank=True)
    session_type = models.CharField(max_length=20, choices=SessionType, default=SessionType.SESSION)
    is_demo = models.BooleanField(default=False)
    # True: facts changed since the columns below were derived.
    stale = models.BooleanField(default=True)
    project = models.ForeignKey("Project", on_delete=models.PROTECT, null=True, related_name="sessions")
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="children", db_constraint=False
    )
    root = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="family", db_constraint=False
    )
    forked_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="forks", db_constraint=False
    )
    # The session whose conversation this one goes on with, under an id of its own.
    continued_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="continuations", db_constraint=False
    )
    spawned_by = models.BigIntegerField(null=True)  # ToolCall id
    agent_name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=300, blank=True)
    title_source = models.CharField(max_length=20, blank=True)
    ending = models.CharField(max_length=20, choices=Ending, default=Ending.COMPLETED)
    # True: the last record leaves work open, so that the session is active as long as it is recent.
    is_open = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # First moment of its own, later than started_at in a fork, which begins with its parent's history.
    own_started_at = models.DateTimeField(null=True)
    start_quarter = models.IntegerField(null=True)
    wall_seconds = models.IntegerField(null=True)
    active_seconds = models.IntegerField(null=True)
    model = models.CharField(max_length=200, blank=True)
    models_used = models.JSONField(default=list)
    versions = models.JSONField(default=list)
    branch = models.CharField(max_length=300, blank=True)
    branches = models.JSONField(default=list)
    cwd = models.CharField(max_length=1000, blank=True)
    cwds = models.JSONField(default=list)
    worktree = models.CharField(max_length=200, blank=True)
    entrypoint = models.CharField(max_length=60, blank=True)
    author = models.CharField(max_length=200, blank=True)
    commits = models.JSONField(default=list)
    pull_requests = models.JSONField(default=list)
    skills = models.JSONField(default=list)
    agents = models.JSONField(default=list)
    tools = models.JSONField(default=list)
    # Own: what this session caused. Inherited: what stands in its transcript and belongs to another session.
    response_count = models.IntegerField(default=0)
    inherited_response_count = models.IntegerField(default=0)
    lower_bound_responses = models.IntegerField(default=0)
    partial_responses = models.IntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_creation_5m_tokens = models.BigIntegerField(default=0)
    cache_creation_1h_tokens = models.BigIntegerField(default=0)
    inherited_tokens = models.BigIntegerField(default=0)
    unpriced_tokens = models.BigIntegerField(default=0)
    cost_nano_usd = models.BigIntegerField(null=True)  # of the priced responses; None when none has a price
    reported_cost_nano_usd = models.BigIntegerField(null=True)
    entry_count = models.IntegerField(default=0)
    prompt_count = models.IntegerField(default=0)
    tool_call_count = models.IntegerField(default=0)
    tool_error_count = models.IntegerField(default=0)
    api_error_count = models.IntegerField(default=0)
    compaction_count = models.IntegerField(default=0)
    files_changed = models.IntegerField(default=0)
    lines_added = models.IntegerField(default=0)
    lines_removed = models.IntegerField(default=0)
    web_search_side_calls = models.IntegerField(default=0)
    has_transcript = models.BooleanField(default=False)  # False: known only from its subagents' lines
    source_missing = models.BooleanField(default=False)
    # When lines of it were pruned: its figures are whole, its text is not.
    text_pruned_at = models.DateTimeField(null=True)
    dates = models.JSONField(default=dict)
    timeline = models.JSONField(default=list)
    impact_history = models.JSONField(default=list)

    objects = AgentSessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-started_at", "id"], name="session_started"),
            models.Index(fields=["ended_at"], name="session_ended"),
            # Covers what is asked of the sessions that began in a period: rows are wide, this is narrow.
            models.Index(
                fields=[
                    "start_quarter",
                    "session_type",
                    "project",
                    "wall_seconds",
                    "active_seconds",
                    "web_search_side_calls",
                ],
                name="session_start_figures",
            ),
            # Covers what lists are filtered, ordered and added up by, for the same reason.
            models.Index(fields=LISTED, name="session_listed"),
            models.Index(fields=["id"], name="session_stale", condition=Q(stale=True)),
        ]

    def __str__(self) -> str:
        return self.title or self.public_id
