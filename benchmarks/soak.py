"""Use the whole program steadily for a long time: does it leak, does it fail, are its counts right at the end?

    python -m benchmarks.soak --minutes 45

Starts `manage.py up` with folders of its own. Agents append to transcripts in pieces, `/metrics` is scraped every
15 seconds, pages are opened one after the other. Every ten seconds memory, open descriptors and the write-ahead log
are looked at. At the end the entries are held against the lines that were written, and `manage.py verify` is run.
Prints JSON; exit code 1 when a bound is not kept, a request fails, a counter falls or a line is missing. SQLite, Linux.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.soaking.agents import Agents
from benchmarks.soaking.program import Program, running
from benchmarks.soaking.verdict import MEGABYTE, Sample, broken_bounds, slope_mb_per_ten_minutes, warm

PAGES = ("/", "/sessions", "/explore", "/features", "/alerts", "/quality", "/search?q=bitte", "/api/sessions")
SCRAPE_SECONDS, SAMPLE_SECONDS, TIMEOUT_SECONDS = 15, 10, 60
READ_WITHIN_SECONDS = 120


@dataclass(slots=True)
class Soak:
    """A run: what is asked of the program, and what was seen of it."""

    program: Program
    agents: Agents
    ended: threading.Event = field(default_factory=threading.Event)
    samples: list[Sample] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    page_ms: list[float] = field(default_factory=list)
    scrape_ms: list[float] = field(default_factory=list)
    _counters: dict[str, float] = field(default_factory=dict)
    _page: Any = field(default_factory=count)

    def last(self, seconds: float, *, pages_every: float, pieces_every: float) -> None:
        """Use it for so long."""
        started = time.monotonic()
        threads = [
            self._every(pieces_every, self.agents.write),
            self._every(pages_every, self._open_page),
            self._every(SCRAPE_SECONDS, self._scrape),
            self._every(SAMPLE_SECONDS, lambda: self._sample(started)),
        ]
        while time.monotonic() < started + seconds and self.program.is_running:
            time.sleep(0.5)
        if not self.program.is_running:
            self.errors.append("the program ended by itself")
        self.ended.set()
        for thread in threads:
            thread.join()
        self.agents.finish()

    def _every(self, seconds: float, act: Callable[[], None]) -> threading.Thread:
        def repeat() -> None:
            while not self.ended.wait(seconds):
                act()

        thread = threading.Thread(target=repeat)
        thread.start()
        return thread

    def _open_page(self) -> None:
        self.page_ms.append(self._ask(PAGES[next(self._page) % len(PAGES)])[1])

    def _scrape(self) -> None:
        text, took = self._ask("/metrics")
        self.scrape_ms.append(took)
        now = counters_in(text)
        self.errors += [f"{name} fell" for name, value in self._counters.items() if now.get(name, 0) < value]
        self._counters = now or self._counters

    def _ask(self, path: str) -> tuple[str, float]:
        started = time.perf_counter()
        try:
            with urlopen(self.program.address + path, timeout=TIMEOUT_SECONDS) as answer:
                text = answer.read().decode()
        except (URLError, OSError) as error:
            self.errors.append(f"{path}: {error}")
            text = ""
        return text, (time.perf_counter() - started) * 1000

    def _sample(self, started: float) -> None:
        own, resident, descriptors = self.program.held()
        seconds, wal = time.monotonic() - started, self.program.wal_bytes()
        self.samples.append(Sample(seconds, sum(own.values()), descriptors, wal, resident, own))


def counters_in(text: str) -> dict[str, float]:
    """The ledger's counters in a scrape. Those of answers are left out: workers are replaced now and then."""
    found = re.findall(r"^(agent_ledger_\w*_total(?:\{[^}]*\})?) (\S+)", text, re.MULTILINE)
    return {name: float(value) for name, value in found if "http" not in name}


def lines_read(database: Path) -> int:
    """How many entries there are."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as raw:
        (found,) = raw.execute("SELECT COUNT(*) FROM agent_sessions_transcriptentry").fetchone()
    return int(found)


def await_reading(program: Program, lines: int) -> float | None:
    """The seconds until every line is there; None when that does not come to be."""
    started = time.monotonic()
    while time.monotonic() < started + READ_WITHIN_SECONDS:
        if lines_read(program.database) == lines:
            return time.monotonic() - started
        time.sleep(0.2)
    return None


def told(soak: Soak, behind: float | None, problems: list[str]) -> dict[str, Any]:
    """The run as JSON."""
    settled = warm(soak.samples)
    return {
        "minutes": round(soak.samples[-1].seconds / 60, 1) if soak.samples else 0,
        "lines": soak.agents.lines,
        "pages": len(soak.page_ms),
        "page_ms": _spread(soak.page_ms),
        "scrapes": len(soak.scrape_ms),
        "scrape_ms": _spread(soak.scrape_ms),
        "memory_mb": _course([sample.memory for sample in soak.samples]),
        "resident_mb": _course([sample.resident for sample in soak.samples]),
        "memory_of_each_mb": [
            _course([sample.by_process.get(pid, 0) for sample in soak.samples])
            for pid in soak.samples[-1].by_process
        ],
        "memory_slope_mb_per_10_minutes": round(slope_mb_per_ten_minutes(settled), 2),
        "descriptors": [min(s.descriptors for s in settled), max(s.descriptors for s in settled)],
        "wal_mb": round(max(sample.wal for sample in soak.samples) / MEGABYTE, 1),
        "errors": len(soak.errors),
        "read_after_seconds": None if behind is None else round(behind, 1),
        "problems": problems,
    }


def _course(sizes: Sequence[int]) -> list[int]:
    """About eleven of them, in megabytes."""
    return [round(size / MEGABYTE) for size in sizes[:: len(sizes) // 10 or 1]]


def _spread(taken: Sequence[float]) -> dict[str, int]:
    if len(taken) < 2:
        return {}
    return {"p50": round(median(taken)), "p95": round(quantiles(taken, n=20)[-1]), "most": round(max(taken))}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=45, help="how long (default: %(default)s)")
    parser.add_argument("--agents", type=int, default=6, help="at work at once (default: %(default)s)")
    parser.add_argument(
        "--pieces-every", type=float, default=0.5, metavar="S", help="seconds between appends"
    )
    parser.add_argument("--pages-every", type=float, default=1.0, metavar="S", help="seconds between pages")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="agent-ledger-soak-") as name:
        folder = Path(name)
        with running(folder) as program:
            soak = Soak(program, Agents(folder / "claude", asked.agents, random.Random(1)))
            soak.last(asked.minutes * 60, pages_every=asked.pages_every, pieces_every=asked.pieces_every)
            behind = await_reading(program, soak.agents.lines)
        problems = broken_bounds(soak.samples, soak.errors)
        if behind is None:
            problems.append(f"{soak.agents.lines} lines were written, {lines_read(program.database)} read.")
        checked = program.manage("verify")
        problems += checked.stderr.splitlines() if checked.returncode else []
    sys.stdout.write(json.dumps(told(soak, behind, problems)) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
