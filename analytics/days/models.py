from django.db import models

from analytics.days.querysets import DaysQuerySet
from analytics.summed_columns import ToolSums, UsageSums


class DailyUsage(UsageSums):
    """Rollup of SessionUsage: what all projects' responses used on a UTC day, under one name of one dimension.

    The dimension "" has one row per day, named "": the whole. Rows of other dimensions add up to it. Projects and
    features are named by their id; "" is what has none.
    """

    dimension = models.CharField(max_length=20)
    day = models.IntegerField()  # since 1970: quarter // 96
    name = models.CharField(max_length=300)
    sessions = (
        models.IntegerField()
    )  # different ones on that day; see SessionReturn for those of several days

    objects = models.Manager.from_queryset(DaysQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dimension", "day", "name"], name="daily_usage_once_per_name")
        ]


class DailyToolUsage(ToolSums):
    """Rollup of SessionToolUsage: how all projects' tool calls of a UTC day went, under one name of a dimension."""

    dimension = models.CharField(max_length=20)
    day = models.IntegerField()
    name = models.CharField(max_length=300)

    objects = models.Manager.from_queryset(DaysQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dimension", "day", "name"], name="daily_tool_usage_once_per_name"
            )
        ]


class SessionReturn(models.Model):
    """That a session used a name again on a later day: how sessions of several days are counted once.

    The sessions of the days from `a` to before `b` are the sum of their daily numbers less the returns on one of
    these days whose previous day is one of them, too. The dimension "" is of sessions as such, and serves for all
    that a session has one of: project, type, agent.
    """

    session = models.ForeignKey(
        "agent_sessions.AgentSession", on_delete=models.CASCADE, related_name="usage_returns"
    )
    dimension = models.CharField(max_length=20)
    name = models.CharField(max_length=300)
    day = models.IntegerField()
    previous_day = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["dimension", "day"], name="session_return_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "dimension", "name", "day"], name="session_return_once_per_day"
            )
        ]


class DailyToolTimes(models.Model):
    """How long the timed calls of a tool took on a UTC day, each of them, so that percentiles stay exact.

    `durations` are ascending milliseconds, eight bytes each, lowest first.
    """

    day = models.IntegerField()
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=20)
    mcp_server = models.CharField(max_length=200)
    durations = models.BinaryField()

    objects = models.Manager.from_queryset(DaysQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "name", "category", "mcp_server"], name="daily_tool_times_once_per_tool"
            )
        ]
