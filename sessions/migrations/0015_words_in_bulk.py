from typing import Any

from django.db import migrations

# New words wait in a list, at most this many kB of it, until they go into the index sorted and together.
WAITING_KB = 4096


def put_in_together(apps: Any, schema_editor: Any) -> None:
    """One by one, an item's words cost PostgreSQL most of a first sync."""
    if schema_editor.connection.vendor == "postgresql":
        settings = f"fastupdate = on, gin_pending_list_limit = {WAITING_KB}"
        schema_editor.execute(f"ALTER INDEX search_item_words SET ({settings})")


def put_in_at_once(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER INDEX search_item_words SET (fastupdate = off)")
        schema_editor.execute("ALTER INDEX search_item_words RESET (gin_pending_list_limit)")


class Migration(migrations.Migration):
    dependencies = [("agent_sessions", "0014_calls_by_path")]

    operations = [migrations.RunPython(put_in_together, put_in_at_once)]
