"""Killing syncs, and the process that reads ahead for them, while transcripts grow: nothing lost, nothing doubled.

    python -m telemetry_site.tests.kill_loop --kills 100
    python -m telemetry_site.tests.private_postgres python -m telemetry_site.tests.kill_loop --kills 100 [--connections]

A writer appends to twenty transcripts, in pieces that end anywhere in a line. Syncs start beside it, each a process
of its own, and SIGKILL ends them at a random moment: the sync itself, or its reader. At the end one sync goes through,
and the database is held against the files: the entries are the lines, the rollups are what the facts come to, the
archive has every byte, SQLite finds its file whole. Then everything is read into an empty database at once, and the
digests of all facts must be equal.

`--points` instead kills once at each named step of a sync. `--connections` leaves the processes alone and has
PostgreSQL end their connections (`pg_terminate_backend`). Prints JSON; exit code 1 when anything does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, LiteralString

FILES = 20
# Long enough that a kill falls into every step, short enough that most syncs do not get to their end.
# How long a sync may run before its kill: at first as long as a whole one took on this machine, less after one that
# ended first, a little more after each that did not.
SHORTER, LONGER = 0.8, 1.05
ENDED_FIRST = "ended before"
CUT = "connections cut, sync failed"
OTHERS_READ = 2
READER_STARTS_WITHIN_SECONDS = 3.0
CONNECTS_WITHIN_SECONDS = 20.0

# Steps of a sync before which it is killed, as module, class or "", and function.
POINTS = {
    "a file's row is made": ("sessions.reading_run", "", "_with_sources"),
    "a batch begins": ("sessions.ingest", "BatchWriter", "_write"),
    "its archive is there, sessions are not": ("sessions.ingest", "BatchWriter", "_create_sessions"),
    "its sessions are there, entries are not": ("sessions.ingest", "BatchWriter", "_write_entries"),
    "its entries are there, facts are not": ("sessions.ingest", "BatchWriter", "_write_facts"),
    "its facts are there, the index is not": ("sessions.ingest", "", "index_lines"),
    "its checkpoint is not there": ("sessions.ingest", "", "save_columns"),
    "everything is read, columns are not derived": ("telemetry_site.pipeline", "", "refresh_stale"),
    "plans are not read": ("telemetry_site.pipeline", "", "read_plans"),
    "nothing is linked": ("telemetry_site.pipeline", "", "_link"),
    "nothing is rolled up": ("telemetry_site.pipeline", "", "roll_up"),
    "nothing is captured": ("telemetry_site.pipeline", "", "capture"),
    "counters are not settled": ("telemetry_site.pipeline", "", "_count"),
    "alerts are not evaluated": ("telemetry_site.pipeline", "", "_evaluate"),
    "the run does not say that it is done": ("telemetry_site.pipeline", "_Run", "finish"),
}


class Writer:
    """Appends to transcripts, each time a piece of a random length."""

    def __init__(self, root: Path, dice: random.Random) -> None:
        self._root, self._dice, self._number = root, dice, 0
        self._waiting = dict.fromkeys(range(FILES), b"")

    def write(self, pieces: int) -> None:
        for _ in range(pieces):
            at = self._dice.randrange(FILES)
            text = self._waiting[at] + b"".join(self._lines(at, self._dice.randint(1, 12)))
            cut = self._dice.randint(len(text) // 2, len(text))
            self._append(at, text[:cut])
            self._waiting[at] = text[cut:]

    def finish(self) -> None:
        for at, text in self._waiting.items():
            self._append(at, text)

    def _append(self, at: int, text: bytes) -> None:
        from sessions.tests import samples as s

        path = self._root / "projects" / s.main_path(f"k{at}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            stream.write(text)

    def _lines(self, at: int, turns: int) -> Iterator[bytes]:
        from sessions.tests import samples as s

        for _ in range(turns):
            self._number += 1
            n, name, second = self._number, f"k{at}", self._number * 7.0
            yield s.line(s.prompt(f"p{n}", second, name, text=f"Für {n}: ✓"))
            yield s.line(s.reply(f"r{n}", second + 1, name, blocks=[s.call(f"toolu_{n}")], output=n % 90))
            yield s.line(s.answer(f"a{n}", second + 2, f"toolu_{n}", name))


def start_sync(root: Path, *, prepare: Callable[[], None] = lambda: None) -> int:
    """A sync in a process of its own, which reads ahead in another; its process id."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        from sessions import reading_ahead
        from telemetry_site.pipeline import LeaseTaken, sync

        reading_ahead.WORTHWHILE_BYTES = 0
        reading_ahead._processors = lambda: 2
        prepare()
        try:
            status = 1 if sync([root]).problems else 0
        except LeaseTaken:
            status = OTHERS_READ
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def reader_of(process: int) -> int | None:
    """The process that reads ahead for this one, once there is one."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def kill_some(
    kills: int, longest: float, writer: Writer, kill_once: Callable[[float, Counter[str]], None]
) -> Counter[str]:
    """Kill so many syncs or their readers while they are at work; a sync that ended first is not counted as one."""
    tally = Counter[str]()
    while tally.total() - tally[ENDED_FIRST] < kills:
        writer.write(6)
        before = tally[ENDED_FIRST]
        kill_once(longest, tally)
        longest *= LONGER if tally[ENDED_FIRST] == before else SHORTER
    return tally


def cut_one(root: Path, dice: random.Random, longest: float, tally: Counter[str]) -> None:
    """Let PostgreSQL end the connections of a sync that is at work; the process lives and has to say so."""
    child, until = start_sync(root), monotonic() + CONNECTS_WITHIN_SECONDS
    while not _connections("pid") and monotonic() < until:
        sleep(0.01)
    sleep(dice.random() * longest)
    cut = _connections("pg_terminate_backend(pid)")
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    tally[CUT if cut and ended == 1 else ENDED_FIRST] += 1


def _connections(told: LiteralString) -> int:
    """How many connections to the database in use there are, asking this of each."""
    import psycopg
    from django.db import connection

    asked = f"SELECT {told} FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as server:
        return len(server.execute(asked, [connection.settings_dict["NAME"]]).fetchall())


def kill_one(root: Path, dice: random.Random, longest: float, tally: Counter[str], readers: set[int]) -> None:
    child, moment = start_sync(root), dice.random() * longest
    reader = _await_reader(child, moment if (aims_at_sync := dice.random() < 0.7) else None, readers)
    if not aims_at_sync and reader:
        sleep(moment / 20)
        kill(reader)
        _, status = os.waitpid(child, 0)
        failed = os.waitstatus_to_exitcode(status) != 0
        tally["failed after its reader was killed" if failed else "reader killed, sync went on"] += 1
        return
    kill(child)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status) != -signal.SIGKILL
    tally[ENDED_FIRST if ended else "sync and its reader" if reader else "sync killed"] += 1


def _await_reader(child: int, seconds: float | None, readers: set[int]) -> int | None:
    """Wait so long, or without a time until there is a reader; the reader that is there then."""
    until = monotonic() + (READER_STARTS_WITHIN_SECONDS if seconds is None else seconds)
    reader = None
    while monotonic() < until and not (reader and seconds is None):
        sleep(0.002)
        reader = reader_of(child)
        readers |= {reader} if reader else set()
    return reader


def kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_at(root: Path, point: tuple[str, str, str], tally: Counter[str]) -> None:
    child = start_sync(root, prepare=lambda: _arm(*point))
    _, status = os.waitpid(child, 0)
    tally["sync killed" if os.waitstatus_to_exitcode(status) == -signal.SIGKILL else ENDED_FIRST] += 1


def _arm(module: str, owner: str, name: str) -> None:
    """Let the process be killed when it comes to this step."""
    place: Any = __import__(module, fromlist=["_"])
    place = getattr(place, owner) if owner else place

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, die)


def sync_to_the_end(root: Path) -> None:
    """Read everything; waits for whoever else may still read."""
    until = monotonic() + 60
    while (code := os.waitstatus_to_exitcode(os.waitpid(start_sync(root), 0)[1])) == OTHERS_READ:
        if monotonic() > until:
            break
        sleep(0.2)
    if code != 0:
        raise SystemExit(f"The last sync ended with {code}.")


def problems(root: Path) -> list[str]:
    """What the database does not keep of its promises, and of the files."""
    from django.db import connection

    from sessions.models import TranscriptEntry
    from telemetry_site.backups.inspection import integrity_problems
    from telemetry_site.verification import verify

    found = verify()
    lines = sum(path.read_bytes().count(b"\n") for path in (root / "projects").rglob("*.jsonl"))
    if (entries := TranscriptEntry.objects.count()) != lines:
        found.append(f"{lines} lines stand in the files, {entries} entries in the database.")
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        raw: Any = connection.connection
        found += integrity_problems(raw)
    return found


def still_there(processes: set[int]) -> list[int]:
    """Of these processes, those that did not end within ten seconds."""
    until = monotonic() + 10
    while (left := [p for p in processes if _is_reader(p)]) and monotonic() < until:
        sleep(0.1)
    return left


def _is_reader(process: int) -> bool:
    try:
        return b"ahead.main" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def fresh_database(folder: Path, name: str, *, migrate: Callable[[], None] = _migrate) -> None:
    """From now on this process and its children use an empty database."""
    from django.conf import settings
    from django.db import connection, connections

    connections.close_all()
    if connection.vendor == "sqlite":
        path = str(folder / f"{name}.sqlite3")
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = path
    else:
        _make_postgresql(name)
    migrate()


def _make_postgresql(name: str) -> None:
    import psycopg
    from django.db import connection
    from psycopg import sql

    database = f"kills_{name}_{os.getpid()}"
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    connection.settings_dict["NAME"] = database


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill syncs and look whether anything was lost or doubled.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--points", action="store_true", help="once at each named step instead")
    parser.add_argument("--connections", action="store_true", help="end connections instead (PostgreSQL)")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "telemetry_site.tests.settings"
    import django

    django.setup()
    folder = Path(tempfile.mkdtemp(prefix="agent-ledger-kills-"))
    try:
        return run(folder, asked, random.Random(asked.seed))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, asked: argparse.Namespace, dice: random.Random) -> int:
    from sessions.models import TranscriptEntry
    from telemetry_site.verification import table_digests

    root, tally, readers = folder / "claude", Counter[str](), set[int]()
    fresh_database(folder, "killed")
    writer, started = Writer(root, dice), monotonic()
    writer.write(6)
    sync_to_the_end(root)
    whole_sync, read_by_it = monotonic() - started, TranscriptEntry.objects.count()
    if asked.points:
        for point in POINTS.values():
            writer.write(6)
            kill_at(root, point, tally)
    elif asked.connections:
        tally = kill_some(
            asked.kills, whole_sync, writer, lambda longest, tally: cut_one(root, dice, longest, tally)
        )
    else:
        tally = kill_some(
            asked.kills,
            whole_sync,
            writer,
            lambda longest, tally: kill_one(root, dice, longest, tally, readers),
        )
    seconds, read = monotonic() - started, TranscriptEntry.objects.count() - read_by_it
    writer.finish()
    sync_to_the_end(root)
    found, killed = problems(root), table_digests()
    if left := still_there(readers):
        found.append(f"{len(left)} readers outlived their syncs.")
    fresh_database(folder, "whole")
    sync_to_the_end(root)
    whole = table_digests()
    found += [f"{name} differ from a database read at once." for name in whole if whole[name] != killed[name]]
    lines = int(whole["entries"].partition(":")[0])
    told = {"killed": dict(tally), "lines": lines, "read_by_killed_syncs": read, "seconds": round(seconds, 1)}
    print(json.dumps(told | {"problems": found}))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
