from __future__ import annotations

from django.apps import AppConfig


class ProjectTasksConfig(AppConfig):
    name = "tasks"
    # `tasks` reads like django.tasks; the label keeps tables and permissions apart from it.
    label = "project_tasks"
    verbose_name = "project tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sessions.served import add_filter

        add_filter("feature", "tasks.session_filters.of_feature")
        add_filter("task", "tasks.session_filters.of_task")
