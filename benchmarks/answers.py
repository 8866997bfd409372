"""Measure how long the server takes to answer, in process and without a network.

    python -m benchmarks.answers --entries 1000000                    # a synthetic year in a new SQLite file
    python -m benchmarks.answers --entries 200000 --database postgres
    python -m benchmarks.answers --filled sqlite:////tmp/ledger.sqlite3 --only series --rounds 50

A row is a request: the number of its queries, the slowest of them, half and 95 of 100 of its answers by this process's
CPU time and by the clock, and the same request again with the ETag of the first answer. The goal is the clock's; on a
machine that does other work as well, CPU time tells more. Exit code 1 where an answer is no answer or a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import databases, report
from benchmarks.questions import Question, known, questions
from benchmarks.synthetic.fill import arguments_of, fill, prepare

if TYPE_CHECKING:
    from django.test import Client

HEADINGS = (
    "question",
    "queries",
    "slowest query",
    "CPU p50",
    "CPU p95",
    "p50",
    "p95",
    "goal",
    "",
    "unchanged p50",
)


@dataclass(frozen=True, slots=True)
class Answered:
    """Milliseconds of one question's answers. `unchanged_ms` is None where there is no ETag to ask with.

    `cpu_samples_ms` are this process's own time: all of it with SQLite, and steadier on a busy machine.
    """

    question: Question
    status: int
    queries: int
    slowest_query_ms: float
    samples_ms: tuple[float, ...]
    cpu_samples_ms: tuple[float, ...]
    unchanged_ms: float | None

    @property
    def p50(self) -> float:
        return median(self.samples_ms)

    @property
    def p95(self) -> float:
        return percentile(self.samples_ms, 0.95)

    @property
    def cpu_p50(self) -> float:
        return median(self.cpu_samples_ms)

    @property
    def cpu_p95(self) -> float:
        return percentile(self.cpu_samples_ms, 0.95)

    @property
    def is_met(self) -> bool:
        """By the clock."""
        return self._keeps(self.p95)

    @property
    def is_met_by_cpu(self) -> bool:
        """What it would be on a machine that does nothing else."""
        return self._keeps(self.cpu_p95)

    def _keeps(self, p95: float) -> bool:
        most = self.question.most_query_ms
        return (
            self.status == 200
            and p95 <= self.question.most_ms
            and (most is None or self.slowest_query_ms <= most)
        )


def percentile(samples: Sequence[float], share: float) -> float:
    """The nearest rank."""
    return sorted(samples)[ceil(share * len(samples)) - 1]


def ask(client: Client, question: Question, rounds: int) -> Answered:
    """One question, once to warm up and then so many times."""
    with _queries() as asked:
        first = client.get(question.path)
        list(getattr(first, "streaming_content", ()))
    samples = [_timed(client, question.path) for _ in range(rounds)]
    etag = first.headers.get("ETag")
    unchanged = None
    if etag:
        unchanged = median(_timed(client, question.path, etag=etag)[0] for _ in range(rounds))
    return Answered(
        question,
        first.status_code,
        len(asked),
        max((_query_ms(sql, parameters) for sql, parameters in asked), default=0.0),
        tuple(wall for wall, _ in samples),
        tuple(cpu for _, cpu in samples),
        unchanged,
    )


def _timed(client: Client, path: str, *, etag: str = "") -> tuple[float, float]:
    """Milliseconds that passed, and those of them that this process worked."""
    headers = {"If-None-Match": etag} if etag else {}
    started, worked = time.perf_counter(), time.process_time()
    client.get(path, headers=headers)
    return (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000


@contextmanager
def _queries() -> Iterator[list[tuple[str, Any]]]:
    """The statements of a request with their parameters."""
    from django.db import connection

    found: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql.lstrip()[:6].upper() in ("SELECT", "WITH A", "WITH E"):
            found.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        yield found


def _query_ms(sql: str, parameters: Any) -> float:
    """The best of three runs with all rows fetched: SQLite counts and sorts while rows are taken."""
    from django.db import connection

    best = float("inf")
    for _ in range(3):
        with connection.cursor() as cursor:
            started = time.perf_counter()
            cursor.execute(sql, parameters)
            cursor.fetchall()
            best = min(best, (time.perf_counter() - started) * 1000)
    return best


def measure(only: str, rounds: int) -> Iterator[Answered]:
    """Every question whose group or name holds `only`, against the current database."""
    from django.test import Client

    from telemetry_site.loaded_program import load_and_keep

    load_and_keep()  # as every worker of the server does
    client = Client(headers={"host": "localhost"})
    for question in questions(known()):
        if only in f"{question.group}: {question.name}":
            yield ask(client, question, rounds)


def as_text(answered: Sequence[Answered], notes: Sequence[str]) -> str:
    """An aligned table by groups, the missed goals below."""
    rows: list[tuple[str, ...]] = [HEADINGS]
    group = ""
    for each in answered:
        if each.question.group != group:
            group = each.question.group
            rows.append((group.upper(), *[""] * (len(HEADINGS) - 1)))
        rows.append(_cells(each))
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    table = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    return "\n".join([*notes, "Milliseconds.", *table, _verdict(answered)])


def _verdict(answered: Sequence[Answered]) -> str:
    missed = sum(not each.is_met for each in answered)
    by_cpu = sum(not each.is_met_by_cpu for each in answered)
    return f"{len(answered)} questions, {missed} goals missed ({by_cpu} by CPU time)."


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The name on the left, figures on the right."""
    yield row[0].ljust(widths[0])
    yield from (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))


def _cells(each: Answered) -> tuple[str, ...]:
    unchanged = "–" if each.unchanged_ms is None else f"{each.unchanged_ms:.1f}"
    return (
        f"  {each.question.name}",
        str(each.queries),
        f"{each.slowest_query_ms:.1f}",
        f"{each.cpu_p50:.1f}",
        f"{each.cpu_p95:.1f}",
        f"{each.p50:.1f}",
        f"{each.p95:.1f}",
        f"{each.question.most_ms:.0f}",
        _mark(each),
        unchanged,
    )


def _mark(each: Answered) -> str:
    if each.status != 200:
        return f"HTTP {each.status}"
    return "met" if each.is_met else "missed" if each.is_met_by_cpu else "MISSED, CPU too"


def _run(asked: argparse.Namespace, database: str) -> int:
    started = time.perf_counter()
    if not asked.filled:
        fill(asked.entries, end=asked.end, projects=asked.projects, seed=asked.seed)
    about = report.machine(database)
    notes = [
        f"{about['processors']} processors, {about['memory_gb']} GB, Python {about['python']}, {database}; "
        f"{_size()}; {asked.rounds} rounds; filled in {time.perf_counter() - started:.0f} s",
        f"A million squares take {_squares_ms():.0f} ms of this processor's time now: busy machines need more.",
    ]
    answered = list(measure(asked.only, asked.rounds))
    if asked.json:
        rows = [
            {
                **asdict(each),
                **{name: getattr(each, name) for name in ("cpu_p50", "cpu_p95", "p50", "p95", "is_met")},
            }
            for each in answered
        ]
        print(json.dumps({"machine": about, "notes": notes, "rows": rows}))
    else:
        print(as_text(answered, notes))
    return 0 if all(each.is_met for each in answered) else 1


def _squares_ms() -> float:
    """The best of five: what to compare figures of another hour or another machine by."""
    best = float("inf")
    for _ in range(5):
        worked = time.process_time()
        sum(number * number for number in range(1_000_000))
        best = min(best, (time.process_time() - worked) * 1000)
    return best


def _size() -> str:
    from sessions.models import AgentSession, TranscriptEntry

    return f"{TranscriptEntry.objects.count():,} entries, {AgentSession.objects.count():,} sessions"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers", description=__doc__)
    arguments_of(parser)
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite")
    parser.add_argument(
        "--filled", metavar="URL", help="of a database that benchmarks.synthetic.fill has filled"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="ask what has this in its group or name")
    parser.add_argument("--rounds", type=int, default=20, metavar="N")
    parser.add_argument("--json", action="store_true")
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
