"""Copies that are made while the database is read into: whole, growing, and each can be restored.

The same for longer: `python -m telemetry_site.tests.copy_loop --cycles 20`.
"""

import pytest

from telemetry_site.tests.length import times
from telemetry_site.tests.loops import told_by


@pytest.mark.one_database("sqlite")
@pytest.mark.database_of_processes
def test_copies_during_a_sync_are_whole_and_grow() -> None:
    cycles = times(2, long=20)
    told, status = told_by("copy_loop", f"--cycles={cycles}", "--every=0.5")
    assert (told["problems"], told["copies"], status) == ([], cycles, 0)
    assert told["entries"][0] < told["entries"][1]
