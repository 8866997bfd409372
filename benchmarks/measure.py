"""Run a command and learn what it took: wall-clock seconds and the memory of all its processes."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
# Telling what processes share takes milliseconds of both: it is asked for when so much more is resident than ever.
GROWN = 1.01
_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Run:
    """One finished command. `peak_bytes` is None where the system does not tell (anything but Linux)."""

    seconds: float
    peak_bytes: int | None
    exit_code: int
    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        """The last line of stdout, where commands put their JSON report; empty without output."""
        return (self.stdout.strip().splitlines() or [""])[-1]

    @property
    def complaint(self) -> str:
        """The last line of stderr, where a failed command says why."""
        return (self.stderr.strip().splitlines() or ["no message"])[-1]


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    servers: Iterable[int] = (),
) -> Run:
    """Run a command to its end. The memory of `servers` (process ids) and their children counts as well."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=stdout, stderr=stderr)
        watch = MemoryWatch([process.pid, *servers])
        watch.start()
        exit_code = process.wait()
        seconds = time.perf_counter() - started
        watch.stop()
        stdout.seek(0)
        stderr.seek(0)
        return Run(seconds, watch.peak_bytes, exit_code, stdout.read(), stderr.read())


class MemoryWatch:
    """Samples the memory of process trees from a thread; `peak_bytes` is the largest sum seen."""

    def __init__(self, roots: Sequence[int]) -> None:
        self._roots = roots
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin sampling."""
        self._thread.start()

    def stop(self) -> None:
        """End sampling; `peak_bytes` stands."""
        self._ended.set()
        self._thread.join()

    @property
    def peak_bytes(self) -> int | None:
        """The largest sum so far; None when nothing could be read."""
        return self._peak or None

    def _watch(self) -> None:
        looked_at = 0.0
        while not self._ended.wait(SAMPLE_SECONDS):
            members = {pid for root in self._roots for pid in process_tree(root)}
            resident = sum(map(_resident, members))
            if resident > looked_at * GROWN:
                looked_at = resident
                self._peak = max(self._peak, sum(map(memory_of, members)))


def process_tree(root: int) -> Iterator[int]:
    """The process and all its descendants that live now."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        for children in (_PROCESSES / str(pid) / "task").glob("*/children"):
            waiting.extend(int(child) for child in _read(children).split())


def memory_of(pid: int) -> int:
    """Resident bytes of a process, pages shared by n processes counted as one n-th; 0 when it has ended.

    Plain resident sizes would count the shared buffers of a database server once per connection.
    """
    for line in _read(_PROCESSES / str(pid) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _resident(pid: int) -> int:
    """Resident pages of a process, shared ones included; 0 when it has ended."""
    sizes = _read(_PROCESSES / str(pid) / "statm").split()
    return int(sizes[1]) if len(sizes) > 1 else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
