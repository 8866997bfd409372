"""A damaged SQLite database: no page and no command fails without a word, and a copy brings everything back.

The same of many: `python -m telemetry_site.tests.damage --seeds 50`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from telemetry_site.tests.damage import IN_FILE, OF_LOG
from telemetry_site.tests.length import times

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.one_database("sqlite")
@pytest.mark.database_of_processes
def test_damage_is_harmless_or_named_and_a_copy_brings_all_back() -> None:
    """Each way of damage once, and a few pages of each."""
    ways = len(IN_FILE) + len(OF_LOG)
    seeds, pages = times(ways, long=6 * ways), times(10, long=1000)
    done = subprocess.run(
        [sys.executable, "-m", "telemetry_site.tests.damage", f"--seeds={seeds}", f"--pages={pages}"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert (told["broken"], told["damaged"], done.returncode) == ([], seeds, 0)
    assert told["answers"]["200"] > seeds, "what is not damaged can still be read"
