"""Text in the order of its code points on PostgreSQL too, whatever collation its database was made with.

An answer must not depend on who made the database: which of two titles comes first, and what is the same but for
case. SQLite compares bytes; collation "C" does the same, and its indexes serve searches for beginnings as well.
"""

from typing import Any

from django.apps import apps
from django.db import connections

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relname = ANY(%s) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
AND NOT a.attisdropped AND l.collname <> 'C' AND a.attgenerated = ''
AND NOT EXISTS (
    SELECT FROM pg_depend d JOIN pg_attrdef g ON g.oid = d.objid AND d.classid = 'pg_attrdef'::regclass
    WHERE d.refobjid = c.oid AND d.refobjsubid = a.attnum AND g.adnum <> a.attnum
)
ORDER BY c.relname, a.attnum
"""


def set_code_point_order(*, using: str, **_signal: Any) -> None:
    """Give every text column of ours collation "C"; Django's own tables stay as they are. For `post_migrate`.

    A column that a generated one is made of cannot change its type and keeps its collation.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [our_tables()])
        changes: dict[str, list[str]] = {}
        for table, column, kind in cursor.fetchall():
            changes.setdefault(table, []).append(f'ALTER {quote(column)} TYPE {kind} COLLATE "C"')
        for table, parts in changes.items():
            cursor.execute(f"ALTER TABLE {quote(table)} {', '.join(parts)}")


def our_tables() -> list[str]:
    """The tables of the project's apps."""
    ours = [app for app in apps.get_app_configs() if app.name in OUR_APPS]
    return sorted(model._meta.db_table for app in ours for model in app.get_models(include_auto_created=True))


OUR_APPS = frozenset({"alerts", "analytics", "sessions", "tasks", "telemetry_site"})
