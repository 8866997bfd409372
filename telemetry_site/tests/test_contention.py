"""Syncs, writers and readers at once: nobody is told that the database is locked, nothing is lost or doubled.

The same for longer: `python -m telemetry_site.tests.contention --seconds 60`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from telemetry_site.tests.length import times

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.database_of_processes
def test_all_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "telemetry_site.tests.contention", f"--seconds={times(4, long=60)}"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert (told["problems"], done.returncode) == ([], 0)
    assert told["readers"]["answers"]["200"] and told["writers"]["answers"]["201"] and told["syncs"]["read"]
