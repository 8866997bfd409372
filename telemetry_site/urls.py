from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

handler400 = "telemetry_site.error_views.bad_request"
handler403 = "telemetry_site.error_views.permission_denied"
handler404 = "telemetry_site.error_views.not_found"
handler500 = "telemetry_site.error_views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("analytics.urls")),
    path("", include("sessions.urls")),
    path("api/", include("telemetry_site.api")),
    path("api/schema", SpectacularAPIView.as_view(), name="api-schema"),
]

if settings.TELEMETRY_ADMIN:
    urlpatterns.append(path("admin/", admin.site.urls))
