"""The tables of a database that has none, made from the models at once instead of by every migration in turn.

Migrations tell how one version became the next, and work out all models anew for each of their steps: seconds of
work that somebody waits for at the first start. What they come to is what the models say, which `makemigrations
--check` and a test hold. Data that a migration brings along (`elidable`) nothing needs here.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import RunPython, RunSQL


def is_new(connection: BaseDatabaseWrapper) -> bool:
    """Whether nothing at all is in the database."""
    return not connection.introspection.table_names()


def make_tables(connection: BaseDatabaseWrapper) -> int:
    """Make every table and mark every migration as applied, all in one transaction; returns how many migrations."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.schema_editor() as editor:
        for model in _models(connection.alias):
            editor.create_model(model)
        for migration, operation in _further(plan):
            operation.database_forwards(migration.app_label, editor, _Now, _Now)
        # Before the marks, for the reason `whole_migrations` tells.
        for statement in editor.deferred_sql:
            editor.execute(statement, None)
        editor.deferred_sql.clear()
        executor.recorder.ensure_schema()
        for migration, _ in plan:
            executor.recorder.record_applied(migration.app_label, migration.name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias, apps=apps, plan=plan)
    return len(plan)


class _Now:
    """In the place of what a migration knows of the models before and after it: they are as they are."""

    apps = apps

    @staticmethod
    def clear_delayed_apps_cache() -> None:
        """Nothing is delayed."""


def _models(alias: str) -> Iterator[type[models.Model]]:
    """Those with a table of their own; tables between two of them come with these."""
    for app in apps.get_app_configs():
        for model in router.get_migratable_models(app, alias, include_auto_created=False):
            if model._meta.can_migrate(alias):
                yield model


def _further(plan: list[tuple[Migration, bool]]) -> Iterator[tuple[Migration, Any]]:
    """What migrations do that no model tells of and that an empty database needs, too."""
    for migration, _ in plan:
        for operation in migration.operations:
            if isinstance(operation, RunPython | RunSQL) and not operation.elidable:
                yield migration, operation
