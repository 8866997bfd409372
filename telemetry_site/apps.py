from __future__ import annotations

from django.apps import AppConfig


class TelemetrySiteConfig(AppConfig):
    name = "telemetry_site"
    verbose_name = "Agent Ledger"

    def ready(self) -> None:
        from telemetry_site import checks  # noqa: F401  (importing registers the checks)
