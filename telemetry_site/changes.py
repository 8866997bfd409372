"""Noting in the database that data changed, whoever changed it: what the versions of answers are told by.

A statement that writes is seen on its way to the database. No writer has to say anything, and none can forget to.
"""

import re
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from telemetry_site.models import DataChange

_WRITES = re.compile(
    r'\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+"?(\w+)', re.IGNORECASE
)
# What no versioned answer is made of: log-ins and their traces, tokens (an ETag is of one token anyway), leases, and
# alerts, whose answers carry versions of their own since rules are judged again and again without news.
UNTOLD_APPS: Final = frozenset({"auth", "admin", "contenttypes", "sessions", "telemetry_site", "alerts"})
UNTOLD_TABLES: Final = frozenset({"django_migrations", "agent_sessions_synclease"})
# Writers in different slots never wait for each other; more slots make two in one unlikely.
SLOTS: Final = 64
MARKS: Final = 2**62

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


class ChangeNoting:
    """Wraps the execution of statements on one connection."""

    def __init__(self) -> None:
        self._slot = secrets.randbelow(SLOTS)
        self._is_ready = False

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        # After the statement: where it stands alone, an answer may be newer than its version, never older.
        if is_told(sql) and context["cursor"].rowcount != 0:
            self._note(context["connection"])
        return result

    def _note(self, connection: BaseDatabaseWrapper) -> None:
        """In the transaction of the change, so that both are seen at once or never."""
        if not self._is_ready and not self._look(connection):
            return
        table = DataChange._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (slot, mark) VALUES (%s, %s)"  # noqa: S608  (the name is the model's)
                " ON CONFLICT (slot) DO UPDATE SET mark = excluded.mark",
                [self._slot, secrets.randbelow(MARKS)],
            )

    def _look(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether the table is there: the first migrations write before it is."""
        with connection.cursor() as cursor:
            self._is_ready = DataChange._meta.db_table in connection.introspection.table_names(cursor)
        return self._is_ready


def is_told(sql: object) -> bool:
    """Whether a statement changes what versioned answers are made of."""
    found = _WRITES.match(sql) if isinstance(sql, str) else None
    return found is not None and found[1] not in untold_tables()


@cache
def untold_tables() -> frozenset[str]:
    models = (m for m in apps.get_models(include_auto_created=True) if m._meta.app_label in UNTOLD_APPS)
    return UNTOLD_TABLES | {model._meta.db_table for model in models}


def note_changes(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Watch a connection from now on; a second time does nothing."""
    wrappers = connection.execute_wrappers
    if not any(isinstance(wrapper, ChangeNoting) for wrapper in wrappers):
        wrappers.append(ChangeNoting())


def note_changes_everywhere() -> None:
    """Watch the connections that exist and those to come."""
    from django.db.backends.signals import connection_created

    connection_created.connect(note_changes, dispatch_uid="telemetry_site.changes")
    for connection in connections.all(initialized_only=True):
        note_changes(connection)
