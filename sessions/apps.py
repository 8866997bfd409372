from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AgentSessionsConfig(AppConfig):
    name = "sessions"
    # `sessions` is taken by django.contrib.sessions; two apps may not share a label.
    label = "agent_sessions"
    verbose_name = "agent sessions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_forget_words_of_nothing, sender=self)


def _forget_words_of_nothing(**_more: Any) -> None:
    """`flush` empties Django's tables and sends this signal; the index of words is none of them."""
    from sessions.search.engine import clear_if_empty

    clear_if_empty()
