"""Load pages and the API at a steady rate while a first sync runs, and see how soon anything can be seen at all.

    python -m benchmarks.load [--source DIR] [--bytes 500M | --copies N] [--rate 50] [--seconds 60]

`up` starts in an empty data folder on the amplified transcripts and reads them; at once so many requests a second are
made of the server, in turn of every address, by as many users as are needed. It ends when everything is read, or after
so many seconds. Times are those of the whole answer, over loopback. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import median
from threading import local

from benchmarks.amplify import add_amount_arguments
from benchmarks.answers import percentile
from benchmarks.corpora import Amount, prepared
from benchmarks.pages import free_port
from benchmarks.report import aligned

PROJECT = Path(__file__).resolve().parents[1]
GOAL_FIRST_PAGE_S, GOAL_TODAY_S, GOAL_P95_MS = 1.5, 5.0, 300.0
USERS = 40
HEADINGS = ("address", "times", "p50 ms", "p95 ms", "slowest ms", "errors")
ADDRESSES = (
    "/",
    "/sessions",
    "/sessions/{newest}",
    "/features",
    "/explore",
    "/search?q=error",
    "/quality",
    "/alerts",
    "/api/analytics/overview",
    "/api/analytics/series?metric=session_cost&period=daily",
    "/api/analytics/breakdown?dimension=tool",
    "/api/sessions",
)


@dataclass(slots=True)
class Answers:
    """What one address answered with: milliseconds of the answers that were fine, and what the others were."""

    took_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def p95_ms(self) -> float:
        return percentile(self.took_ms, 0.95) if self.took_ms else float("nan")


@dataclass(slots=True)
class Load:
    """Everything that was seen."""

    first_page_s: float = 0.0
    today_s: float = 0.0
    lasted_s: float = 0.0
    read_whole: bool = False
    answers: dict[str, Answers] = field(default_factory=dict)

    @property
    def all_answers(self) -> Answers:
        each = self.answers.values()
        return Answers([ms for one in each for ms in one.took_ms], [e for one in each for e in one.errors])

    @property
    def is_met(self) -> bool:
        whole = self.all_answers
        soon = self.first_page_s <= GOAL_FIRST_PAGE_S and self.today_s <= GOAL_TODAY_S
        return soon and not whole.errors and whole.p95_ms <= GOAL_P95_MS


class Client:
    """Connections to the server, one for each thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._of_thread = local()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body. Raises OSError or HTTPException where there is no answer."""
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except Exception:
            self._of_thread.connection = None
            connection.close()
            raise


def measure(folder: Path, rate: float, seconds: float) -> Load:
    """Start, wait for the first page and the newest sessions, and ask at this rate until everything is read."""
    load, newest = Load(), _newest_session(folder / "projects")
    with _started(folder) as client, ThreadPoolExecutor(USERS) as users:
        began = time.monotonic()
        _until(client, "/", began)
        load.first_page_s = time.monotonic() - began
        watch = users.submit(_until, client, f"/api/sessions/{newest}", began)
        _ask(client, users, load, newest, rate, began + seconds)
        load.today_s, load.lasted_s = watch.result(), time.monotonic() - began
    return load


def _ask(
    client: Client, users: ThreadPoolExecutor, load: Load, newest: str, rate: float, until: float
) -> None:
    """Ask in turn for every address, at this rate whatever the answers take, until all is read or time is up."""
    asked: list[Future[None]] = []
    next_at = looked_at = time.monotonic()
    for address in cycle(ADDRESSES):
        now = time.monotonic()
        if now - looked_at > 1:
            looked_at, load.read_whole = now, _is_read(client)
        if load.read_whole or now >= until:
            break
        time.sleep(max(0.0, next_at - now))
        next_at += 1 / rate
        path = address.replace("{newest}", newest)
        seen = load.answers.setdefault(address, Answers())
        asked.append(users.submit(_note, client, path, seen, time.monotonic()))
    for each in asked:
        each.result()


def _note(client: Client, path: str, seen: Answers, wanted_at: float) -> None:
    """An answer's time counts from when it was due, so that waiting for a free user is part of it."""
    try:
        status, _ = client.get(path)
    except Exception as error:  # noqa: BLE001  (whatever went wrong is what this looks for)
        seen.errors.append(repr(error))
        return
    # Of a session that is not read yet, that it is not there is the right answer.
    if status == 200 or (status == 404 and path.startswith("/sessions/")):
        seen.took_ms.append((time.monotonic() - wanted_at) * 1000)
    else:
        seen.errors.append(str(status))


def _until(client: Client, path: str, began: float) -> float:
    """Wait until the address answers with 200; returns the seconds since the beginning."""
    while time.monotonic() - began < 120:
        try:
            if client.get(path)[0] == 200:
                break
        except OSError:
            pass
        time.sleep(0.05)
    return time.monotonic() - began


def _is_read(client: Client) -> bool:
    return json.loads(client.get("/api/ingest/status")[1])["lastSyncAt"] is not None


def _newest_session(projects: Path) -> str:
    files = (path for path in projects.glob("*/*.jsonl") if not path.name.startswith("agent-"))
    return max(files, key=lambda path: path.stat().st_mtime).stem


@contextmanager
def _started(folder: Path) -> Iterator[Client]:
    with tempfile.TemporaryDirectory(prefix="agent-ledger-load-") as data:
        environment = os.environ | {
            "TELEMETRY_DATA_DIR": data,
            "DATABASE_URL": "",
            "TELEMETRY_MODE": "local",
            "CLAUDE_CONFIG_DIR": str(folder),
        }
        port = free_port()
        command = [sys.executable, str(PROJECT / "manage.py"), "up", "--no-browser", "--port", str(port)]
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield Client(port)
        finally:
            server.terminate()
            server.wait(timeout=60)


def table(load: Load) -> list[str]:
    """A line per address below a heading, then what they come to and the goals."""
    rows = [_row(name, seen) for name, seen in (*load.answers.items(), ("all", load.all_answers))]
    errors = sorted(set(load.all_answers.errors))
    return [
        *aligned([HEADINGS, *rows]),
        f"first page after {load.first_page_s:.1f} s (goal {GOAL_FIRST_PAGE_S}), newest session after"
        f" {load.today_s:.1f} s (goal {GOAL_TODAY_S:.0f}); {'read whole' if load.read_whole else 'still reading'}"
        f" after {load.lasted_s:.0f} s; goal for all: p95 of {GOAL_P95_MS:.0f} ms, no error",
        *(f"error: {error}" for error in errors),
    ]


def _row(name: str, seen: Answers) -> list[str]:
    times = seen.took_ms or [float("nan")]
    figures = (median(times), seen.p95_ms, max(times))
    return [name, str(len(seen.took_ms)), *(f"{ms:,.0f}" for ms in figures), str(len(seen.errors))]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--source", type=Path, default=Path.home() / ".claude", help="a config folder")
    add_amount_arguments(parser, copies=8)
    parser.add_argument("--rate", type=float, default=50, help="requests a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="at most (default: %(default)s)")
    given = parser.parse_args(arguments)
    if given.copies is None and given.size is None:
        given.copies = 8
    folder = prepared(given.source, Amount(given.copies, given.size, given.seed))
    load = measure(folder, given.rate, given.seconds)
    print("\n".join(table(load)))
    return 0 if load.is_met else 1


if __name__ == "__main__":
    sys.exit(main())
