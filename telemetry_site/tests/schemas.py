"""What the tables of a new database come to, made at once and made by every migration in turn.

    python -m telemetry_site.tests.schemas
    python -m telemetry_site.tests.private_postgres python -m telemetry_site.tests.schemas

Prints as JSON what stands in only one of the two: parts of tables, indexes, rows of Django's own tables. Exit code 1
when anything does.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from telemetry_site.tests.kill_loop import fresh_database

_SQLITE = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
_POSTGRESQL = (
    "SELECT table_name, concat_ws(' ', column_name, data_type, character_maximum_length, collation_name, is_nullable,"
    " column_default, is_identity, generation_expression) FROM information_schema.columns"
    " WHERE table_schema = 'public'",
    "SELECT conrelid::regclass::text, concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
)
_ROWS = (
    "SELECT 'migration', app || '.' || name FROM django_migrations",
    "SELECT 'type', app_label || '.' || model FROM django_content_type",
    "SELECT 'permission', codename FROM auth_permission",
)

# Of Django's own tables between two of its models: made at once their ids have the size that its app names, in turn
# that of our settings. Nothing refers to them.
_SIZED_OTHERWISE = {
    (table, f"id {kind} NO YES")
    for table in ("auth_group_permissions", "auth_user_groups", "auth_user_user_permissions")
    for kind in ("integer", "bigint")
}


def schema() -> set[tuple[str, str]]:
    """(table, what is said of it) of everything in the database."""
    from django.db import connection

    with connection.cursor() as cursor:

        def told(statement: str) -> list[Any]:
            cursor.execute(statement)
            return list(cursor.fetchall())

        rows = {tuple(row) for statement in _ROWS for row in told(statement)}
        if connection.vendor == "sqlite":
            return rows | {(name, part) for name, sql in told(_SQLITE) for part in parts(sql)}
        return rows | {tuple(row) for statement in _POSTGRESQL for row in told(statement)}


def parts(statement: str) -> list[str]:
    """What stands between the commas of the outermost brackets, and what stands around them."""
    found, depth = [""], 0
    for char in statement:
        depth += (char == "(") - (char == ")")
        if (char == "," and depth == 1) or (char, depth) in (("(", 1), (")", 0)):
            found.append("")
        else:
            found[-1] += char
    return [part.strip() for part in found]


def at_once() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def in_turn() -> None:
    from django.core.management import call_command

    # With a name it is Django's own way, and the rest follows in a database that is no longer new.
    call_command("migrate", "contenttypes", verbosity=0)
    call_command("migrate", verbosity=0)


def run(folder: Path) -> dict[str, list[tuple[str, str]]]:
    made: dict[str, set[tuple[str, str]]] = {}
    ways: tuple[Callable[[], None], ...] = (at_once, in_turn)
    for way in ways:
        fresh_database(folder, way.__name__, migrate=way)
        made[way.__name__] = schema()
    once, turn = (each - _SIZED_OTHERWISE for each in (made["at_once"], made["in_turn"]))
    return {
        "only at once": sorted(once - turn),
        "only in turn": sorted(turn - once),
        "both": sorted(once & turn),
    }


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "telemetry_site.tests.settings"
    import django

    django.setup()
    folder = Path(tempfile.mkdtemp(prefix="agent-ledger-schemas-"))
    try:
        told = run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    both = told.pop("both")
    print(json.dumps(told | {"both": len(both)}))
    return 1 if any(told.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
