from __future__ import annotations

from django.apps import AppConfig


class ProjectTasksConfig(AppConfig):
    name = "tasks"
    # `tasks` reads like django.tasks; the label keeps tables and permissions apart from it.
    label = "project_tasks"
    verbose_name = "project tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasks import session_filters

        session_filters.register()
