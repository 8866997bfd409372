from __future__ import annotations

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "analytics"
    verbose_name = "analytics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from analytics.prometheus.registry import register

        gauges = (f"analytics.prometheus.gauges.{name}" for name in ("work", "prices", "reading"))
        register("analytics.prometheus.totals.stored_totals", *gauges)
