"""SIGKILL at any moment of a sync, and at each of its steps, loses nothing and doubles nothing.

The same with a hundred kills: `python -m telemetry_site.tests.kill_loop --kills 100`.
"""

from pathlib import Path
from typing import Any

import pytest

from telemetry_site.tests.kill_loop import CUT, ENDED_FIRST, POINTS
from telemetry_site.tests.length import times
from telemetry_site.tests.loops import told_by

pytestmark = pytest.mark.database_of_processes


def killed(*arguments: str) -> dict[str, Any]:
    """What the loop reports, on the database of the tests."""
    told: dict[str, Any]
    told, status = told_by("kill_loop", *arguments)
    assert (told["problems"], status) == ([], 0)
    return told


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="readers are found in /proc")
def test_kills_at_any_moment() -> None:
    kills = times(12, long=100, postgres=6)
    told = killed("--kills", str(kills))
    told["killed"].pop(ENDED_FIRST, None)
    assert sum(told["killed"].values()) == kills
    assert 0 < told["read_by_killed_syncs"] <= told["lines"]


@pytest.mark.one_database("postgresql")
def test_connections_that_are_cut() -> None:
    kills = times(5, long=100)
    assert killed("--kills", str(kills), "--connections")["killed"][CUT] == kills


def test_a_kill_at_each_step() -> None:
    """Each run is killed once, before its step; the next one is killed at the step after."""
    assert killed("--points")["killed"] == {"sync killed": len(POINTS)}
