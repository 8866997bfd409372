"""Four syncs, eight who write and eight who read by HTTP, all at once: nobody is told that the database is locked.

    python -m telemetry_site.tests.contention --seconds 60
    python -m telemetry_site.tests.private_postgres python -m telemetry_site.tests.contention --seconds 60

A real server answers on a database of its own. Transcripts grow, and four processes sync them again and again. Writers
make, change and delete alert rules and silences, ask for runs, and all try for the same name now and then, which one of
them must get. Readers open pages and ask the API. At the end every rule and silence that was accepted and not deleted
is there once, the entries are the lines, and the database keeps its promises. Prints JSON; exit code 1 when anything
does not hold.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit, urlunsplit

SYNCS, WRITERS, READERS = 4, 8, 8
# A person reads what he asked for; a program does not.
READER_PAUSES, WRITER_PAUSES, AGENT_PAUSES, SYNC_PAUSES = 0.5, 0.1, 0.1, 0.1
RULES, SILENCES = "/api/analytics/alerts", "/api/analytics/silences"
READ = (
    "/",
    "/sessions",
    "/explore",
    "/features",
    "/alerts",
    "/quality",
    "/search?q=das",
    "/api/sessions",
    "/api/analytics/overview",
    "/api/analytics/alerts",
    "/metrics",
)
TAKEN = 409
LOCKED = b"database is locked"
LEASE = "is reading; this one did nothing"


@dataclass(slots=True)
class Answers:
    """What some clients were answered: how long it took, and what no client should be told."""

    took_ms: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        p95 = round(quantiles(self.took_ms, n=20)[-1]) if len(self.took_ms) > 1 else None
        return {"answers": dict(sorted(self.codes.items())), "p95_ms": p95}


class Client:
    """One connection to the server."""

    def __init__(self, port: int, answers: Answers) -> None:
        self._port, self._answers = port, answers

    def ask(self, path: str, method: str = "GET", body: Any = None, *, may_be: tuple[int, ...] = ()) -> Any:
        """The status, and the body where it is JSON. Whatever is neither fine nor `may_be` is noted."""
        started, text = time.perf_counter(), b""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            given = None if body is None else json.dumps(body)
            connection.request(method, path, given, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, HTTPException) as error:
            self._answers.bad.append(f"{method} {path}: {error!r}")
            return 0, None
        finally:
            connection.close()
        self._answers.took_ms.append((time.perf_counter() - started) * 1000)
        self._answers.codes[status] += 1
        if not (status < 400 or status in may_be) or LOCKED in text:
            self._answers.bad.append(f"{method} {path}: {status} {text[:200]!r}")
        return status, json.loads(text) if text and answer.headers.get_content_subtype() == "json" else None


@dataclass(slots=True)
class Writer:
    """Makes, changes and deletes rules and silences; `rules` and `silences` are what must be there at the end."""

    client: Client
    number: int
    dice: random.Random
    rules: set[str] = field(default_factory=set)
    silences: set[str] = field(default_factory=set)
    won: list[str] = field(default_factory=list)
    _turn: Iterator[int] = field(default_factory=count)

    def act(self) -> None:
        turn = next(self._turn)
        (self._rule, self._silence, self._contest, self._run)[turn % 4](f"{self.number}-{turn}")

    def _rule(self, name: str) -> None:
        rule = {"id": f"rule-{name}", "name": f"Dear {name}", "metric": "session_cost"}
        self._made(self.client.ask(RULES, "POST", rule | {"operator": ">", "threshold": 10}), rule["id"])
        self.client.ask(f"{RULES}/{rule['id']}", "PATCH", {"threshold": self.dice.randrange(1, 99)})
        if self.dice.random() < 0.7:
            self.client.ask(f"{RULES}/{rule['id']}", "DELETE")
            self.rules.discard(rule["id"])

    def _contest(self, name: str) -> None:
        """Everybody asks for the same id at about the same time."""
        wanted = f"everybodys-{name.partition('-')[2]}"
        rule = {"id": wanted, "name": wanted, "metric": "session_cost", "operator": ">", "threshold": 5}
        answer = self.client.ask(RULES, "POST", rule, may_be=(TAKEN,))
        self._made(answer, wanted)
        if answer[0] == 201:
            self.won.append(wanted)

    def _made(self, answer: tuple[int, Any], name: str) -> None:
        if answer[0] == 201:
            self.rules.add(name)

    def _silence(self, name: str) -> None:
        ends_at = (datetime.now(UTC) + timedelta(hours=4)).isoformat()
        status, made = self.client.ask(SILENCES, "POST", {"endsAt": ends_at, "comment": f"quiet {name}"})
        if status == 201:
            self.silences.add(f"quiet {name}")
            if self.dice.random() < 0.5:
                self.client.ask(f"{SILENCES}/{made['id']}", "DELETE")

    def _run(self, name: str) -> None:
        self.client.ask("/api/ingest/sync", "POST")


def environment(folder: Path) -> dict[str, str]:
    """Where the program keeps its data and finds transcripts: all below the folder, but for a PostgreSQL database."""
    return {
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "TELEMETRY_DATA_DIR": str(folder / "data"),
        "CLAUDE_CONFIG_DIR": str(folder / "claude"),
        "DATABASE_URL": new_database(os.environ.get("TEST_DATABASE_URL", "")),
    }


def new_database(server: str) -> str:
    """The address of an empty database on this PostgreSQL server; "" for none, which is SQLite."""
    if not server:
        return ""
    import psycopg
    from psycopg import sql

    name = f"contention_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@contextmanager
def serving(log: Path) -> Iterator[int]:
    """The server as `up` starts it; its port."""
    from telemetry_site.server import PROJECT_FOLDER, listen

    with listen("127.0.0.1", 0) as listener, log.open("wb") as out:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "telemetry_site.wsgi:application"),
                *("--config", "python:telemetry_site.gunicorn_config", "--bind", f"fd://{listener.fileno()}"),
            ],
            cwd=PROJECT_FOLDER,
            stdout=out,
            stderr=out,
            pass_fds=(listener.fileno(),),
        )
        try:
            yield listener.getsockname()[1]
        finally:
            server.terminate()
            server.wait(60)


def await_answer(port: int) -> None:
    """Wait until every worker is likely to have loaded the program."""
    for _ in range(10):
        Client(port, Answers()).ask("/api/sessions")


def sync_again_and_again(root: Path, ended: Path, report: Path) -> int:
    """A process that syncs until the file `ended` is there, and leaves what its commands said; its process id."""
    from django.db import connections

    connections.close_all()
    if child := os.fork():
        return child
    status, said = 1, Counter[str]()
    try:
        while not ended.exists():
            said[_sync_once(root)] += 1
            time.sleep(SYNC_PAUSES)
        report.write_text(json.dumps(said))
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _sync_once(root: Path) -> str:
    from django.core.management import CommandError, call_command

    out = io.StringIO()
    try:
        call_command("sync", "--claude", str(root), stdout=out, stderr=out)
    except CommandError as error:
        if LEASE not in str(error):
            return str(error)
        return "waited"
    except SystemExit:
        return out.getvalue()
    return "read"


def repeated(ended: threading.Event, pause: float, act: Callable[[], object]) -> threading.Thread:
    def repeat() -> None:
        while not ended.wait(pause):
            act()

    thread = threading.Thread(target=repeat)
    thread.start()
    return thread


def use(folder: Path, seconds: float) -> dict[str, Any]:
    """Let everybody loose for so long, and say what came of it."""
    from telemetry_site.tests.kill_loop import Writer as Agents
    from telemetry_site.tests.kill_loop import problems, sync_to_the_end

    root, ended = folder / "claude", folder / "ended"
    agents, reading, writing = Agents(root, random.Random(1)), Answers(), Answers()
    agents.write(6)
    sync_to_the_end(root)
    reports = [folder / f"sync{n}.json" for n in range(SYNCS)]
    syncs = [sync_again_and_again(root, ended, report) for report in reports]
    with serving(folder / "server.log") as port:
        await_answer(port)
        over = threading.Event()
        writers = [Writer(Client(port, writing), n, random.Random(n)) for n in range(WRITERS)]
        threads = [repeated(over, WRITER_PAUSES, writer.act) for writer in writers]
        threads += [repeated(over, READER_PAUSES, _reader(Client(port, reading), n)) for n in range(READERS)]
        threads.append(repeated(over, AGENT_PAUSES, lambda: agents.write(1)))
        time.sleep(seconds)
        over.set()
        for thread in threads:
            thread.join()
        ended.touch()
        died = [child for child in syncs if os.waitpid(child, 0)[1]]
    agents.finish()
    # It waits for runs that were asked for by HTTP, which are processes of their own.
    sync_to_the_end(root)
    said = sum((Counter(json.loads(each.read_text())) for each in reports if each.exists()), Counter[str]())
    found = [f"{len(died)} syncs died."] if died else []
    found += [f"A sync said: {sentence}" for sentence in said if sentence not in ("read", "waited")]
    found += [*reading.bad, *writing.bad, *problems(root), *differences(writers)]
    if LOCKED in (log := (folder / "server.log").read_bytes()):
        found.append(f"The server's log: {log[-2000:].decode()}")
    return {"readers": reading.told(), "writers": writing.told(), "syncs": dict(said), "problems": found}


def _reader(client: Client, number: int) -> Callable[[], object]:
    turn = count(number)
    return lambda: client.ask(READ[next(turn) % len(READ)])


def differences(writers: list[Writer]) -> Iterator[str]:
    """What was accepted and is not there once, or is there and was not."""
    from alerts.models import AlertRule, Silence

    there = Counter(AlertRule.objects.present().values_list("public_id", flat=True))
    if there != Counter({name for writer in writers for name in writer.rules}):
        yield "The rules are not those that were accepted and not deleted."
    silences = Counter(Silence.objects.values_list("comment", flat=True))
    if silences != Counter({comment for writer in writers for comment in writer.silences}):
        yield "The silences are not those that were accepted."
    won = Counter(name for writer in writers for name in writer.won)
    yield from (f"{name} was given {times} times." for name, times in won.items() if times > 1)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Sync, write and read at once.")
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="agent-ledger-contention-"))
    os.environ.update(environment(folder))
    import django
    from django.core.management import call_command

    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        told = use(folder, asked.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"seconds": asked.seconds} | told))
    return 1 if told["problems"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
