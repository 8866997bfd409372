"""Measure what a scrape of Prometheus takes, in a database with many projects, models and tools.

    python -m benchmarks.scrape [--database postgres] [--projects 100] [--models 20] [--tools 20] [--scrapes 30]

Fills an empty database with invented responses and calls of every project with every model and tool, rolls them up as a
sync does, and asks `/metrics` through the whole stack of the server, without a socket. Exit code 1 where the slowest in
twenty takes longer than the goal.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, product
from statistics import median
from typing import Any, NamedTuple

from benchmarks.databases import KINDS

GOAL_MS = 300
TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
OUTCOMES = ("ok", "error", "rejected", "interrupted", "blocked")
FIRST_MS = 1_772_359_200_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each there are; every project uses every model and tool."""

    projects: int = 100
    models: int = 20
    tools: int = 20


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of every scrape of one kind, on the clock and of the processor, and how large one is."""

    name: str
    samples_ms: Sequence[float]
    cpu_ms: Sequence[float]
    bytes: int
    series: int

    @property
    def p95_ms(self) -> float:
        """The slowest in twenty."""
        return sorted(self.samples_ms)[max(0, -(-len(self.samples_ms) * 95 // 100) - 1)]


def table(taken: Sequence[Took]) -> list[str]:
    """A line per kind of scrape, below a heading."""
    lines = [f"{'scrape':<22} {'median ms':>9} {'p95 ms':>8} {'CPU ms':>8} {'series':>8} {'kB':>8}"]
    for took in taken:
        middle = f"{median(took.samples_ms):>9.0f} {took.p95_ms:>8.0f} {median(took.cpu_ms):>8.0f}"
        lines.append(f"{took.name:<22} {middle} {took.series:>8,} {took.bytes / 1000:>8,.0f}")
    return [*lines, f"goal: p95 of at most {GOAL_MS} ms"]


def meets_goal(taken: Sequence[Took]) -> bool:
    return all(took.p95_ms <= GOAL_MS for took in taken)


def fill(size: Size) -> float:
    """Invent facts and roll them up; returns the seconds that rolling up took."""
    from analytics import counters
    from analytics.rollups import roll_up
    from sessions.ingest import mark_dirty
    from sessions.models import AgentSession, ModelResponse, Project, ToolCall
    from sessions.parsers.normalise import quarter_of

    names = [f"project-{n}" for n in range(size.projects)]
    Project.objects.bulk_create(Project(key=f"/{name}", slug=name, name=name) for name in names)
    keys = dict(Project.objects.values_list("slug", "id"))
    sessions = [
        AgentSession(
            id=number,
            public_id=name,
            native_id=name,
            project_id=keys[name],
            stale=False,
            start_quarter=quarter_of(FIRST_MS),
        )
        for number, name in enumerate(names, 1)
    ]
    AgentSession.objects.bulk_create(sessions)
    ModelResponse.objects.bulk_create(_responses(ModelResponse, size, quarter_of), batch_size=1000)
    ToolCall.objects.bulk_create(_calls(ToolCall, size, quarter_of), batch_size=1000)
    mark_dirty(set(ModelResponse.objects.values_list("quarter", flat=True)))
    mark_dirty({q for q in ToolCall.objects.values_list("quarter", flat=True) if q is not None})
    started = time.perf_counter()
    roll_up()
    counters.count_sessions(session.id for session in sessions)
    counters.settle()
    return time.perf_counter() - started


def _responses(table: Any, size: Size, quarter_of: Any) -> Iterator[Any]:
    ids = count(1)
    for session, model in product(range(1, size.projects + 1), range(size.models)):
        at_ms = FIRST_MS + model * HOUR_MS
        yield table(
            id=next(ids),
            owner_id=session,
            message_key=0,
            message_id="m",
            at_ms=at_ms,
            quarter=quarter_of(at_ms),
            model=f"model-{model}",
            fast=False,
            input_tokens=3,
            output_tokens=500,
            cache_read_tokens=40_000,
            cache_creation_5m_tokens=900,
            cache_creation_1h_tokens=0,
            web_search_requests=0,
            cost_nano_usd=None if model == 0 else 21_000_000,
            is_assistant=True,
            is_sidechain=False,
            chosen_at_ms=at_ms,
            chosen_digest=0,
        )


def _calls(table: Any, size: Size, quarter_of: Any) -> Iterator[Any]:
    ids = count(1)
    for session, tool, outcome in product(range(1, size.projects + 1), range(size.tools), OUTCOMES):
        at_ms = FIRST_MS + tool * HOUR_MS
        yield table(
            id=next(ids),
            call_id="c",
            owner_id=session,
            has_use=True,
            name=f"Tool{tool}",
            use_at_ms=at_ms,
            quarter=quarter_of(at_ms),
            outcome=outcome,
            is_error=outcome != "ok",
            elapsed_ms=40 * (tool + session),
        )


def measure(scrapes: int) -> list[Took]:
    """Scrape in every way a scraper asks, by turns."""
    kinds = {
        "text 0.0.4": {"accept": TEXT},
        "OpenMetrics 1.0": {"accept": OPENMETRICS},
        "OpenMetrics 1.0, gzip": {"accept": OPENMETRICS, "accept-encoding": "gzip"},
    }
    # The first round loads what the others find loaded.
    rounds = [{name: _scrape(headers) for name, headers in kinds.items()} for _ in range(scrapes + 1)][1:]
    series = sum(not line.startswith(b"#") for line in rounds[0]["text 0.0.4"].body.splitlines())
    return [_took(name, [each[name] for each in rounds], series) for name in kinds]


class _Scraped(NamedTuple):
    clock_ms: float
    cpu_ms: float
    body: bytes


def _took(name: str, scraped: Sequence[_Scraped], series: int) -> Took:
    clock, cpu = [each.clock_ms for each in scraped], [each.cpu_ms for each in scraped]
    return Took(name, clock, cpu, len(scraped[-1].body), series)


def _scrape(headers: dict[str, str]) -> _Scraped:
    from django.test import Client

    client = Client(headers={"host": "localhost", **headers})
    started, worked = time.perf_counter(), time.process_time()
    answer = client.get("/metrics")
    took = time.perf_counter() - started, time.process_time() - worked
    if answer.status_code != 200:
        raise RuntimeError(f"The scrape was answered with {answer.status_code}.")
    return _Scraped(took[0] * 1000, took[1] * 1000, answer.content)


def _prepare(url: str, folder: str) -> None:
    os.environ["DATABASE_URL"] = url
    os.environ["TELEMETRY_DATA_DIR"] = folder
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scrape", description=__doc__)
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    for name, default in (("projects", 100), ("models", 20), ("tools", 20), ("scrapes", 30)):
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N")
    asked = parser.parse_args(arguments)
    prefix = "agent-ledger-benchmark-"
    with (
        KINDS[asked.database]() as fresh,
        fresh() as database,
        tempfile.TemporaryDirectory(prefix=prefix) as folder,
    ):
        _prepare(database.url, folder)
        seconds = fill(Size(asked.projects, asked.models, asked.tools))
        taken = measure(asked.scrapes)
        from django.db import connection

        connection.close()
    made = f"{asked.projects} projects x {asked.models} models x {asked.tools} tools, {asked.database}"
    sys.stdout.write("\n".join([f"{made}; rolled up in {seconds:.1f} s", *table(taken)]) + "\n")
    return 0 if meets_goal(taken) else 1


if __name__ == "__main__":
    raise SystemExit(main())
