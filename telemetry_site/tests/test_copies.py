"""Copies that are made while the database is read into: whole, growing, and each can be restored.

The same for longer: `python -m telemetry_site.tests.copy_loop --cycles 20`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from telemetry_site.tests.length import times

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.one_database("sqlite")
@pytest.mark.database_of_processes
def test_copies_during_a_sync_are_whole_and_grow() -> None:
    cycles = times(2, long=20)
    done = subprocess.run(
        [sys.executable, "-m", "telemetry_site.tests.copy_loop", f"--cycles={cycles}", "--every=0.5"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert (told["problems"], told["copies"], done.returncode) == ([], cycles, 0)
    assert told["entries"][0] < told["entries"][1]
