"""Measure alerts: evaluating many rules after one line, a storm of alerts, and previews, in a large database.

    python -m benchmarks.alerts --entries 1000000                     # a synthetic year in a new SQLite file
    python -m benchmarks.alerts --entries 200000 --database postgres
    python -m benchmarks.alerts --filled sqlite:////tmp/copy.sqlite3  # rules and sessions are added to it

"One line" is what reading one leaves behind: a session and a quarter whose rollup changed. Milliseconds on the clock
and of the processor; with PostgreSQL the latter are of this process alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from statistics import median
from typing import Any

from benchmarks import databases, report
from benchmarks.synthetic.fill import arguments_of, fill, prepare

RULES = 200
METRICS = (
    *("session_cost", "session_tokens", "output_tokens", "tool_call_count"),
    *("input_tokens", "cache_read_tokens", "file_churn", "api_error_count"),
)
SCOPES = ("session", "daily", "rolling", "weekly", "monthly")
STORM = 5000
NANO = 10**9


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one thing, each time it was done."""

    name: str
    wall_ms: Sequence[float]
    cpu_ms: Sequence[float]
    detail: str = ""

    def row(self) -> str:
        walls = sorted(self.wall_ms)
        slowest = walls[-(-len(walls) * 95 // 100) - 1]
        figures = f"{median(walls):>9.0f} {slowest:>9.0f} {median(self.cpu_ms):>9.0f}"
        return f"{self.name:<44} {len(walls):>5} {figures}  {self.detail}".rstrip()


def timed(name: str, ask: Callable[[], str], rounds: int = 1) -> Took:
    walls: list[float] = []
    cpus: list[float] = []
    detail = ""
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        detail = ask()
        walls.append((time.perf_counter() - began) * 1000)
        cpus.append((time.process_time() - worked) * 1000)
    return Took(name, walls, cpus, detail)


def make_rules(now: datetime, count: int) -> None:
    """Rules that never fire, of every scope and many metrics."""
    from alerts.editing import create_rule
    from alerts.rule_input import rule_values

    for n in range(count):
        scope = SCOPES[n % len(SCOPES)]
        given: dict[str, Any] = {
            "name": f"Rule {n}",
            "metric": METRICS[n % len(METRICS)],
            "operator": ">",
            "threshold": Decimal(10**9 + n),
            "scope": scope,
        }
        if scope == "rolling":
            given["window_seconds"] = 3600 * (1 + n % 24)
        create_rule(rule_values(given)[0], [], now=now - timedelta(hours=1))


def one_line(session: Any, now: datetime) -> None:
    """What reading a line of a session leaves: its rollup of this quarter grew, and that is noted."""
    from django.db.models import F

    from alerts.marks import mark_quarters, mark_sessions
    from analytics.models import SessionUsage
    from analytics.periods import quarter_of

    more = {"output_tokens": F("output_tokens") + 10, "cost_nano_usd": F("cost_nano_usd") + 10**7}
    if not SessionUsage.objects.filter(session=session, quarter=quarter_of(now)).update(**more):
        row = SessionUsage.objects.filter(session=session).latest("quarter")
        row.pk, row.quarter = None, quarter_of(now)
        row.save(force_insert=True)
    mark_sessions([session.pk])
    mark_quarters([quarter_of(now)])


def storm(now: datetime) -> None:
    """Many sessions that pass a threshold at once, each by one response."""
    from alerts.marks import mark_sessions
    from analytics.models import SessionUsage
    from analytics.periods import quarter_of
    from analytics.querysets import SUMMED
    from sessions.models import AgentSession

    first = AgentSession.objects.latest("pk").pk + 1
    sessions = [
        AgentSession(
            id=first + n,
            public_id=f"storm-{n}",
            native_id=f"storm-{n}",
            stale=False,
            started_at=now,
            ended_at=now,
        )
        for n in range(STORM)
    ]
    AgentSession.objects.bulk_create(sessions, batch_size=1000)
    values: dict[str, Any] = dict.fromkeys(SUMMED, 0) | {"responses": 1, "cost_nano_usd": 2000 * NANO}
    rows = [
        SessionUsage(quarter=quarter_of(now), session=session, model="acme", **values) for session in sessions
    ]
    SessionUsage.objects.bulk_create(rows, batch_size=1000)
    mark_sessions(session.pk for session in sessions)


def measure(rounds: int) -> Iterator[Took]:
    """Every row of the table, against the current database."""
    from django.test import Client

    from alerts.evaluation import evaluate
    from alerts.models import AlertEvent, AlertRule, Channel, Delivery
    from sessions.models import AgentSession

    session = AgentSession.objects.filter(ended_at__isnull=False).latest("ended_at")
    now = session.ended_at.replace(minute=7) + timedelta(hours=1)
    make_rules(now, RULES)
    one_line(session, now)
    yield timed(f"{RULES} rules for the first time", lambda: f"{evaluate(now).evaluated} evaluated")
    walls: list[float] = []
    cpus: list[float] = []
    for n in range(rounds):
        one_line(session, now)
        at = now + timedelta(seconds=n)
        took = timed("", partial(_evaluated, at))
        walls += took.wall_ms
        cpus += took.cpu_ms
    yield Took(f"{RULES} rules after one line", walls, cpus, f"{took.detail} evaluated")
    AlertRule.objects.all().delete()
    dear = _storm_rule(now)
    for n in range(3):
        dear.channels.add(
            Channel.objects.create(
                public_id=f"c{n}", name=f"C{n}", kind="slack", target="https://a.example.org/"
            )
        )
    evaluate(now)
    storm(now)
    yield timed(f"a storm: {STORM} sessions breach at once", lambda: f"{evaluate(now).fired} fired")
    client = Client(headers={"host": "localhost"})
    events, rows = AlertEvent.objects.count(), Delivery.objects.count()
    for place in ("/alerts", "/alerts/notifications", f"/alerts/{dear.public_id}"):
        yield timed(f"{place} in the storm", partial(_asked, client, place), rounds)
    yield Took("events and deliveries of the storm", [0.0], [0.0], f"{events} and {rows}")
    yield from previews(now)


def _evaluated(now: datetime) -> str:
    from alerts.evaluation import evaluate

    return str(evaluate(now).evaluated)


def _asked(client: Any, place: str) -> str:
    return f"HTTP {client.get(place).status_code}"


def _fired(rule: Any, now: datetime) -> str:
    from alerts.preview_picture import picture

    return f"fired {picture(rule, now).told.fired}"


def _storm_rule(now: datetime) -> Any:
    from alerts.editing import create_rule
    from alerts.rule_input import rule_values

    given = {"name": "Storm", "metric": "session_cost", "operator": ">", "threshold": Decimal(1000)}
    return create_rule(rule_values(given)[0], [], now=now - timedelta(hours=1))


def previews(now: datetime) -> Iterator[Took]:
    """What the editor shows while one writes, for every preset."""
    from alerts.presets import PRESETS
    from alerts.rule_input import draft_rule
    from alerts.serializers import RuleInput

    for preset in PRESETS:
        body = RuleInput(data=preset.rule)
        body.is_valid(raise_exception=True)
        rule = draft_rule(dict(body.validated_data))
        yield timed(f"90 days of {preset.id}", partial(_fired, rule, now), 3)


def _run(asked: argparse.Namespace, database: str) -> int:
    if not asked.filled:
        fill(asked.entries, end=asked.end, projects=asked.projects, seed=asked.seed)
    from sessions.models import TranscriptEntry

    about = report.machine(database)
    print(f"{about['processors']} processors, {about['memory_gb']} GB, {database}; ", end="")
    print(f"{TranscriptEntry.objects.count():,} entries. Milliseconds.")
    print(f"{'':<44} {'times':>5} {'median':>9} {'p95':>9} {'CPU':>9}")
    for took in measure(asked.rounds):
        print(took.row(), flush=True)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alerts", description=__doc__)
    arguments_of(parser)
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite")
    parser.add_argument("--filled", metavar="URL", help="of a database that may be changed")
    parser.add_argument("--rounds", type=int, default=20, metavar="N")
    asked = parser.parse_args(arguments)
    if asked.filled:
        prepare(asked.filled)
        return _run(asked, asked.filled.partition(":")[0])
    with databases.KINDS[asked.database]() as fresh, fresh() as database:
        prepare(database.url)
        try:
            return _run(asked, asked.database)
        finally:
            from django.db import connections

            connections.close_all()


if __name__ == "__main__":
    sys.exit(main())
