"""agentsview, a program of the same kind from PyPI, doing its sync of the same files in the same run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.measure import Run, run
from benchmarks.report import Sample

NAME = "agentsview sync"


def peer_sync(program: str, folder: Path) -> tuple[Sample, Run]:
    """One first sync of a config folder into a home of its own, without the server it would leave running.

    Raises OSError when there is no such program.
    """
    with tempfile.TemporaryDirectory(prefix="agent-ledger-peer-") as home:
        (Path(home) / ".claude").symlink_to(folder)
        own = {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, "AGENTSVIEW_NO_DAEMON": "1"}
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("CLAUDE_", "AGENTSVIEW_"))
        }
        done = run([program, "sync"], environment=kept | own, folder=Path(home))
        return Sample(done.seconds, done.peak_bytes, _size(Path(home))), done


def _size(home: Path) -> int:
    """Bytes of what it wrote; what the link leads to is not its own."""
    return sum((Path(folder) / name).stat().st_size for folder, _, names in os.walk(home) for name in names)
