"""Fill a database with a synthetic year of work and roll it up with the project's own code.

    python -m benchmarks.synthetic.fill sqlite:////tmp/ledger.sqlite3 --entries 1000000
    python -m benchmarks.synthetic.fill postgres://... --entries 200000 --projects 60 --end 2026-10-31

The same seed, amount and end give the same rows. The database has to be new: it is migrated first.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.synthetic.sessions import Writer
    from benchmarks.synthetic.world import World
    from sessions.models import AgentSession

ROWS_AT_ONCE = 50_000
# The one session whose transcript has lines of its own, to be opened and paged.
LONG_SESSION = 50_000


def fill(
    entries: int,
    *,
    end: datetime,
    projects: int = 60,
    seed: int = 1,
    long_session: int = LONG_SESSION,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the rows of a year with so many entries into the current, empty database, and roll them up."""
    from analytics.rollups import roll_up
    from benchmarks.synthetic.plans import write_plans, write_projects
    from benchmarks.synthetic.sessions import Writer
    from benchmarks.synthetic.world import World

    started = time.perf_counter()
    world = World(seed, end, projects)
    rows = write_projects(world)
    writer = Writer(world, projects=rows)
    _sessions(writer, world, write_plans(world, rows), entries, min(long_session, entries // 2))
    say(
        f"{writer.entries:,} entries in {writer.count:,} sessions after {time.perf_counter() - started:.1f} s"
    )
    started = time.perf_counter()
    _mark_all_dirty()
    quarters = roll_up()
    _finish(world, writer)
    say(f"{quarters:,} quarters rolled up in {time.perf_counter() - started:.1f} s")


def _sessions(writer: Writer, world: World, plans: object, entries: int, long_session: int) -> None:
    from benchmarks.synthetic.sessions import Cast
    from benchmarks.synthetic.world import DAY_MS

    waiting: dict[int, list[AgentSession]] = {}
    trunks: list[tuple[Cast, AgentSession]] = []
    if long_session:
        long = Cast(long_session, world.first_ms + 200 * DAY_MS, world.projects[0], has_own_lines=True)
        waiting.setdefault(1, []).append(writer.add(long))
    for length in world.sessions_of(entries - long_session):
        kind = world.random.random() if trunks else 1.0
        if kind < 0.35:
            trunk, of = world.random.choice(trunks[-40:])
            cast = Cast(length, trunk.start_ms + world.random.randrange(3_600_000), trunk.project, trunk=of)
        elif kind < 0.38:
            origin, of = world.random.choice(trunks[-40:])
            cast = Cast(length, origin.start_ms + DAY_MS // 2, origin.project, forked_from=of)
        else:
            cast = Cast(length, world.start_ms(), world.project())
        session = writer.add(cast)
        if cast.trunk is None:
            trunks.append((cast, session))
            waiting.setdefault(cast.project.id, []).append(session)
        if sum(map(len, writer.batch.rows.values())) > ROWS_AT_ONCE:
            _write(writer, world, plans, waiting)
            del trunks[:-40]
    _write(writer, world, plans, waiting)


def _write(writer: Writer, world: World, plans: object, waiting: dict[int, list[AgentSession]]) -> None:
    from django.db import transaction

    from benchmarks.synthetic.plans import Plans, write_links

    assert isinstance(plans, Plans)
    with transaction.atomic():
        writer.batch.write()
        for sketch in world.projects:
            if served := waiting.pop(sketch.id, None):
                write_links(world, plans, sketch, served)


def _mark_all_dirty() -> None:
    """As reading would have: every quarter that has a response or a call."""
    from sessions.ingest import mark_dirty
    from sessions.models import ModelResponse, ToolCall

    for model in (ModelResponse, ToolCall):
        rows = model.objects.order_by().values_list("quarter", flat=True).distinct()
        mark_dirty(quarter for quarter in rows if quarter is not None)


def _finish(world: World, writer: Writer) -> None:
    """The run that read it all, and figures the database plans by where it makes them itself in daily work."""
    from django.db import connection

    from sessions.models import SyncRun

    SyncRun.objects.create(
        state=SyncRun.State.DONE,
        started_at=world.end,
        heartbeat_at=world.end,
        finished_at=world.end,
        is_first=True,
        files_total=writer.count,
        files_done=writer.count,
        lines_done=writer.entries,
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def prepare(url: str) -> None:
    """Set Django up on this database and migrate it; its data folder is a private one."""
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("TELEMETRY_DATA_DIR", tempfile.mkdtemp(prefix="agent-ledger-benchmark-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def arguments_of(parser: argparse.ArgumentParser) -> None:
    """What decides the rows."""
    parser.add_argument("--entries", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--projects", type=int, default=60, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--end",
        type=lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
        default=datetime.now(UTC),
        metavar="DATE",
        help="the day after the last; today without it, so that `the last 30 days` hold something",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic.fill", description=__doc__)
    parser.add_argument("url", help="of a new database, as DATABASE_URL takes it")
    arguments_of(parser)
    asked = parser.parse_args(arguments)
    prepare(asked.url)
    from sessions.models import AgentSession

    if AgentSession.objects.exists():
        sys.stderr.write("The database holds sessions already; give a new one.\n")
        return 1
    fill(
        asked.entries,
        end=asked.end,
        projects=asked.projects,
        seed=asked.seed,
        say=lambda text: print(text, flush=True),
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
