"""Databases of earlier schemas, filled with data, brought up to today's: as it is, and killed on the way.

    python -m telemetry_site.tests.upgrades [--all]
    python -m telemetry_site.tests.private_postgres python -m telemetry_site.tests.upgrades [--all]

A database of today is filled by reading an invented history. For each earlier state of the migrations a database is
made that goes as far, gets the rows of today's in all columns that it has, as its program would have written them, and
is then migrated and synced. At the end it must hold the same facts, to the digest, and keep every promise. Once the
migrations are killed with SIGKILL at five places, one after the other. Prints JSON; exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from telemetry_site.tests.kill_loop import fresh_database

OURS = ("agent_sessions", "analytics", "project_tasks", "alerts", "telemetry_site")
# What every run opens beside the first state, which is where the killed one begins.
USUAL = ("agent_sessions.0007",)
KILLED_FROM = "agent_sessions.0001"
KILLS = 5
type Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


def states() -> list[str]:
    """Every state but today's, named by the migration it ends with: "app.0001"."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    graph = MigrationLoader(connection).graph
    return sorted(
        f"{app}.{name[:4]}" for app, name in graph.nodes if app in OURS and graph.node_map[app, name].children
    )


def plan_until(state: str, *, of_new: bool = False) -> list[tuple[Any, bool]]:
    """All migrations but those that build on the state's last one, in their order; `of_new`: of an empty database."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    app, number = state.split(".")
    [last] = [node for node in graph.nodes if node[0] == app and node[1].startswith(number)]
    after = set(graph.backwards_plan(last)) - {last}
    full = executor.migration_plan(graph.leaf_nodes(), clean_start=of_new)
    return [step for step in full if (step[0].app_label, step[0].name) not in after]


def migrate_until(state: str) -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from telemetry_site.changes import note_changes

    # What notes changes remembers that its table is there, which it is not in every state.
    connection.execute_wrappers.clear()
    note_changes(connection)
    MigrationExecutor(connection).migrate(None, plan=plan_until(state))


def dump() -> Rows:
    """{table: its columns and rows} of our own tables, but for the search index, whose words are in no column."""
    from django.apps import apps
    from django.db import connection

    found: Rows = {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if model._meta.app_label in OURS and not model.__name__.startswith("Search"):
            names = [str(field.column) for field in model._meta.concrete_fields]
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {', '.join(map(_quoted, names))} FROM {_quoted(table)}")
                found[table] = names, cursor.fetchall()
    return found


def load(rows: Rows, state: str) -> int:
    """Write rows into what the state has of their tables and columns; returns how many.

    A column that is no more gets its default, as its program would have written before it knew better.
    """
    from django.core.management.color import no_style
    from django.db import connection, transaction

    models, count = list(_models_of(state)), 0
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        for model in models:
            names, found = rows.get(model._meta.db_table, ([], []))
            fields = [
                (f, names.index(f.column) if f.column in names else None) for f in model._meta.concrete_fields
            ]
            given = ", ".join(["%s"] * len(fields))
            columns = ", ".join(_quoted(field.column) for field, _ in fields)
            said = f"INSERT INTO {_quoted(model._meta.db_table)} ({columns}) VALUES ({given})"
            written = [row for row in found if _fits(row, fields)]
            for row in written:
                cursor.execute(said, [_default(field) if at is None else row[at] for field, at in fields])
            count += len(written)
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    return count


def _models_of(state: str) -> Iterator[Any]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    nodes = [(step.app_label, step.name) for step, _ in plan_until(state, of_new=True)]
    apps = MigrationExecutor(connection).loader.graph.make_state(nodes=nodes).apps
    yield from (m for m in apps.get_models(include_auto_created=True) if m._meta.app_label in OURS)


def _fits(row: tuple[Any, ...], fields: Sequence[tuple[Any, int | None]]) -> bool:
    """Whether the state has room for a row: what it needs a value for and today's leaves empty, it never wrote."""
    return all(at is None or row[at] is not None or field.null for field, at in fields)


def _default(field: Any) -> Any:
    from django.db import connection

    return field.get_db_prep_save(field.get_default(), connection)


def _quoted(name: str | None) -> str:
    return f'"{name}"'


def upgrade(*, dies_at: int = 0) -> int:
    """Migrate in a process of its own, which is killed as it marks its n-th migration; its exit status."""
    from django.core.management import call_command
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    connections.close_all()
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        mark, marked = MigrationRecorder.record_applied, [0]

        def mark_or_die(self: Any, app: str, name: str) -> None:
            marked[0] += 1
            if marked[0] == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            mark(self, app, name)

        MigrationRecorder.record_applied = mark_or_die  # type: ignore[method-assign]
        call_command("migrate", interactive=False, verbosity=0, no_backup=True)
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@dataclass(frozen=True, slots=True)
class History:
    """What was read below a folder, and the facts that came of it."""

    folder: Path
    plans: str
    rows: Rows
    expected: dict[str, str]
    secrets: set[tuple[Any, ...]]

    def upgraded(self, state: str, *, kills: int = 0) -> dict[str, Any]:
        """Bring a database of this state up to today's, and what is found of it."""
        from django.db import connections

        started = monotonic()
        fresh_database(
            self.folder, f"{state.replace('.', '_')}_{kills}", migrate=lambda: migrate_until(state)
        )
        loaded = load(self.rows, state)
        pending = len(plan_until_today())
        step = max(pending // (kills + 1), 1)
        killed = sum(upgrade(dies_at=step) == -signal.SIGKILL for _ in range(kills))
        problems = [] if upgrade() == 0 else ["The migrations failed."]
        connections.close_all()
        problems = problems or self._differences()
        told = {"state": state, "rows": loaded, "migrations": pending, "killed": killed}
        return told | {"seconds": round(monotonic() - started, 1), "problems": problems}

    def _differences(self) -> list[str]:
        """What the upgraded database does not hold as it should, once a sync has derived what was marked.

        A version that knew no plans has no folder of them: it is named again, as its user would.
        """
        from tasks.models import PlanRoot
        from tasks.roots import add_manual_root
        from telemetry_site.pipeline import sync
        from telemetry_site.verification import table_digests, verify

        root = self.folder / "claude"
        if not PlanRoot.objects.exists():
            sync([root])
            add_manual_root(self.plans, "engine")
        found = sync([root]).problems
        now = table_digests()
        return (
            found
            + [f"{name} differ" for name in self.expected if now[name] != self.expected[name]]
            + ["The secrets that were found differ."] * (secrets_found() != self.secrets)
            + verify()
        )


def plant_secrets(folder: Path) -> None:
    """Secrets in a transcript, a sidecar, a stored tool output and a plan, one of them in several places."""
    from sessions.tests import samples as s
    from sessions.tests.fake_secrets import fake
    from tasks.models import PlanRoot

    plans = Path(PlanRoot.objects.get(origin=PlanRoot.Origin.MANUAL).path)
    sidecar = s.agent_path("abc", "w").replace(".jsonl", ".meta.json")
    said = json.dumps({"agentType": "Explore", "description": f"Take {fake('npm_token')}"})
    output = f"PATH=/bin\n{fake('npm_token')}\n{fake('stripe_key')}\n".encode()
    s.write(
        folder / "claude",
        {
            sidecar: said.encode(),
            f"{s.FOLDER}/{s.uid('w')}/tool-results/env.txt": output,
            s.main_path("told"): s.lines([s.prompt("told1", 5, "told", text=fake("groq_key"))]),
        },
    )
    plan = plans / "docs" / "project_plans" / "PRDs" / "keys-v1.md"
    plan.write_text(f"---\ntitle: Keys\ndoc_type: prd\n---\n# Keys\n\n- [ ] Replace {fake('groq_key')}\n")


def secrets_found() -> set[tuple[Any, ...]]:
    """Where every secret stands, but for the ids of rows and for when earlier texts of a file were written."""
    from sessions.models import SecretFinding, TranscriptEntry

    digests = dict(TranscriptEntry.objects.values_list("id", "digest"))
    names = ("source__path", "kind", "hint", "fingerprint", "session_id", "line", "lines")
    rows = SecretFinding.objects.values_list("entry_id", *names)
    found = {(digests.get(entry), *place) for entry, *place in rows}
    kinds = set(SecretFinding.objects.values_list("source__kind", flat=True))
    if kinds != {None, "sidecar", "tool_output", "plan"} or len(found) != len(rows):
        return {("not each once of every kind", *sorted(map(str, kinds)))}
    return found


def plan_until_today() -> list[Any]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def run(folder: Path, wanted: Sequence[str]) -> list[dict[str, Any]]:
    from tasks.models import PlanRoot
    from telemetry_site.pipeline import sync
    from telemetry_site.tests import ledger
    from telemetry_site.verification import table_digests

    fresh_database(folder, "today")
    ledger.write_and_read(folder)
    plant_secrets(folder)
    sync([folder / "claude"])
    plans = PlanRoot.objects.get(origin=PlanRoot.Origin.MANUAL).path
    history = History(folder, plans, dump(), table_digests(), secrets_found())
    return [*(history.upgraded(state) for state in wanted), history.upgraded(KILLED_FROM, kills=KILLS)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Bring databases of earlier schemas up to today's.")
    parser.add_argument("--all", action="store_true", help="from every state there was, not from a few")
    asked = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "telemetry_site.tests.settings"
    import django

    django.setup()
    folder = Path(tempfile.mkdtemp(prefix="agent-ledger-upgrades-"))
    try:
        tried = run(folder, states() if asked.all else USUAL)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(tried))
    return 1 if any(each["problems"] for each in tried) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
