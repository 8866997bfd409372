import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import alerts.definition
import alerts.states


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("agent_sessions", "0006_awaited_projects"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=120)),
                ("metric", models.CharField(max_length=60)),
                (
                    "aggregation",
                    models.CharField(
                        choices=[
                            ("sum", "sum"),
                            ("avg", "avg"),
                            ("min", "min"),
                            ("max", "max"),
                            ("p50", "p50"),
                            ("p90", "p90"),
                            ("p95", "p95"),
                            ("ratio", "ratio"),
                            ("last", "last"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("session", "session"),
                            ("rolling", "rolling"),
                            ("daily", "daily"),
                            ("weekly", "weekly"),
                            ("monthly", "monthly"),
                        ],
                        default=alerts.definition.Scope["SESSION"],
                        max_length=10,
                    ),
                ),
                ("window_seconds", models.IntegerField(blank=True, null=True)),
                ("time_zone", models.CharField(blank=True, max_length=60)),
                (
                    "condition",
                    models.CharField(
                        choices=[("static", "static"), ("change", "change"), ("anomaly", "anomaly")],
                        default=alerts.definition.ConditionKind["STATIC"],
                        max_length=10,
                    ),
                ),
                (
                    "operator",
                    models.CharField(
                        choices=[(">", ">"), (">=", ">="), ("<", "<"), ("<=", "<=")],
                        default=alerts.definition.Operator["ABOVE"],
                        max_length=2,
                    ),
                ),
                ("threshold", models.DecimalField(decimal_places=6, max_digits=20)),
                (
                    "warn_threshold",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True),
                ),
                (
                    "recovery_threshold",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True),
                ),
                ("steps", models.JSONField(blank=True, default=list)),
                (
                    "compare",
                    models.CharField(
                        choices=[("percent", "percent"), ("absolute", "absolute")],
                        default=alerts.definition.Compare["PERCENT"],
                        max_length=10,
                    ),
                ),
                (
                    "baseline",
                    models.CharField(
                        choices=[
                            ("previous", "previous"),
                            ("last_week", "last week"),
                            ("median_of_four", "median of four"),
                        ],
                        default=alerts.definition.Baseline["PREVIOUS"],
                        max_length=20,
                    ),
                ),
                ("baseline_length", models.IntegerField(default=28)),
                ("min_samples", models.IntegerField(default=1)),
                ("min_sessions", models.IntegerField(default=0)),
                ("for_seconds", models.IntegerField(default=0)),
                ("keep_firing_seconds", models.IntegerField(default=0)),
                ("filters", models.JSONField(blank=True, default=dict)),
                ("group_by", models.JSONField(blank=True, default=list)),
                (
                    "no_data",
                    models.CharField(
                        choices=[("zero", "zero"), ("ok", "ok"), ("keep", "keep"), ("no_data", "no data")],
                        default=alerts.definition.NoData["ZERO"],
                        max_length=10,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("info", "info"), ("warning", "warning"), ("critical", "critical")],
                        default=alerts.definition.Severity["WARNING"],
                        max_length=10,
                    ),
                ),
                ("notify_resolved", models.BooleanField(default=False)),
                ("repeat_seconds", models.IntegerField(default=0)),
                ("max_per_hour", models.IntegerField(default=60)),
                ("is_active", models.BooleanField(default=True)),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                ("note", models.TextField(blank=True, max_length=4096)),
                ("link", models.URLField(blank=True, max_length=1000)),
                ("version", models.IntegerField(default=1)),
                ("meaning_version", models.IntegerField(default=1)),
                ("effective_from", models.DateTimeField(default=django.utils.timezone.now)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("created_by", models.CharField(blank=True, max_length=150)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_by", models.CharField(blank=True, max_length=150)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("evaluated_to", models.DateTimeField(blank=True, null=True)),
                ("last_value", models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                ("last_evaluated_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("error_count", models.IntegerField(default=0)),
                ("groups_left_out", models.IntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_rules",
                        to="agent_sessions.project",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("public_id",),
                        name="alert_rule_id_names_one_rule",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        models.F("project"),
                        condition=models.Q(("deleted_at", None), ("project__isnull", False)),
                        name="alert_rule_name_once_per_project",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("deleted_at", None), ("project", None)),
                        name="alert_rule_name_once_over_all_projects",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="alert_rule_has_a_name"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "rolling"), ("window_seconds__gt", 0)),
                            models.Q(models.Q(("scope", "rolling"), _negated=True), ("window_seconds", None)),
                            _connector="OR",
                        ),
                        name="alert_rule_rolling_has_a_window",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "session"), _negated=True),
                            models.Q(("condition", "static"), ("for_seconds", 0), ("keep_firing_seconds", 0)),
                            _connector="OR",
                        ),
                        name="alert_rule_session_speaks_at_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("for_seconds__gte", 0),
                            ("keep_firing_seconds__gte", 0),
                            ("max_per_hour__gte", 1),
                            ("repeat_seconds__gte", 0),
                        ),
                        name="alert_rule_times_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("meaning_version__gte", 1), ("version__gte", models.F("meaning_version"))
                        ),
                        name="alert_rule_versions_grow",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertInstance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.JSONField(default=dict)),
                ("group_key", models.CharField(blank=True, max_length=64)),
                ("subject", models.CharField(blank=True, max_length=300)),
                ("limit", models.DecimalField(decimal_places=6, max_digits=20)),
                (
                    "severity",
                    models.CharField(
                        choices=[("info", "info"), ("warning", "warning"), ("critical", "critical")],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ok", "ok"),
                            ("pending", "pending"),
                            ("firing", "firing"),
                            ("recovering", "recovering"),
                            ("no_data", "no data"),
                            ("error", "error"),
                            ("paused", "paused"),
                        ],
                        default=alerts.states.State["OK"],
                        max_length=10,
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("value", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("samples", models.IntegerField(default=0)),
                ("evaluated_at", models.DateTimeField(null=True)),
                (
                    "session",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="alert_instances",
                        to="agent_sessions.agentsession",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="instances",
                        to="alerts.alertrule",
                    ),
                ),
            ],
            options={
                "ordering": ["rule_id", "-since", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "ok"), _negated=True),
                        fields=["rule"],
                        name="alert_instance_not_ok",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rule", "group_key", "subject", "limit"), name="alert_instance_once_per_group"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dedupe_key", models.CharField(max_length=64, unique=True)),
                (
                    "from_state",
                    models.CharField(
                        choices=[
                            ("ok", "ok"),
                            ("pending", "pending"),
                            ("firing", "firing"),
                            ("recovering", "recovering"),
                            ("no_data", "no data"),
                            ("error", "error"),
                            ("paused", "paused"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("ok", "ok"),
                            ("pending", "pending"),
                            ("firing", "firing"),
                            ("recovering", "recovering"),
                            ("no_data", "no data"),
                            ("error", "error"),
                            ("paused", "paused"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("threshold", "threshold"),
                            ("not_sustained", "not sustained"),
                            ("recovered", "recovered"),
                            ("session_ended", "session ended"),
                            ("window_closed", "window closed"),
                            ("no_data", "no data"),
                            ("error", "error"),
                            ("rule_changed", "rule changed"),
                            ("rule_deleted", "rule deleted"),
                            ("paused", "paused"),
                            ("corrected", "corrected"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("info", "info"), ("warning", "warning"), ("critical", "critical")],
                        max_length=10,
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=500)),
                ("value", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("threshold", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("samples", models.IntegerField(default=0)),
                ("rule_version", models.IntegerField()),
                ("evidence", models.JSONField(default=dict)),
                ("event_time", models.DateTimeField()),
                ("evaluated_at", models.DateTimeField()),
                ("is_late", models.BooleanField(default=False)),
                ("is_backfilled", models.BooleanField(default=False)),
                (
                    "instance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="alerts.alertinstance",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="alerts.alertrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-event_time", "-id"],
                "indexes": [
                    models.Index(fields=["rule", "-event_time", "-id"], name="alert_event_rule_time"),
                    models.Index(fields=["instance", "event_time"], name="alert_event_instance_time"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("dedupe_key", ""), _negated=True), name="alert_event_has_a_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertRuleRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.IntegerField()),
                (
                    "action",
                    models.CharField(
                        choices=[("created", "Created"), ("changed", "Changed"), ("deleted", "Deleted")],
                        max_length=10,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(blank=True, max_length=150)),
                ("content", models.JSONField()),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="alerts.alertrule",
                    ),
                ),
            ],
            options={
                "ordering": ["rule_id", "version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rule", "version"), name="alert_revision_once_per_version"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.CharField(max_length=64, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("webhook", "Webhook"),
                            ("slack", "Slack"),
                            ("discord", "Discord"),
                            ("ntfy", "ntfy"),
                            ("email", "E-mail"),
                        ],
                        max_length=10,
                    ),
                ),
                ("target", models.CharField(max_length=2000)),
                ("secret", models.CharField(blank=True, max_length=200)),
                ("previous_secret", models.CharField(blank=True, max_length=200)),
                ("max_per_hour", models.IntegerField(default=60)),
                ("is_active", models.BooleanField(default=True)),
                ("disabled_reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("version", models.IntegerField(default=1)),
                ("last_ok_at", models.DateTimeField(blank=True, null=True)),
                ("last_failed_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("consecutive_failures", models.IntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_channels",
                        to="agent_sessions.project",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="channel_has_a_name"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("target", ""), _negated=True), name="channel_leads_somewhere"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_per_hour__gte", 1)), name="channel_may_speak"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="alertrule",
            name="channels",
            field=models.ManyToManyField(blank=True, related_name="rules", to="alerts.channel"),
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.IntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("dead", "Dead"),
                            ("suppressed", "Suppressed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("message_id", models.CharField(blank=True, db_index=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                ("not_before", models.DateTimeField()),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                ("claimed_by", models.CharField(blank=True, max_length=64)),
                ("attempts", models.IntegerField(default=0)),
                ("last_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="alerts.channel",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="alerts.alertevent",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["not_before"],
                        name="delivery_waiting",
                    ),
                    models.Index(fields=["channel", "-sent_at"], name="delivery_channel_sent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "channel", "sequence"), name="delivery_once_per_event_and_channel"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), _negated=True),
                            ("sent_at__isnull", False),
                            _connector="OR",
                        ),
                        name="delivery_sent_at_some_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvaluationMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("session", "Session"), ("quarter", "Quarter"), ("plans", "Plans")],
                        max_length=10,
                    ),
                ),
                ("key", models.BigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "key"), name="evaluation_mark_once")],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_read", models.BooleanField(default=False)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification",
                        to="alerts.alertevent",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_read", False)), fields=["id"], name="notification_unread"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("is_read", True), ("read_at", None), _connector="OR"),
                        name="notification_unread_was_not_read",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("matchers", models.JSONField(blank=True, default=dict)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("comment", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("created_by", models.CharField(blank=True, max_length=150)),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_silences",
                        to="agent_sessions.project",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="silences",
                        to="alerts.alertrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-ends_at", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="silence_ends_after_it_starts",
                    )
                ],
            },
        ),
    ]
