"""Migrations that are applied and marked as applied in one transaction, so that a kill leaves both or neither."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.commands import migrate
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor


class WholeMigrations(MigrationExecutor):
    """Django marks a migration only after its transaction where indexes or keys are left to the end of it.

    Killed in between, it would be applied a second time and fail. Here what is left to the end is done before.
    """

    def apply_migration(
        self, state: Any, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> Any:
        migration.apply = partial(_to_the_end, migration.apply)  # type: ignore[method-assign]
        try:
            return super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
        finally:
            del migration.apply


def _to_the_end(apply: Callable[..., Any], before: Any, editor: Any, *args: Any, **options: Any) -> Any:
    after = apply(before, editor, *args, **options)
    if editor.atomic_migration:
        for statement in editor.deferred_sql:
            editor.execute(statement, None)
        editor.deferred_sql.clear()
    return after


class MigrateCommand(migrate.Command):
    """Django's command with such an executor, which it has no setting for."""

    def handle(self, *args: Any, **options: Any) -> None:
        names = vars(migrate)
        before, names["MigrationExecutor"] = names["MigrationExecutor"], WholeMigrations
        try:
            super().handle(*args, **options)
        finally:
            names["MigrationExecutor"] = before
