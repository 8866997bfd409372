"""Loops that run as programs of their own, on the database of the tests, and print as JSON what they saw."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def told_by(loop: str, *arguments: str) -> tuple[Any, int]:
    """What a loop of this folder tells, and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", f"telemetry_site.tests.{loop}", *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done.returncode
