from typing import Any

from django.db import migrations


def mark_all_dirty(apps: Any, _schema_editor: Any) -> None:
    """Days have no branches, phases and tasks yet: the next sync makes them."""
    dirty = apps.get_model("agent_sessions", "DirtyQuarter")
    for name in ("SessionUsage", "SessionToolUsage"):
        quarters = apps.get_model("analytics", name).objects.order_by().values_list("quarter", flat=True)
        marks = [dirty(quarter=quarter) for quarter in quarters.distinct()]
        dirty.objects.bulk_create(marks, ignore_conflicts=True, batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0006_reading_levels")]

    operations = [migrations.RunPython(mark_all_dirty, migrations.RunPython.noop, elidable=True)]
