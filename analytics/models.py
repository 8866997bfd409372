from django.db import models

from analytics.querysets import ToolUsageQuerySet, UsageQuerySet


class SessionUsage(models.Model):
    """Rollup: what a session's own responses used in one 15-minute slot, by model and skill.

    A cache of ModelResponse, rebuilt for dirty quarters only and checked by `manage.py verify`. It is fine enough
    for every dimension, since each is a property of the session, the model or the skill.
    """

    quarter = models.IntegerField(db_index=True)
    session = models.ForeignKey("agent_sessions.AgentSession", on_delete=models.CASCADE, related_name="usage")
    project = models.ForeignKey("agent_sessions.Project", on_delete=models.CASCADE, null=True)
    model = models.CharField(max_length=200)  # raw id; fast mode is its own row with "-fast"
    skill = models.CharField(max_length=200, blank=True)
    # What the responses were for, as the session's spans tell; None where nothing does.
    feature = models.ForeignKey(
        "project_tasks.Feature", on_delete=models.SET_NULL, null=True, related_name="usage"
    )
    phase = models.ForeignKey(
        "project_tasks.Phase", on_delete=models.SET_NULL, null=True, related_name="usage"
    )
    task = models.ForeignKey(
        "project_tasks.ProjectTask", on_delete=models.SET_NULL, null=True, related_name="usage"
    )
    responses = models.IntegerField()
    lower_bound_responses = models.IntegerField()
    partial_responses = models.IntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cache_read_tokens = models.BigIntegerField()
    cache_creation_5m_tokens = models.BigIntegerField()
    cache_creation_1h_tokens = models.BigIntegerField()
    unpriced_tokens = models.BigIntegerField()
    unpriced_responses = models.IntegerField()
    cost_nano_usd = models.BigIntegerField(null=True)  # of the priced responses; None when none has a price
    reported_cost_nano_usd = models.BigIntegerField(null=True)

    objects = models.Manager.from_queryset(UsageQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "session", "model", "skill", "feature", "phase", "task"],
                name="session_usage_once_per_slot",
            )
        ]


class SessionToolUsage(models.Model):
    """Rollup: a session's own tool calls in one 15-minute slot, by tool."""

    quarter = models.IntegerField(db_index=True)
    session = models.ForeignKey(
        "agent_sessions.AgentSession", on_delete=models.CASCADE, related_name="tool_usage"
    )
    project = models.ForeignKey("agent_sessions.Project", on_delete=models.CASCADE, null=True)
    name = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=20, blank=True)
    mcp_server = models.CharField(max_length=200, blank=True)
    feature = models.ForeignKey(
        "project_tasks.Feature", on_delete=models.SET_NULL, null=True, related_name="tool_usage"
    )
    phase = models.ForeignKey(
        "project_tasks.Phase", on_delete=models.SET_NULL, null=True, related_name="tool_usage"
    )
    task = models.ForeignKey(
        "project_tasks.ProjectTask", on_delete=models.SET_NULL, null=True, related_name="tool_usage"
    )
    calls = models.IntegerField()
    errors = models.IntegerField()  # answers marked as errors, rejections included
    outcome_ok = models.IntegerField()
    outcome_error = models.IntegerField()
    outcome_rejected = models.IntegerField()
    outcome_interrupted = models.IntegerField()
    outcome_blocked = models.IntegerField()
    outcome_pending = models.IntegerField()
    elapsed_ms = models.BigIntegerField()
    timed = models.IntegerField()
    execution_ms = models.BigIntegerField()
    lines_changed = models.BigIntegerField()

    objects = models.Manager.from_queryset(ToolUsageQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "session", "name", "feature", "phase", "task"],
                name="session_tool_usage_once_per_slot",
            )
        ]
