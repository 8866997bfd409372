"""Measure how soon a browser shows the pages and how much it loads for them, in a Chromium without a cache.

    python -m benchmarks.pages ~/.claude        # read into a database of its own, served and measured
    python -m benchmarks.pages --address http://127.0.0.1:8765 --rounds 9

The largest contentful paint is the browser's own figure, from the start of the navigation; the weight is what came over
the wire, heads of answers included, until the network was quiet. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

from benchmarks.report import aligned

PROJECT = Path(__file__).resolve().parents[1]
GOAL_PAINT_MS = 1000
GOAL_WEIGHT = 350_000
HEADINGS = ("page", "paint p50 ms", "slowest ms", "server ms", "kB", "requests", "goal")
PAGES = {
    "dashboard": "/",
    "dashboard, all time": "/?period=all",
    "sessions": "/sessions",
    "session": "",  # the longest one there is
    "features": "/features",
    "explore": "/explore?period=all",
}
# Asked for before anything is painted, so that no paint is missed.
OBSERVE = """
  window.paints = [];
  new PerformanceObserver(list => window.paints.push(...list.getEntries().map(entry => entry.startTime)))
    .observe({type: "largest-contentful-paint", buffered: true});
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit with an empty cache."""

    paint_ms: float
    server_ms: float  # until the first byte of the page
    weight: int
    requests: int


@dataclass(frozen=True, slots=True)
class Measured:
    page: str
    visits: Sequence[Visit]

    @property
    def paint_ms(self) -> float:
        return median(visit.paint_ms for visit in self.visits)

    @property
    def weight(self) -> int:
        """Of the heaviest visit."""
        return max(visit.weight for visit in self.visits)

    @property
    def is_met(self) -> bool:
        return self.paint_ms <= GOAL_PAINT_MS and self.weight <= GOAL_WEIGHT


def table(found: Sequence[Measured]) -> list[str]:
    """A line per page below a heading, and the goals."""
    cells = [
        [
            each.page,
            f"{each.paint_ms:,.0f}",
            f"{max(visit.paint_ms for visit in each.visits):,.0f}",
            f"{median(visit.server_ms for visit in each.visits):,.0f}",
            f"{each.weight / 1000:,.0f}",
            str(max(visit.requests for visit in each.visits)),
            "met" if each.is_met else "missed",
        ]
        for each in found
    ]
    goals = f"goals: paint p50 of at most {GOAL_PAINT_MS:,} ms, {GOAL_WEIGHT / 1000:,.0f} kB on first load"
    return [*aligned([HEADINGS, *cells]), goals]


def visit(browser: Any, address: str) -> Visit:
    """Open the page in a fresh profile and wait until nothing is loaded any more."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(OBSERVE)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda told: sizes.append(int(told["encodedDataLength"])))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    paints: list[float] = page.evaluate("window.paints")
    server = page.evaluate("performance.getEntriesByType('navigation')[0].responseStart")
    context.close()
    return Visit(max(paints, default=float("nan")), float(server), sum(sizes), len(sizes))


def measure(address: str, rounds: int) -> list[Measured]:
    """Every page, so many times; one visit before that fills the server's own caches."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program if Path(program).exists() else None,
            args=["--no-sandbox", "--disable-gpu"],
        )
        found = []
        for name, path in PAGES.items():
            place = address + (path or longest_session(address))
            visit(browser, place)
            found.append(Measured(name, [visit(browser, place) for _ in range(rounds)]))
        browser.close()
    return found


def longest_session(address: str) -> str:
    """The path of the session with the most calls."""
    with urlopen(f"{address}/sessions?sort_by=tool_calls") as answer:
        page = answer.read().decode()
    found = re.search(r'class="truncate" href="(/sessions/[^"]+)"', page[page.index("<tbody>") :])
    if found is None:
        raise SystemExit("There is no session to open.")
    return found[1]


@contextmanager
def served(*command: str) -> Iterator[str]:
    """What a command of `manage.py` brings into an empty database, served until the block ends."""
    with tempfile.TemporaryDirectory(prefix="agent-ledger-pages-") as data:
        environment = os.environ | {"TELEMETRY_DATA_DIR": data, "DATABASE_URL": "", "TELEMETRY_MODE": "local"}
        manage = [sys.executable, str(PROJECT / "manage.py")]
        for step in (("migrate", "-v0"), command):
            subprocess.run([*manage, *step], env=environment, check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        up = [*manage, "up", "--no-sync", "--no-watch", "--no-browser", "--port", str(port)]
        server = subprocess.Popen(up, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(address: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            urlopen(address).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="a config folder of Claude Code")
    parser.add_argument("--address", help="of a server that runs already, instead of a folder")
    parser.add_argument("--rounds", type=int, default=5, help="visits per page (default: %(default)s)")
    asked = parser.parse_args(arguments)
    if asked.address:
        found = measure(asked.address.rstrip("/"), asked.rounds)
    elif asked.folder:
        with served("sync", "--claude", str(asked.folder.expanduser().resolve())) as address:
            found = measure(address, asked.rounds)
    else:
        parser.error("name a folder of transcripts or the --address of a server")
    print("\n".join(table(found)))
    return 0 if all(each.is_met for each in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
