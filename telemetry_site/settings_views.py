"""The page of settings, with a check of the folders, and asking for a reading."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analytics.plan_settings_views import may_name_folders
from analytics.views import HtmxRequest
from sessions.scope import readable_projects
from telemetry_site.installation import folder_checks, installation
from telemetry_site.sync_request import ask_for_sync


@never_cache
@require_safe
def settings_page(request: HtmxRequest) -> HttpResponse:
    """How this installation is set up, and where each thing is changed."""
    context = {
        "set_up": installation(timezone.now(), readable_projects(request)),
        "is_staff": may_name_folders(request),
    }
    return render(request, "telemetry_site/settings.html", context | {"has_admin": settings.TELEMETRY_ADMIN})


@never_cache
@require_safe
def folder_check_region(request: HtmxRequest) -> HttpResponse:
    """What stands on disk beside what was read; a region of the settings, and a page without scripts."""
    if not may_name_folders(request):
        raise PermissionDenied
    context = {"checks": folder_checks(timezone.now())}
    template = "telemetry_site/folder_check.html"
    return render(request, f"{template}#folder-check" if request.htmx else template, context)


@require_POST
def read_now(request: HtmxRequest) -> HttpResponse:
    """Start a run of reading, where none is under way, and show how it goes on."""
    if not may_name_folders(request):
        raise PermissionDenied
    ask_for_sync(timezone.now())
    return redirect("sync-progress")
