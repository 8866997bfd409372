"""How much room the database takes, as the database itself tells it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes; `log` is None where the log is not this database's alone (PostgreSQL)."""

    database: int
    log: int | None


def database_sizes(connection: Any) -> Sizes:
    """The size of the database and of its write-ahead log."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return Sizes(int(cursor.fetchone()[0]), None)
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        size = int(cursor.fetchone()[0])
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    return Sizes(size, log.stat().st_size if log.exists() else 0)
