"""Copying a SQLite database again and again while transcripts are read into it, and restoring every copy.

    python -m telemetry_site.tests.copy_loop --cycles 20

A process writes transcripts and syncs them without a pause. Every two seconds `backup` copies the database, and the
copy is restored to another place. Each copy must be whole, keep every promise (what a sync had still to derive may
wait), and hold no less than the one before; the last holds more than the first. Beside it a process makes a small
change every 20 ms and tells how long each took, which is how long anybody who writes is held up. At the end, after one
more sync, a restored copy has the digest of the database. Prints JSON; exit code 1 when anything does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from time import monotonic, sleep
from typing import Any

from telemetry_site.tests.damage import in_child, use_database
from telemetry_site.tests.kill_loop import Writer, fresh_database, sync_to_the_end

FIRST_AT = datetime(2026, 4, 20, 13, tzinfo=UTC)
PIECES_OF_A_SYNC = 60
CHANGE_EVERY_SECONDS = 0.02
# What a sync marks and derives at its end: of a moment in the middle of one it is right that it waits.
WAITS = "wait for"


def in_background(ended: Path, act: Callable[[], None]) -> int:
    """A process that does this until the file `ended` is there; its process id."""
    from django.db import connections

    connections.close_all()
    if child := os.fork():
        return child
    status = 1
    try:
        while not ended.exists():
            act()
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def read_more(root: Path, writer: Writer) -> None:
    from telemetry_site.pipeline import sync

    writer.write(PIECES_OF_A_SYNC)
    sync([root], live=True)


def change_something(told: Path) -> None:
    """A transaction that takes the write lock and gives it back; notes when it began and how long it took."""
    from django.db import transaction
    from django.utils import timezone

    from sessions.leases import Lease

    began = monotonic()
    with transaction.atomic():
        Lease.renew("nobody's", "nobody", timezone.now())
    with told.open("a") as stream:
        stream.write(f"{began} {(monotonic() - began) * 1000}\n")
    sleep(CHANGE_EVERY_SECONDS)


def copied(folder: Path, number: int) -> dict[str, Any]:
    """Make a copy; where it is, and from when to when it was made."""
    from telemetry_site.backups.copying import back_up

    began = monotonic()
    made = back_up(folder / "copies", FIRST_AT + timedelta(seconds=number), keep=1)
    return {"path": str(made.path), "began": began, "ended": monotonic(), "bytes": made.size}


def restored(folder: Path, copy: Path, number: int) -> dict[str, Any]:
    """Restore a copy to a place of its own; what it holds, and which promises it does not keep."""
    from sessions.models import AgentSession, TranscriptEntry
    from telemetry_site.backups.restoring import checked, restore
    from telemetry_site.verification import table_digests, verify

    place = folder / "restored" / f"{number}.sqlite3"
    checked(copy)
    restore(copy, place, FIRST_AT + timedelta(seconds=number))
    use_database(place)
    counts = [TranscriptEntry.objects.count(), AgentSession.objects.count()]
    problems = [f"Copy {number}: {said}" for said in verify() if WAITS not in said]
    found = {"counts": counts, "problems": problems, "facts": table_digests()}
    place.unlink()
    return found


def copy_again_and_again(folder: Path, cycles: int, every: float) -> dict[str, Any]:
    """Copy and restore while others read and write; what was seen."""
    root, ended, changes = folder / "claude", folder / "ended", folder / "changes"
    writer = Writer(root, random.Random(1))
    writer.write(PIECES_OF_A_SYNC)
    sync_to_the_end(root)
    others = [in_background(ended, partial(read_more, root, writer))]
    others.append(in_background(ended, partial(change_something, changes)))
    copies: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    try:
        for number in range(cycles):
            sleep(every)
            copies.append(in_child(partial(copied, folder, number), dict))
            found.append(in_child(partial(restored, folder, Path(copies[-1]["path"]), number), dict))
    finally:
        ended.touch()
        died = [child for child in others if os.waitpid(child, 0)[1]]
    sync_to_the_end(root)
    last: dict[str, Any] = in_child(partial(copied, folder, cycles), dict)
    facts: dict[str, str] = in_child(facts_now, dict)
    found.append(in_child(partial(restored, folder, Path(last["path"]), cycles), dict))
    same = facts == found[-1]["facts"]
    problems = [said for each in found for said in each["problems"]] + shrinking(
        [each["counts"] for each in found]
    )
    problems += ["The last copy has other facts than the database."] if not same else []
    problems += ["A process beside the copies died."] if died else []
    return {
        "copies": len(copies),
        "entries": [found[0]["counts"][0], found[-1]["counts"][0]],
        "copy_mb": round(copies[-1]["bytes"] / 1e6, 1),
        "copy_seconds": round(max(each["ended"] - each["began"] for each in copies), 2),
        **held_up(changes, copies),
        "problems": problems,
    }


def facts_now() -> dict[str, str]:
    from telemetry_site.verification import table_digests

    return table_digests()


def shrinking(counts: Sequence[Sequence[int]]) -> list[str]:
    """A sentence for each copy with less than the one before, and where nothing grew at all."""
    pairs = enumerate(pairwise(counts), 1)
    said = [f"Copy {n} has less than the one before." for n, (a, b) in pairs if any(map(int.__gt__, a, b))]
    return said if counts[-1][0] > counts[0][0] else [*said, "No copy has more than the first."]


def held_up(changes: Path, copies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Milliseconds that small changes took, of those that met a copy being made and of the others."""
    met: list[float] = []
    other: list[float] = []
    for line in changes.read_text().splitlines():
        began, took = map(float, line.split())
        during = any(each["began"] <= began + took / 1000 and began <= each["ended"] for each in copies)
        (met if during else other).append(took)
    return {"while_copying_ms": _spread(met), "otherwise_ms": _spread(other)}


def _spread(taken: Sequence[float]) -> dict[str, float]:
    if len(taken) < 2:
        return {"times": len(taken)}
    cut = quantiles(taken, n=100)
    return {"times": len(taken), "p50": round(cut[49], 1), "p99": round(cut[98]), "most": round(max(taken))}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Copy the database while it is read into, and restore each copy."
    )
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--every", type=float, default=2.0, metavar="S", help="seconds between copies")
    asked = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "telemetry_site.tests.settings"
    import django

    django.setup()
    folder, started = Path(tempfile.mkdtemp(prefix="agent-ledger-copies-")), monotonic()
    try:
        fresh_database(folder, "copied")
        told = copy_again_and_again(folder, asked.cycles, asked.every)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(told | {"seconds": round(monotonic() - started, 1)}))
    return 1 if told["problems"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
