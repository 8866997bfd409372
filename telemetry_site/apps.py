from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TelemetrySiteConfig(AppConfig):
    name = "telemetry_site"
    verbose_name = "Agent Ledger"

    def ready(self) -> None:
        from analytics.prometheus.registry import register
        from telemetry_site import checks  # noqa: F401  (importing registers the checks)
        from telemetry_site.audit import recording  # noqa: F401  (importing connects the signals)
        from telemetry_site.changes import note_changes_everywhere

        register("telemetry_site.http_metrics.http_families", "telemetry_site.build_info.build_families")
        note_changes_everywhere()
        from telemetry_site.code_points import set_code_point_order

        post_migrate.connect(set_code_point_order, sender=self)
