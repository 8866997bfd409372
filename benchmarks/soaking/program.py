"""`manage.py up` with folders of its own, and what its processes hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import memory_of, process_tree

PROJECT = Path(__file__).resolve().parents[2]
STARTS_WITH = "Agent Ledger is at "


@dataclass(frozen=True, slots=True)
class Program:
    """It runs until the block that started it ends."""

    address: str
    process: subprocess.Popen[str]
    environ: dict[str, str]
    database: Path

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def held(self) -> tuple[dict[int, int], int, int]:
        """{process: bytes of its own}, resident bytes of all (shared pages once), and open descriptors of all.

        A process's own bytes are those that no file backs. Pages of the database are mapped (256 MB of it at most):
        they are resident too, grow with the file, and the system takes them back when it needs the room.
        """
        members = list(process_tree(self.process.pid))
        return (
            {pid: _own(pid) for pid in members},
            sum(map(memory_of, members)),
            sum(map(_descriptors, members)),
        )

    def wal_bytes(self) -> int:
        return _size(self.database.with_name(self.database.name + "-wal"))

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `manage.py` on the same database."""
        return subprocess.run(
            [sys.executable, PROJECT / "manage.py", *words],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def running(folder: Path) -> Iterator[Program]:
    """Start it on a free port, with data and transcripts below the folder; end it as Ctrl-C does."""
    data = folder / "data"
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "DATABASE_URL": "",
        "TELEMETRY_DATA_DIR": str(data),
        "CLAUDE_CONFIG_DIR": str(folder / "claude"),
        "HOME": str(folder),
    }
    (folder / "claude" / "projects").mkdir(parents=True)
    log = folder / "up.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, PROJECT / "manage.py", "up", "--port=0", "--no-browser"],
            env=environ,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Program(_address(process, log), process, environ, data / "agent-ledger.sqlite3")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """Where it says that it listens; waits for that for at most a minute."""
    for _ in range(120):
        for line in log.read_text().splitlines():
            if line.startswith(STARTS_WITH):
                return line.split()[4].rstrip("/")
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
        break
    raise SystemExit(f"It did not start: {log.read_text()}")


def _own(process: int) -> int:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Anonymous:"))


def _descriptors(process: int) -> int:
    try:
        return len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
