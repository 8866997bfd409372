from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from alerts.definition import (
    Baseline,
    Compare,
    ConditionKind,
    NoData,
    Operator,
    RuleDefinition,
    Scope,
    Severity,
)
from alerts.querysets import AlertRuleQuerySet
from analytics.metrics import Aggregation
from sessions.models import Project


def choices(words: Any) -> list[tuple[str, str]]:
    """The members of an enumeration of the pure modules, as a column's choices."""
    return [(str(word), str(word).replace("_", " ")) for word in words]


def amount(**more: Any) -> "models.DecimalField[Any, Any]":
    """A number compared exactly: 5.10 is 5.10."""
    return models.DecimalField(max_digits=20, decimal_places=6, **more)


class AlertRule(models.Model):
    """What to watch and when to speak. A deleted rule stays as the owner of its history."""

    public_id = models.CharField(max_length=64)
    # None: over all projects together.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_rules"
    )
    name = models.CharField(max_length=120)
    metric = models.CharField(max_length=60)
    aggregation = models.CharField(max_length=10, choices=choices(Aggregation))
    scope = models.CharField(max_length=10, choices=choices(Scope), default=Scope.SESSION)
    window_seconds = models.IntegerField(null=True, blank=True)  # of a rolling scope only
    time_zone = models.CharField(max_length=60, blank=True)  # "": the reporting zone of the installation
    condition = models.CharField(max_length=10, choices=choices(ConditionKind), default=ConditionKind.STATIC)
    operator = models.CharField(max_length=2, choices=choices(Operator), default=Operator.ABOVE)
    threshold = amount()
    warn_threshold = amount(null=True, blank=True)
    recovery_threshold = amount(null=True, blank=True)
    steps = models.JSONField(default=list, blank=True)  # decimal texts, on the way to the threshold
    compare = models.CharField(max_length=10, choices=choices(Compare), default=Compare.PERCENT)
    baseline = models.CharField(max_length=20, choices=choices(Baseline), default=Baseline.PREVIOUS)
    baseline_length = models.IntegerField(default=28)
    min_samples = models.IntegerField(default=1)
    min_sessions = models.IntegerField(default=0)
    for_seconds = models.IntegerField(default=0)
    keep_firing_seconds = models.IntegerField(default=0)
    filters = models.JSONField(default=dict, blank=True)  # {dimension: [value, ...]}
    group_by = models.JSONField(default=list, blank=True)
    no_data = models.CharField(max_length=10, choices=choices(NoData), default=NoData.ZERO)
    severity = models.CharField(max_length=10, choices=choices(Severity), default=Severity.WARNING)
    channels: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "Channel", blank=True, related_name="rules"
    )
    notify_resolved = models.BooleanField(default=False)
    repeat_seconds = models.IntegerField(default=0)  # 0: told once
    max_per_hour = models.IntegerField(default=60)
    is_active = models.BooleanField(default=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    note = models.TextField(max_length=4096, blank=True)
    link = models.URLField(max_length=1000, blank=True)
    version = models.IntegerField(default=1)
    # The version at which the rule last changed its meaning, and when that was: state from before says nothing now.
    meaning_version = models.IntegerField(default=1)
    effective_from = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=150, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)
    updated_by = models.CharField(max_length=150, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # Everything before this moment was judged; None: nothing yet.
    evaluated_to = models.DateTimeField(null=True, blank=True)
    last_value = amount(null=True, blank=True)
    last_evaluated_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    error_count = models.IntegerField(default=0)
    # Groups that were left out because there are more than a rule may follow.
    groups_left_out = models.IntegerField(default=0)

    objects = AlertRuleQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["public_id"], condition=Q(deleted_at=None), name="alert_rule_id_names_one_rule"
            ),
            models.UniqueConstraint(
                Lower("name"),
                "project",
                condition=Q(deleted_at=None, project__isnull=False),
                name="alert_rule_name_once_per_project",
            ),
            models.UniqueConstraint(
                Lower("name"),
                condition=Q(deleted_at=None, project=None),
                name="alert_rule_name_once_over_all_projects",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="alert_rule_has_a_name"),
            models.CheckConstraint(
                condition=Q(scope="rolling", window_seconds__gt=0)
                | (~Q(scope="rolling") & Q(window_seconds=None)),
                name="alert_rule_rolling_has_a_window",
            ),
            models.CheckConstraint(
                condition=~Q(scope="session") | Q(for_seconds=0, keep_firing_seconds=0, condition="static"),
                name="alert_rule_session_speaks_at_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    for_seconds__gte=0, keep_firing_seconds__gte=0, repeat_seconds__gte=0, max_per_hour__gte=1
                ),
                name="alert_rule_times_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(meaning_version__gte=1, version__gte=F("meaning_version")),
                name="alert_rule_versions_grow",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone_name(self) -> str:
        return self.time_zone or settings.TELEMETRY_TIME_ZONE

    @property
    def definition(self) -> RuleDefinition:
        """The rule's meaning, for the pure modules."""
        return RuleDefinition(
            metric=self.metric,
            operator=Operator(self.operator),
            threshold=Decimal(self.threshold),
            scope=Scope(self.scope),
            aggregation=Aggregation(self.aggregation),
            window_seconds=self.window_seconds,
            time_zone=self.zone_name,
            condition=ConditionKind(self.condition),
            compare=Compare(self.compare),
            baseline=Baseline(self.baseline),
            baseline_length=self.baseline_length,
            warn_threshold=self.warn_threshold,
            recovery_threshold=self.recovery_threshold,
            steps=tuple(Decimal(step) for step in self.steps),
            min_samples=self.min_samples,
            min_sessions=self.min_sessions,
            for_seconds=self.for_seconds,
            keep_firing_seconds=self.keep_firing_seconds,
            filters={name: tuple(values) for name, values in self.filters.items()},
            group_by=tuple(self.group_by),
            no_data=NoData(self.no_data),
            severity=Severity(self.severity),
        )


class AlertRuleRevision(models.Model):
    """What a rule said in one of its versions, who wrote it and when."""

    class Action(models.TextChoices):
        CREATED = "created"
        CHANGED = "changed"
        DELETED = "deleted"

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="revisions")
    version = models.IntegerField()
    action = models.CharField(max_length=10, choices=Action)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150, blank=True)
    content = models.JSONField()

    class Meta:
        ordering = ["rule_id", "version"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "version"], name="alert_revision_once_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} version {self.version}"
