from django.db import models
from django.db.models import Q

from analytics.days.models import DailyToolTimes, DailyToolUsage, DailyUsage, SessionReturn
from analytics.querysets import ToolUsageQuerySet, UsageQuerySet
from analytics.summed_columns import ToolSums, UsageSums

__all__ = [
    "AnalyticsEntityLink",
    "AnalyticsEntry",
    "DailyToolTimes",
    "DailyToolUsage",
    "DailyUsage",
    "ReadingLevel",
    "SessionReturn",
    "SessionToolUsage",
    "SessionUsage",
]


class SessionUsage(UsageSums):
    """Rollup: what a session's own responses used in one 15-minute slot, by model and skill.

    A cache of ModelResponse, rebuilt for dirty quarters only and checked by `manage.py verify`. It is fine enough
    for every dimension, since each is a property of the session, the model or the skill.
    """

    quarter = models.IntegerField(db_index=True)
    session = models.ForeignKey("agent_sessions.AgentSession", on_delete=models.CASCADE, related_name="usage")
    # Rows outlive a project that its sessions have left, until they are rolled up again: what they were is counted.
    project = models.ForeignKey("agent_sessions.Project", on_delete=models.SET_NULL, null=True)
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

    objects = models.Manager.from_queryset(UsageQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "session", "model", "skill", "feature", "phase", "task"],
                name="session_usage_once_per_slot",
            )
        ]
        indexes = [
            # Few rows, asked for at every scrape.
            models.Index(fields=["model"], name="session_usage_unpriced", condition=Q(unpriced_tokens__gt=0))
        ]


class SessionToolUsage(ToolSums):
    """Rollup: a session's own tool calls in one 15-minute slot, by tool."""

    quarter = models.IntegerField(db_index=True)
    session = models.ForeignKey(
        "agent_sessions.AgentSession", on_delete=models.CASCADE, related_name="tool_usage"
    )
    project = models.ForeignKey("agent_sessions.Project", on_delete=models.SET_NULL, null=True)
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

    objects = models.Manager.from_queryset(ToolUsageQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "session", "name", "feature", "phase", "task"],
                name="session_tool_usage_once_per_slot",
            )
        ]


class ToolTiming(models.Model):
    """Rollup: how many timed calls of a tool, begun in one 15-minute slot, took how long."""

    quarter = models.IntegerField(db_index=True)
    name = models.CharField(max_length=200, blank=True)
    # Which stretch of DURATION_BOUNDS_MS they fell in; its length is the stretch above the last bound.
    bound = models.SmallIntegerField()
    calls = models.IntegerField()
    total_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "name", "bound"], name="tool_timing_once_per_slot_and_stretch"
            )
        ]


class ReadingLevel(models.Model):
    """How far behind reading was at the end of a 15-minute slot: what the disk held that had not been read.

    No event of a transcript tells this afterwards, so it is written down each time it is looked.
    """

    quarter = models.IntegerField(primary_key=True)
    observed_at = models.DateTimeField()
    lag_seconds = models.BigIntegerField()
    at_risk = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lag_seconds__gte=0, at_risk__gte=0), name="reading_level_not_negative"
            )
        ]


class CountedTotal(models.Model):
    """What a counter for Prometheus stands at: a ledger of what was read, as it was read, that never falls.

    Facts may change afterwards: prices are corrected, a better parser reads the archive again, a session moves to
    another project, the demo is taken out. A counter that followed them would fall, which Prometheus takes for a
    restart, and every rate over that moment would be wrong. So only what reading brings is added here, at the
    price of the moment it was read, to the project it was in; pages show the corrected figures, the counters what
    was counted. With nothing but reading, both are the same.

    `counted` follows every change that reading makes, a correction downwards included. `exported` is the highest
    it stood at the end of a sync (`counters.settle`), and all that a scrape shows.
    """

    family = models.CharField(max_length=60)
    labels = models.CharField(max_length=1000)  # JSON array of values, in the order of the family's labels
    counted = models.BigIntegerField(default=0)
    exported = models.BigIntegerField(default=0)
    # Of families that are known only as a whole: what the whole was when it was last looked at.
    observed = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family", "labels"], name="counted_total_once_per_label_set")
        ]
        indexes = [
            models.Index(
                fields=["id"], name="counted_total_unsettled", condition=Q(counted__gt=models.F("exported"))
            )
        ]


class CountedSession(models.Model):
    """That a session was counted for Prometheus; kept when the session is gone, so that it never counts twice."""

    session_id = models.BigIntegerField(primary_key=True)


class LabelValue(models.Model):
    """A value that a label of the counters came to have, and whether it is shown or swept into `other`.

    Decided once, in order of appearance, since a counter that moved between its own name and `other` would fall.
    """

    label = models.CharField(max_length=20)
    value = models.CharField(max_length=100)
    is_shown = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["label", "value"], name="label_value_once_per_label")]


class Restatement(models.Model):
    """That facts are being changed without anything new being read: until the row is gone, nothing is counted.

    A row and not a variable, since a killed rebuild leaves changed facts whose rollups the next sync makes.
    """

    began_at = models.DateTimeField()


class AnalyticsEntry(models.Model):
    """What a figure about plans was on a day, for what cannot be computed again from the dates of events.

    The last sync of a day that changed anything has the last word. What it is about is told by its links.
    """

    project = models.ForeignKey(
        "agent_sessions.Project", on_delete=models.CASCADE, related_name="analytics_entries"
    )
    # None: about the whole project.
    feature = models.ForeignKey(
        "project_tasks.Feature", on_delete=models.CASCADE, null=True, related_name="analytics_entries"
    )
    metric = models.CharField(max_length=60)
    day = models.DateField()  # of the reporting zone
    value = models.FloatField()
    metadata = models.JSONField()  # what the value was counted from
    captured_at = models.DateTimeField()

    class Meta:
        ordering = ["day", "metric", "id"]
        verbose_name_plural = "analytics entries"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "metric", "day"],
                condition=Q(feature=None),
                name="analytics_entry_once_per_project_day",
            ),
            models.UniqueConstraint(
                fields=["feature", "metric", "day"],
                condition=Q(feature__isnull=False),
                name="analytics_entry_once_per_feature_day",
            ),
            models.CheckConstraint(condition=~Q(metadata={}), name="analytics_entry_says_what_was_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} on {self.day}: {self.value}"


class AnalyticsEntityLink(models.Model):
    """What an entry is about: its project, its feature, and the tasks that were counted as open."""

    class EntityType(models.TextChoices):
        PROJECT = "project"
        FEATURE = "feature"
        TASK = "task"

    entry = models.ForeignKey(AnalyticsEntry, on_delete=models.CASCADE, related_name="entity_links")
    entity_type = models.CharField(max_length=10, choices=EntityType)
    # Without a foreign key: what was open on a day stays told after the plan is gone.
    entity_id = models.BigIntegerField()

    class Meta:
        ordering = ["entry_id", "entity_type", "entity_id"]
        indexes = [models.Index(fields=["entity_type", "entity_id"], name="analytics_link_entity")]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "entity_type", "entity_id"], name="analytics_link_once_per_entity"
            )
        ]
