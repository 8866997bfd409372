"""The router of the API: every app's endpoints under one prefix."""

from django.urls import URLPattern, path

from alerts.api_urls import endpoints as alert_endpoints
from analytics.api_urls import endpoints as analytics_endpoints
from analytics.prometheus.api import PrometheusView
from sessions.api_urls import endpoints as session_endpoints
from tasks.api_urls import endpoints as task_endpoints
from telemetry_site.access import description  # noqa: F401  (importing it describes tokens)
from telemetry_site.conditional import conditional
from telemetry_site.health import HealthView
from telemetry_site.sync_api import SyncView


def _both(route: str, view: type, name: str, *, versioned: bool = True) -> list[URLPattern]:
    """An endpoint without a trailing slash, and the same with one, which the description leaves out."""
    described, hidden = view.as_view(), view.as_view(schema=None)  # type: ignore[attr-defined]
    if versioned:
        described, hidden = conditional(described), conditional(hidden)
    return [path(route, described, name=name), path(f"{route}/", hidden)]


urlpatterns: list[URLPattern] = [
    *_both("health", HealthView, "api-health", versioned=False),
    *_both("analytics/export/prometheus", PrometheusView, "api-prometheus", versioned=False),
    *_both("ingest/sync", SyncView, "api-ingest-sync", versioned=False),
    *(
        pattern
        for route, view, name in (*session_endpoints, *task_endpoints, *analytics_endpoints, *alert_endpoints)
        for pattern in _both(route, view, name, versioned=getattr(view, "is_versioned_by_data", True))
    ),
]
