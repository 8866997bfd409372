from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from analytics.prometheus.api import PrometheusView
from telemetry_site import people_views, settings_views, token_views
from telemetry_site.access.local_key import open_page
from telemetry_site.api_docs import DescriptionView, api_docs_page
from telemetry_site.audit.views import audit_page
from telemetry_site.destinations.views import go_page
from telemetry_site.login_views import LoginPage, PasswordPage, log_out_everywhere
from telemetry_site.saved_views import views as saved_views

handler400 = "telemetry_site.error_views.bad_request"
handler403 = "telemetry_site.error_views.permission_denied"
handler404 = "telemetry_site.error_views.not_found"
handler500 = "telemetry_site.error_views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("analytics.urls")),
    path("", include("sessions.urls")),
    path("", include("alerts.urls")),
    path("settings", settings_views.settings_page, name="settings"),
    path("settings/folders", settings_views.folder_check_region, name="folder-check"),
    path("settings/read", settings_views.read_now, name="sync-now"),
    path("views", saved_views.saved_view_page, name="saved-views"),
    path("views/new", saved_views.save_new_view, name="saved-view-new"),
    path("views/<int:view_id>", saved_views.change_view, name="saved-view-change"),
    path("views/<int:view_id>/delete", saved_views.delete_saved_view, name="saved-view-delete"),
    path("views/<int:view_id>/restore", saved_views.restore_saved_view, name="saved-view-restore"),
    path("go", go_page, name="go"),
    path("open/<str:code>", open_page, name="open"),
    path("login", LoginPage.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("logout/everywhere", log_out_everywhere, name="logout-everywhere"),
    path("password", PasswordPage.as_view(), name="password"),
    path("people", people_views.people_page, name="people"),
    path("people/new", people_views.make_person, name="person-new"),
    path("people/<int:user_id>/role", people_views.change_role, name="person-role"),
    path("people/<int:user_id>/switch", people_views.switch_person, name="person-switch"),
    path("audit", audit_page, name="audit-log"),
    path("tokens", token_views.token_list_page, name="token-list"),
    path("tokens/new", token_views.create_api_token, name="token-create"),
    path("tokens/<int:token_id>/revoke", token_views.revoke_api_token, name="token-revoke"),
    path("api/", include("telemetry_site.api")),
    path("metrics", PrometheusView.as_view(schema=None), name="metrics"),
    path("api/schema", DescriptionView.as_view(), name="api-schema"),
    path("api/docs", api_docs_page, name="api-docs"),
]

if settings.TELEMETRY_ADMIN:
    urlpatterns.append(path("admin/", admin.site.urls))
