"""Who uses the database file right now.

Two things tell. The lease says that a sync writes, on whatever machine it runs. And SQLite's own lock: with a
write-ahead log, every connection holds it from its first question until it is closed, so a server that answered
anything since it last let go of its connection is seen, and so is any other program. A server that holds no
connection opens the file when it is asked the next time, and then finds the one that was put there.
"""

import fcntl
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sessions.processes import has_ended, shown
from telemetry_site.backups.inspection import UNREADABLE

# Of SQLite's file format: the bytes of a database file that readers lock, which are never part of its content.
SHARED_FIRST = 0x40000000 + 2
SHARED_BYTES = 510


def is_in_use(path: Path) -> bool:
    """Whether another process has the file open as a database; also for one that is damaged."""
    with path.open("r+b") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED_BYTES, SHARED_FIRST)
        except (BlockingIOError, PermissionError):
            return True
    return False


def lease_holder(path: Path, now: datetime) -> str:
    """Who holds a lease that has not run out, "" when nobody does or the file cannot tell."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT owner, expires_at FROM agent_sessions_synclease").fetchall()
    except UNREADABLE:
        return ""
    living = [owner for owner, until in rows if datetime.fromisoformat(f"{until}+00:00") > now]
    return next((shown(str(owner)) for owner in living if not has_ended(str(owner))), "")
