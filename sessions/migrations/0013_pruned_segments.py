from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agent_sessions", "0012_secret_findings")]

    operations = [
        migrations.AddField(
            model_name="archivesegment",
            name="pruned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agentsession",
            name="text_pruned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="archivesegment",
            index=models.Index(
                condition=models.Q(("pruned_at__isnull", False)), fields=["source"], name="archive_pruned"
            ),
        ),
    ]
