import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("agent_sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Feature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.CharField(max_length=200)),
                ("aliases", models.JSONField(default=list)),
                ("canonical_slug", models.CharField(db_index=True, max_length=200)),
                ("name", models.CharField(max_length=500)),
                ("category", models.CharField(blank=True, max_length=200)),
                ("family", models.CharField(blank=True, max_length=200)),
                ("lineage", models.JSONField(default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("backlog", "Backlog"),
                            ("in-progress", "In progress"),
                            ("blocked", "Blocked"),
                            ("review", "In review"),
                            ("done", "Done"),
                            ("deferred", "Deferred"),
                        ],
                        default="backlog",
                        max_length=20,
                    ),
                ),
                ("status_raw", models.CharField(blank=True, max_length=200)),
                ("status_reason", models.CharField(blank=True, max_length=300)),
                ("priority", models.CharField(blank=True, max_length=60)),
                ("owner", models.CharField(blank=True, max_length=200)),
                ("planned_on", models.DateField(blank=True, null=True)),
                ("started_on", models.DateField(blank=True, null=True)),
                ("completed_on", models.DateField(blank=True, null=True)),
                ("updated_on", models.DateField(blank=True, null=True)),
                (
                    "completed_confidence",
                    models.CharField(
                        blank=True,
                        choices=[("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        max_length=10,
                    ),
                ),
                (
                    "completed_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("task", "Task"),
                            ("document", "Document"),
                            ("summary", "Summary"),
                            ("git", "Git"),
                            ("seen", "Seen"),
                        ],
                        max_length=10,
                    ),
                ),
                ("commit_refs", models.JSONField(default=list)),
                ("pull_requests", models.JSONField(default=list)),
                ("files", models.JSONField(default=list)),
                ("first_seen_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="features",
                        to="agent_sessions.project",
                    ),
                ),
            ],
            options={
                "ordering": ["project_id", "slug"],
                "constraints": [
                    models.UniqueConstraint(fields=("project", "slug"), name="feature_slug_once_per_project"),
                    models.CheckConstraint(
                        condition=models.Q(("slug", ""), _negated=True), name="feature_has_a_slug"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(max_length=4096)),
                ("project_path", models.CharField(max_length=4096)),
                ("layout", models.CharField(max_length=20)),
                ("title", models.CharField(max_length=500)),
                ("doc_type", models.CharField(max_length=40)),
                ("doc_subtype", models.CharField(blank=True, max_length=40)),
                ("category", models.CharField(blank=True, max_length=200)),
                ("phase_token", models.CharField(blank=True, max_length=60)),
                ("has_front_matter", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("backlog", "Backlog"),
                            ("in-progress", "In progress"),
                            ("blocked", "Blocked"),
                            ("review", "In review"),
                            ("done", "Done"),
                            ("deferred", "Deferred"),
                        ],
                        max_length=20,
                        null=True,
                    ),
                ),
                ("status_raw", models.CharField(blank=True, max_length=200)),
                ("owner", models.CharField(blank=True, max_length=200)),
                ("created_on", models.DateField(blank=True, null=True)),
                ("updated_on", models.DateField(blank=True, null=True)),
                ("completed_on", models.DateField(blank=True, null=True)),
                ("facts", models.JSONField(default=dict)),
                ("facts_version", models.IntegerField(default=0)),
                ("first_seen_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="agent_sessions.project",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="agent_sessions.sourcefile",
                    ),
                ),
                (
                    "feature",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="documents",
                        to="project_tasks.feature",
                    ),
                ),
            ],
            options={
                "ordering": ["project_id", "project_path", "id"],
                "indexes": [models.Index(fields=["project", "doc_type"], name="document_project_type")],
            },
        ),
        migrations.CreateModel(
            name="Phase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.CharField(max_length=60)),
                ("sort_key", models.FloatField(default=0.0)),
                ("title", models.CharField(blank=True, max_length=500)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("backlog", "Backlog"),
                            ("in-progress", "In progress"),
                            ("blocked", "Blocked"),
                            ("review", "In review"),
                            ("done", "Done"),
                            ("deferred", "Deferred"),
                        ],
                        default="backlog",
                        max_length=20,
                    ),
                ),
                ("status_raw", models.CharField(blank=True, max_length=200)),
                ("claimed_progress", models.IntegerField(blank=True, null=True)),
                ("started_on", models.DateField(blank=True, null=True)),
                ("completed_on", models.DateField(blank=True, null=True)),
                ("commit_refs", models.JSONField(default=list)),
                ("files", models.JSONField(default=list)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "document",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="phases",
                        to="project_tasks.document",
                    ),
                ),
                (
                    "feature",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="phases",
                        to="project_tasks.feature",
                    ),
                ),
            ],
            options={
                "ordering": ["feature_id", "sort_key", "token"],
                "constraints": [
                    models.UniqueConstraint(fields=("feature", "token"), name="phase_once_per_feature"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("claimed_progress", None),
                            models.Q(("claimed_progress__gte", 0), ("claimed_progress__lte", 100)),
                            _connector="OR",
                        ),
                        name="phase_progress_is_a_percentage",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanRoot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(max_length=4096)),
                (
                    "origin",
                    models.CharField(
                        choices=[("auto", "Auto"), ("manual", "Manual")], default="auto", max_length=10
                    ),
                ),
                ("layout", models.CharField(blank=True, max_length=100)),
                ("missing_since", models.DateTimeField(blank=True, null=True)),
                ("git_head", models.CharField(blank=True, max_length=64)),
                ("git_stamp_ns", models.BigIntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plan_roots",
                        to="agent_sessions.project",
                    ),
                ),
            ],
            options={
                "ordering": ["project_id", "path"],
                "constraints": [
                    models.UniqueConstraint(fields=("project", "path"), name="plan_root_once_per_project")
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanProblem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(max_length=4096)),
                ("line", models.IntegerField(null=True)),
                ("reason", models.CharField(max_length=40)),
                ("detail", models.CharField(max_length=500)),
                ("excerpt", models.CharField(blank=True, max_length=400)),
                (
                    "document",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="problems",
                        to="project_tasks.document",
                    ),
                ),
                (
                    "root",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="problems",
                        to="project_tasks.planroot",
                    ),
                ),
            ],
            options={
                "ordering": ["path", "line", "id"],
            },
        ),
        migrations.AddField(
            model_name="document",
            name="root",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="documents",
                to="project_tasks.planroot",
            ),
        ),
        migrations.CreateModel(
            name="PlanSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "count_checklists",
                    models.CharField(
                        choices=[
                            ("auto", "Only when the plans have no task lists"),
                            ("always", "Always"),
                            ("never", "Never"),
                        ],
                        default="auto",
                        max_length=10,
                    ),
                ),
                ("stale", models.BooleanField(default=False)),
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plan_settings",
                        to="agent_sessions.project",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "plan settings",
            },
        ),
        migrations.CreateModel(
            name="ProjectTask",
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
                        choices=[("task", "Task"), ("plan", "Plan"), ("checklist", "Checklist")],
                        default="task",
                        max_length=10,
                    ),
                ),
                ("raw_id", models.CharField(max_length=200)),
                ("occurrence", models.IntegerField(default=0)),
                ("position", models.IntegerField(default=0)),
                ("title", models.CharField(max_length=500)),
                ("description", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("backlog", "Backlog"),
                            ("in-progress", "In progress"),
                            ("blocked", "Blocked"),
                            ("review", "In review"),
                            ("done", "Done"),
                            ("deferred", "Deferred"),
                        ],
                        default="backlog",
                        max_length=20,
                    ),
                ),
                ("status_raw", models.CharField(blank=True, max_length=200)),
                ("started_on", models.DateField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                (
                    "started_confidence",
                    models.CharField(
                        blank=True,
                        choices=[("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        max_length=10,
                    ),
                ),
                (
                    "started_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("task", "Task"),
                            ("document", "Document"),
                            ("summary", "Summary"),
                            ("git", "Git"),
                            ("seen", "Seen"),
                        ],
                        max_length=10,
                    ),
                ),
                ("completed_on", models.DateField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "completed_confidence",
                    models.CharField(
                        blank=True,
                        choices=[("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        max_length=10,
                    ),
                ),
                (
                    "completed_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("task", "Task"),
                            ("document", "Document"),
                            ("summary", "Summary"),
                            ("git", "Git"),
                            ("seen", "Seen"),
                        ],
                        max_length=10,
                    ),
                ),
                ("owner", models.CharField(blank=True, max_length=200)),
                ("owners", models.JSONField(default=list)),
                ("priority", models.CharField(blank=True, max_length=60)),
                ("estimate_raw", models.CharField(blank=True, max_length=200)),
                ("estimate_points", models.FloatField(blank=True, null=True)),
                ("estimate_hours", models.FloatField(blank=True, null=True)),
                ("estimate_usd", models.FloatField(blank=True, null=True)),
                ("effort_raw", models.CharField(blank=True, max_length=200)),
                ("assigned_model", models.CharField(blank=True, max_length=200)),
                ("dependencies", models.JSONField(default=list)),
                ("evidence", models.JSONField(default=list)),
                ("deliverables", models.JSONField(default=list)),
                ("files", models.JSONField(default=list)),
                ("commit_refs", models.JSONField(default=list)),
                ("session_refs", models.JSONField(default=list)),
                ("request_refs", models.JSONField(default=list)),
                ("agent_refs", models.JSONField(default=list)),
                ("line", models.IntegerField(blank=True, null=True)),
                ("first_seen_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to="project_tasks.document",
                    ),
                ),
                (
                    "feature",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tasks",
                        to="project_tasks.feature",
                    ),
                ),
                (
                    "phase",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tasks",
                        to="project_tasks.phase",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to="agent_sessions.project",
                    ),
                ),
            ],
            options={
                "ordering": ["document_id", "position", "id"],
                "indexes": [
                    models.Index(fields=["project", "completed_on"], name="task_project_completed"),
                    models.Index(fields=["feature", "phase"], name="task_feature_phase"),
                    models.Index(fields=["project", "raw_id"], name="task_project_raw_id"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("document", "raw_id", "occurrence"), name="task_once_per_place_in_document"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("raw_id", ""), _negated=True), name="task_has_an_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("completed_confidence", ""), ("completed_on", None)),
                            models.Q(
                                ("completed_on__isnull", False),
                                models.Q(("completed_confidence", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="task_completion_says_how_sure",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("started_confidence", ""), ("started_on", None)),
                            models.Q(
                                ("started_on__isnull", False),
                                models.Q(("started_confidence", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="task_start_says_how_sure",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("completed_at", None), ("completed_on__isnull", False), _connector="OR"
                        ),
                        name="task_completion_time_has_a_day",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StatusChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("backlog", "Backlog"),
                            ("in-progress", "In progress"),
                            ("blocked", "Blocked"),
                            ("review", "In review"),
                            ("done", "Done"),
                            ("deferred", "Deferred"),
                        ],
                        max_length=20,
                    ),
                ),
                ("status_raw", models.CharField(blank=True, max_length=200)),
                ("changed_at", models.DateTimeField()),
                ("has_time", models.BooleanField(default=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("task", "Task"),
                            ("document", "Document"),
                            ("summary", "Summary"),
                            ("git", "Git"),
                            ("seen", "Seen"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "confidence",
                    models.CharField(
                        choices=[("high", "High"), ("medium", "Medium"), ("low", "Low")], max_length=10
                    ),
                ),
                ("commit", models.CharField(blank=True, max_length=64)),
                (
                    "feature",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="status_changes",
                        to="project_tasks.feature",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="status_changes",
                        to="agent_sessions.project",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="status_changes",
                        to="project_tasks.projecttask",
                    ),
                ),
            ],
            options={
                "ordering": ["changed_at", "id"],
                "indexes": [models.Index(fields=["project", "changed_at"], name="status_change_project_at")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("feature__isnull", True), ("task__isnull", False)),
                            models.Q(("feature__isnull", False), ("task__isnull", True)),
                            _connector="OR",
                        ),
                        name="status_change_of_one_thing",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("task__isnull", False)),
                        fields=("task", "status", "changed_at"),
                        name="status_change_once_per_task_moment",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("feature__isnull", False)),
                        fields=("feature", "status", "changed_at"),
                        name="status_change_once_per_feature_moment",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UnknownStatus",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "where",
                    models.CharField(choices=[("document", "Document"), ("task", "Task")], max_length=10),
                ),
                ("word", models.CharField(max_length=200)),
                ("count", models.IntegerField()),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unknown_statuses",
                        to="project_tasks.document",
                    ),
                ),
            ],
            options={
                "ordering": ["word", "document_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("document", "where", "word"), name="unknown_status_once_per_word"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gt", 0)), name="unknown_status_was_seen"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChecklistItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.IntegerField()),
                ("line", models.IntegerField()),
                ("heading", models.CharField(blank=True, max_length=300)),
                ("text", models.CharField(max_length=1000)),
                ("is_done", models.BooleanField()),
                ("depth", models.IntegerField(default=0)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="checklist",
                        to="project_tasks.document",
                    ),
                ),
            ],
            options={
                "ordering": ["document_id", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("document", "position"), name="checklist_item_once_per_place"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(fields=("root", "source"), name="document_once_per_root"),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)),
                fields=("root", "path"),
                name="document_path_once_per_root",
            ),
        ),
    ]
