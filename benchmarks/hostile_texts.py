"""Measure what texts made to keep a program busy cost: each regular expression, each parser and each renderer.

    python -m benchmarks.hostile_texts [--bytes 100000] [--budget-ms 100] [--only NAME]

Prints the slowest texts of each. What takes more than ten budgets is cut off. Exit code 1 where a budget is missed.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import process_time
from typing import Any, NamedTuple

import django

SHOWN = 12
# What an expression is tried on at most, where less than a whole text is given to it.
_CUT_OFF = 10


class Measured(NamedTuple):
    """The slowest text of one thing; `is_cut` where it was not waited for."""

    name: str
    ms: float
    text: str
    is_cut: bool


class _TookTooLong(BaseException):
    """No Exception, so that nothing that is measured takes it for its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bytes", type=int, default=100_000)
    parser.add_argument("--budget-ms", type=float, default=100.0)
    parser.add_argument("--only", default="", help="part of the name of what is measured")
    asked = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.tests.settings")
    django.setup()
    signal.signal(signal.SIGPROF, _end)
    good = True
    for title, measured in (("expressions", _expressions), ("parsers and renderers", _targets)):
        rows = sorted(measured(asked), key=lambda row: -row.ms)
        over = [row for row in rows if row.ms > asked.budget_ms]
        print(
            f"{title}: {len(rows)} on {asked.bytes:,} hostile bytes, {len(over)} over {asked.budget_ms:g} ms"
        )
        for row in rows[:SHOWN]:
            print(f"  {row.ms:9.1f} ms{' cut off' if row.is_cut else '':8} {row.name:50} {row.text!r:.60}")
        good = good and not over
    return 0 if good else 1


def _expressions(asked: argparse.Namespace) -> Iterator[Measured]:
    from telemetry_site.tests.patterns import GIVEN_AT_MOST, attacks, every_pattern, is_tried_anywhere

    for where, pattern in every_pattern().items():
        length = min(asked.bytes, GIVEN_AT_MOST.get(where, asked.bytes))
        run = _find_all if is_tried_anywhere(where) else _find_first
        if asked.only in where:
            texts = ((repr(text[:20]), text) for text in attacks(pattern, length))
            yield _slowest(where, partial(run, pattern), texts, asked.budget_ms)


def _find_all(pattern: Any, text: Any) -> None:
    for _ in pattern.finditer(text):
        pass


def _find_first(pattern: Any, text: Any) -> None:
    pattern.match(text)


def _targets(asked: argparse.Namespace) -> Iterator[Measured]:
    from telemetry_site.tests.text_targets import TARGETS, hostile_texts

    for name, target in TARGETS.items():
        if asked.only in name:
            yield _slowest(name, target, hostile_texts(asked.bytes), asked.budget_ms)


def _slowest(
    name: str, target: Callable[[Any], object], texts: Iterator[tuple[str, Any]], budget_ms: float
) -> Measured:
    slowest = Measured(name, 0.0, "", False)
    for said, text in texts:
        ms, is_cut = _timed(target, text, budget_ms)
        if ms > budget_ms and not is_cut:  # once more, since a busy machine is slow with anything
            ms = min(ms, _timed(target, text, budget_ms)[0])
        if ms > slowest.ms:
            slowest = Measured(name, ms, said, is_cut)
        if is_cut:
            break
    return slowest


def _timed(target: Callable[[Any], object], text: Any, budget_ms: float) -> tuple[float, bool]:
    """(milliseconds of a processor, whether it was cut off)."""
    started = process_time()
    signal.setitimer(signal.ITIMER_PROF, budget_ms / 1000 * _CUT_OFF)
    try:
        target(text)
    except _TookTooLong:
        return (process_time() - started) * 1000, True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return (process_time() - started) * 1000, False


def _end(*_: object) -> None:
    raise _TookTooLong


if __name__ == "__main__":
    sys.exit(main())
