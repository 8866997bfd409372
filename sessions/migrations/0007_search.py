from typing import Any

from django.db import migrations, models

KINDS = [
    (0, "Gone"),
    (1, "Prompt"),
    (2, "Answer"),
    (3, "Thinking"),
    (4, "Tool Input"),
    (5, "Tool Result"),
    (6, "Note"),
    (7, "Title"),
    (8, "Document"),
    (9, "Feature"),
    (10, "Task"),
]
SQLITE = (
    "CREATE VIRTUAL TABLE agent_sessions_searchwords USING fts5("
    "words, content='', columnsize=0, tokenize='ascii')",
)
POSTGRESQL = (
    "ALTER TABLE agent_sessions_searchitem ADD COLUMN words tsvector",
    "CREATE INDEX search_item_words ON agent_sessions_searchitem USING gin (words) WITH (fastupdate = off)",
)


def make_index(apps: Any, schema_editor: Any) -> None:
    """A table of words beside the items on SQLite, a column of them and its index on PostgreSQL."""
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop_index(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute("DROP TABLE agent_sessions_searchwords")


def note_what_was_read(apps: Any, schema_editor: Any) -> None:
    """What a database holds already is indexed by its next sync."""
    fill = apps.get_model("agent_sessions", "SearchFill")
    for step, name in (("entries", "TranscriptEntry"), ("titles", "AgentSession")):
        rows = apps.get_model("agent_sessions", name).objects.order_by("-id")
        last = rows.values_list("id", flat=True).first()
        if last is not None:
            fill.objects.create(step=step, until=last)
    if apps.get_model("agent_sessions", "SourceFile").objects.filter(kind="plan").exists():
        fill.objects.create(step="plans", until=0)


class Migration(migrations.Migration):
    dependencies = [("agent_sessions", "0006_awaited_projects")]

    operations = [
        migrations.CreateModel(
            name="SearchFill",
            fields=[
                (
                    "step",
                    models.CharField(
                        choices=[("entries", "Entries"), ("titles", "Titles"), ("plans", "Plans")],
                        max_length=10,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("after", models.BigIntegerField(default=0)),
                ("until", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="SearchItem",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.SmallIntegerField(choices=KINDS)),
                ("target", models.BigIntegerField()),
                ("session_key", models.BigIntegerField(null=True)),
                ("project_key", models.IntegerField(null=True)),
                ("chars", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", 0),
                            models.Q(("project_key", None), ("session_key", None), _negated=True),
                            _connector="OR",
                        ),
                        name="search_item_belongs_somewhere",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchSubject",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.SmallIntegerField(choices=KINDS)),
                ("target", models.BigIntegerField()),
                ("project_key", models.IntegerField(db_index=True, null=True)),
                ("item_id", models.BigIntegerField()),
                ("digest", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "target"), name="search_subject_once")
                ],
            },
        ),
        migrations.RunPython(make_index, drop_index),
        migrations.RunPython(note_what_was_read, migrations.RunPython.noop, elidable=True),
    ]
