"""Syncs, writers and readers at once: nobody is told that the database is locked, nothing is lost or doubled.

The same for longer: `python -m telemetry_site.tests.contention --seconds 60`.
"""

import pytest

from telemetry_site.tests.length import times
from telemetry_site.tests.loops import told_by


@pytest.mark.database_of_processes
def test_all_at_once() -> None:
    told, status = told_by("contention", f"--seconds={times(4, long=60, postgres=2)}")
    assert (told["problems"], status) == ([], 0)
    assert told["readers"]["answers"]["200"] and told["writers"]["answers"]["201"] and told["syncs"]["read"]
