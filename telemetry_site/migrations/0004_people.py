from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep_what_people_had(apps: Any, schema_editor: Any) -> None:
    """Until now everybody who could log in might read and change all projects: so it stays for these accounts."""
    app, _, model = settings.AUTH_USER_MODEL.partition(".")
    accounts = apps.get_model(app, model).objects.using(schema_editor.connection.alias)
    memberships = apps.get_model("telemetry_site", "Membership").objects.using(schema_editor.connection.alias)
    memberships.bulk_create(
        memberships.model(user_id=key, project=None, role="admin")
        for key in accounts.filter(is_superuser=False).values_list("pk", flat=True)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("agent_sessions", "0012_secret_findings"),
        ("telemetry_site", "0003_saved_views"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                ("actor", models.CharField(blank=True, max_length=150)),
                ("way", models.CharField(max_length=10)),
                ("token", models.CharField(blank=True, max_length=120)),
                ("address", models.CharField(blank=True, max_length=64)),
                ("action", models.CharField(db_index=True, max_length=40)),
                ("subject", models.CharField(blank=True, max_length=300)),
                ("project_key", models.BigIntegerField(null=True)),
                ("project", models.CharField(blank=True, max_length=200)),
                ("details", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit log",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "Viewer: reads"),
                            ("member", "Member: also links, alerts and saved views"),
                            ("admin", "Admin: also tokens, channels, people and what was masked"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agent_sessions.project",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["user__username", "project__name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "project"), name="membership_one_role_in_a_project"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("project", None)),
                        fields=("user",),
                        name="membership_one_role_in_every_project",
                    ),
                ],
            },
        ),
        migrations.RunPython(keep_what_people_had, migrations.RunPython.noop, elidable=True),
    ]
