"""Damaging a SQLite database at random, and looking at what its user meets: pages, commands, and the way back.

    python -m telemetry_site.tests.damage --seeds 50

An invented history is read, a copy is made by `backup`, more is read. Of the database so made many are damaged, each
in one way and by its seed: bytes are flipped in the header, in a page that leads to others, in a page of an index, in
the rows of a table; the write-ahead log is emptied, cut, flipped or taken away. Of each damaged database every page is
asked, then `doctor`, `verify` and `sync` are run. A page answers, or says with 503 what is wrong; a command ends with
a sentence. Damage is named by one of them, or else the facts after `sync` are those that were read, or `rebuild` says
that they were not and mends them. Then `restore` and `sync` must bring back the same facts, to the digest. Prints
JSON; exit code 1 when anything does not hold.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from telemetry_site.tests.kill_loop import fresh_database

# Of SQLite's file format: what the first byte of a page says it is.
LEADS_TO_OTHERS, OF_AN_INDEX, ROWS = b"\x02\x05", b"\x0a", b"\x0d"
PAGE_BYTES = 8192
HEADER_BYTES = 100
# Where a page says what is on it: its own header, and the places of its first cells.
BEGINNING = 64
MOST_PAGES = 1000
COPIED_AT = datetime(2026, 4, 20, 13, tzinfo=UTC)
OF_PROGRAMS = (
    "/api/sessions",
    "/api/analytics/overview",
    "/api/analytics/series?metric=session_cost&period=daily",
    "/api/analytics/breakdown?dimension=tool",
    "/api/features",
    "/api/tasks",
    "/api/ingest/status",
    "/api/health",
    "/metrics",
)
GOOD_ANSWERS = {200, 304, 404, 503}


@dataclass(slots=True)
class Seen:
    """What a damaged database came to. `named` by the commands that said something; `broken` promises, [] for none."""

    way: str
    place: str
    answers: dict[str, int] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class World:
    """A whole database below a folder with what it was read from, its copy, the facts it holds and its pages.

    `whole` is one file; `before` and `log` are the same database with its newest rows in the write-ahead log.
    """

    folder: str
    copy: str
    facts: dict[str, str]
    addresses: list[str]

    @property
    def claude(self) -> str:
        return f"{self.folder}/claude"

    def bytes_of(self, name: str) -> bytearray:
        return bytearray((Path(self.folder) / name).read_bytes())


def flip(data: bytearray, first: int, last: int, dice: random.Random) -> str:
    """Change one to sixteen bytes between two places; says where."""
    at = dice.randrange(first, last)
    until = min(at + dice.choice((1, 1, 2, 4, 16)), last)
    for place in range(at, until):
        data[place] ^= dice.randrange(1, 256)
    return f"bytes {at} to {until}"


def pages_of(data: bytearray, kinds: bytes) -> list[int]:
    """Where the pages of these kinds begin."""
    return [at for at in range(PAGE_BYTES, len(data), PAGE_BYTES) if data[at] in kinds]


def in_header(data: bytearray, dice: random.Random) -> str:
    return flip(data, 0, HEADER_BYTES, dice)


def in_leading_page(data: bytearray, dice: random.Random) -> str:
    at = dice.choice(pages_of(data, LEADS_TO_OTHERS))
    return flip(data, at, at + BEGINNING, dice)


def in_index_page(data: bytearray, dice: random.Random) -> str:
    at = dice.choice(pages_of(data, OF_AN_INDEX))
    return flip(data, at, at + PAGE_BYTES, dice)


def in_rows(data: bytearray, dice: random.Random) -> str:
    """Cells fill a page from its end."""
    at = dice.choice(pages_of(data, ROWS))
    return flip(data, at + PAGE_BYTES // 2, at + PAGE_BYTES, dice)


IN_FILE: dict[str, Callable[[bytearray, random.Random], str]] = {
    "header": in_header,
    "leading page": in_leading_page,
    "index page": in_index_page,
    "rows": in_rows,
}


def log_gone(log: bytearray, dice: random.Random) -> None:
    return None


def log_empty(log: bytearray, dice: random.Random) -> bytearray:
    return bytearray()


def log_cut(log: bytearray, dice: random.Random) -> bytearray:
    return log[: dice.randrange(1, len(log))]


def log_flipped(log: bytearray, dice: random.Random) -> bytearray:
    flip(log, 0, len(log), dice)
    return log


OF_LOG: dict[str, Callable[[bytearray, random.Random], bytearray | None]] = {
    "log gone": log_gone,
    "log empty": log_empty,
    "log cut": log_cut,
    "log flipped": log_flipped,
}


def damage(world: World, path: Path, way: str, dice: random.Random) -> str:
    """Write the database to the path, damaged in this way; says where."""
    if way in IN_FILE:
        data = world.bytes_of("whole")
        place = IN_FILE[way](data, dice)
        path.write_bytes(data)
        return place
    path.write_bytes(world.bytes_of("before"))
    if (log := OF_LOG[way](world.bytes_of("log"), dice)) is not None:
        path.with_name(path.name + "-wal").write_bytes(log)
    return f"{len(log or b'')} bytes are left"


def looked_at(world: World, path: Path, addresses: Sequence[str], seen: Seen) -> Seen:
    """Use the damaged database at this path as a person would."""
    use_database(path)
    ask_pages(addresses, seen)
    for command in (["doctor", "--exit-code"], ["doctor", "--full", "--exit-code"], ["verify"]):
        said = run_command(command, seen)
        if said.startswith("failed"):
            seen.named.append(" ".join(command[:-1] or command))
    run_command(["sync", "--claude", world.claude], seen)
    if not seen.named and (differing := differing_facts(world)):
        ask_rebuild(world, differing, seen)
    run_command(["restore", world.copy, "--yes"], seen, must_work=True)
    run_command(["sync", "--claude", world.claude], seen, must_work=True)
    if differing := differing_facts(world):
        seen.broken.append(f"after restore and sync {', '.join(differing)} differ")
    return seen


def ask_rebuild(world: World, differing: Sequence[str], seen: Seen) -> None:
    """A byte of a fact that no sum is made of is seen by who derives it again, and mended by that."""
    said = run_command(["rebuild"], seen)
    if "The facts have changed" in said and not differing_facts(world):
        seen.named.append("rebuild")
    else:
        seen.broken.append(f"nothing names that {', '.join(differing)} are not what was read")


def ask_pages(addresses: Sequence[str], seen: Seen) -> None:
    from django.db import DatabaseError
    from django.test import Client

    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    tally = Counter[str]()
    for address in addresses:
        answer = client.get(address)
        tally[str(answer.status_code)] += 1
        try:
            text = b"".join(answer) if answer.streaming else answer.content
        except DatabaseError:
            tally["broken off"] += 1  # the client of a download sees that it did not end
            continue
        if b"Traceback" in text:
            seen.broken.append(f"{address} shows a traceback")
        if answer.status_code not in GOOD_ANSWERS:
            seen.broken.append(f"{address} answers {answer.status_code}")
        if answer.status_code == 503 and "pages" not in seen.named:
            seen.named.append("pages")
    seen.answers = dict(tally)


def run_command(words: list[str], seen: Seen, *, must_work: bool = False) -> str:
    """What a command says, "failed: " first where its exit code is not 0; anything but a sentence is noted."""
    from django.core.management import CommandError, call_command

    out = io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=out)
        return out.getvalue()
    except CommandError as error:
        said = f"failed: {error}"
    except SystemExit as ended:
        said = f"failed: {out.getvalue()}" if ended.code == 1 else out.getvalue()
    except Exception as error:  # noqa: BLE001  (whatever is not a sentence is what this looks for)
        seen.broken.append(f"{' '.join(words[:2])} ends with {type(error).__name__}: {error}")
        said = "failed: it has no words for it"
    if must_work:
        seen.broken.append(f"{words[0]} {said[:300]}")
    return said


def differing_facts(world: World) -> list[str]:
    """The tables whose facts are not those that were read."""
    from telemetry_site.verification import table_digests

    try:
        now = table_digests()
    except Exception as error:  # noqa: BLE001  (what cannot be read is not what was read, whatever says so)
        return [f"facts that cannot be read ({type(error).__name__}: {error})"]
    return [name for name in world.facts if now[name] != world.facts[name]]


def use_database(path: Path) -> None:
    """From now on this process uses the database at this path."""
    from django.conf import settings
    from django.db import connection, connections

    connections.close_all()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = str(path)


def in_child[T](act: Callable[[], T], make: Callable[[Any], T]) -> T:
    """What this comes to in a process of its own, whose memory and connections are its own; made of JSON."""
    from django.db import connections

    connections.close_all()
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with os.fdopen(reading) as stream:
            told = stream.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status or not told:
            raise ChildProcessError(f"it ended with {status}")
        return make(json.loads(told))
    status = 1
    try:
        os.close(reading)
        found = act()
        with os.fdopen(writing, "w") as stream:
            json.dump(found, stream, default=asdict)
        status = 0
    except Exception:  # noqa: BLE001  (the process ends here, and its traceback tells why)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def made(folder: Path) -> World:
    """A history, read in three steps: into the copy, into the file, into the log."""
    from django.db import connection, connections

    from telemetry_site.backups.copying import back_up
    from telemetry_site.pipeline import sync
    from telemetry_site.tests import ledger
    from telemetry_site.verification import table_digests

    fresh_database(folder, "good")
    ledger.write_and_read(folder, changes=ledger.CLOCK_CHANGES[:1])
    copy = back_up(folder / "copies", COPIED_AT, keep=1).path
    add_sessions(folder / "claude", "later")
    sync([folder / "claude"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("PRAGMA wal_autocheckpoint=0")
    add_sessions(folder / "claude", "last")
    sync([folder / "claude"])
    path = Path(connection.settings_dict["NAME"])
    shutil.copy(path, folder / "before")
    shutil.copy(path.with_name(path.name + "-wal"), folder / "log")
    facts = table_digests()
    # The last connection to be closed brings the log into the file.
    connections.close_all()
    shutil.copy(path, folder / "whole")
    return World(str(folder), str(copy), facts, every_address())


def add_sessions(claude: Path, name: str) -> None:
    from sessions.tests import samples as s

    for n in range(5):
        session, second = f"{name}{n}", 90_000.0 + n * 3600
        lines = [s.prompt(f"{session}p", second, session, text=f"Dig {name} {n}")]
        lines += [s.reply(f"{session}r{k}", second + k, session, output=k) for k in range(1, 20)]
        s.write(claude, {s.main_path(session): s.lines(lines)})


def every_address() -> list[str]:
    """Every page and region that a database without alerts and people has, and what the API and a scrape ask."""
    from django.core.exceptions import ObjectDoesNotExist
    from django.test import Client

    from telemetry_site.tests.every_page import address_of, named_routes

    found = list(OF_PROGRAMS)
    for pattern in named_routes():
        try:
            found.append(address_of(pattern))
        except ObjectDoesNotExist:
            continue
    client = Client(headers={"host": "localhost"})
    return [address for address in dict.fromkeys(found) if client.get(address).status_code == 200]


def trials(folder: Path, seeds: int, ways: Sequence[str], pages: int | None) -> Iterator[Seen]:
    """Damage and look, once for each seed; the ways take turns. So many pages are asked, drawn by lot; None: all."""
    # In a process of its own: reading starts a thread, after which no process can be forked safely.
    world = in_child(lambda: made(folder), lambda told: World(**told))
    for seed in range(seeds):
        way, dice = ways[seed % len(ways)], random.Random(seed)
        path = folder / f"damaged{seed}" / "ledger.sqlite3"
        path.parent.mkdir()
        seen = Seen(way, damage(world, path, way, dice))
        asked = dice.sample(world.addresses, min(pages or MOST_PAGES, len(world.addresses)))
        try:
            yield in_child(partial(looked_at, world, path, asked, seen), lambda told: Seen(**told))
        except ChildProcessError as error:
            seen.broken.append(f"the process that used it died: {error}")
            yield seen
        shutil.rmtree(path.parent)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Damage databases and look at what their users meet.")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--ways", nargs="*", choices=[*IN_FILE, *OF_LOG], default=[*IN_FILE, *OF_LOG])
    parser.add_argument("--pages", type=int, help="so many pages of each, drawn by lot (default: all)")
    asked = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "telemetry_site.tests.settings"
    import django

    django.setup()
    folder, started = Path(tempfile.mkdtemp(prefix="agent-ledger-damage-")), monotonic()
    try:
        found = list(trials(folder, asked.seeds, asked.ways, asked.pages))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    named = Counter(seen.named[0] if seen.named else "harmless" for seen in found)
    broken = [asdict(seen) for seen in found if seen.broken]
    answers = sum((Counter(seen.answers) for seen in found), Counter[str]())
    told = {"damaged": len(found), "named_first_by": dict(named), "answers": dict(answers)}
    print(json.dumps(told | {"seconds": round(monotonic() - started, 1), "broken": broken}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
