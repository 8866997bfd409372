from __future__ import annotations

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "analytics"
    verbose_name = "analytics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from analytics.prometheus import gauges, totals
        from analytics.prometheus.registry import register

        for builder in (totals.stored_totals, gauges.work, gauges.prices, gauges.reading):
            register(builder)
