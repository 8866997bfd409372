"""Twenty senders killed in the middle of their work lose nothing, and tell nothing twice but under the same id."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from telemetry_site.tests.length import times

KILLS, TROUBLED_KILLS = times(20, long=20, postgres=8), times(4, long=20, postgres=2)
pytestmark = pytest.mark.database_of_processes


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[str]:
    """The URL of a new database beside the one of the tests."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        return
    import psycopg

    server, name = os.environ["DATABASE_URL"], f"killed_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.mark.parametrize(("kills", "how"), [(KILLS, "quiet"), (TROUBLED_KILLS, "trouble")])
def test_killed_senders_lose_nothing_and_repeat_under_the_same_id(
    empty_database: str, kills: int, how: str
) -> None:
    """Whether the receiver is well, or fails as often as not."""
    command = [sys.executable, "-m", "alerts.tests.killed_senders", empty_database, str(kills), how]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout.splitlines()[-1])
    assert (told["kills"], told["unsent"], told["forged"]) == (kills, 0, 0)
    assert set(told["accepted"]) == set(told["messages"])
    # A message says the same under its id however often it came, and each event stands in one message.
    assert all(len(bodies) == 1 for bodies in told["messages"].values())
    events = [event for [body] in told["messages"].values() for event in body.split(",")]
    assert sorted(events) == told["events"] and len(events) == len(set(events))
    assert told["requests"] > len(told["messages"]), "some were killed between sending and writing that down"
