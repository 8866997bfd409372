"""The bell in the head of every page, and the page of everything it has said."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from alerts.models import AlertRule, Notification
from alerts.overview import firing_rows
from analytics.views import HtmxRequest
from sessions.scope import readable_projects

PER_PAGE = 50


@never_cache
@require_safe
def bell_region(request: HtmxRequest) -> HttpResponse:
    """The link of the bell with how much is unread."""
    return render(request, "alerts/_bell.html", {"unread": _mine(request).unread().count()})


@never_cache
@require_safe
def firing_region(request: HtmxRequest) -> HttpResponse:
    """What fires now, in a line: a region of the dashboard, and a page without scripts."""
    watching = AlertRule.objects.present().readable(readable_projects(request)).filter(is_active=True).count()
    template = "alerts/_firing_now.html" if request.htmx else "alerts/firing.html"
    return render(request, template, {"firing": firing_rows(readable_projects(request)), "rules": watching})


@never_cache
@require_safe
def notification_list_page(request: HtmxRequest) -> HttpResponse:
    """What alerts have said, the latest first."""
    return _page(request)


def _mine(request: HtmxRequest) -> Any:
    return Notification.objects.readable(readable_projects(request))


def _page(request: HtmxRequest) -> HttpResponse:
    only_unread = request.GET.get("unread") == "1"
    every = _mine(request).select_related("event__rule")
    found = every.unread() if only_unread else every
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "unread": _mine(request).unread().count(),
        "only_unread": only_unread,
    }
    template = "alerts/notifications.html"
    return render(request, f"{template}#notifications" if request.htmx else template, context)


@require_POST
def read_notification(request: HtmxRequest, notification_id: int) -> HttpResponse:
    """Mark a notification as read; with `unread`, as not read."""
    found: Notification = get_object_or_404(_mine(request), pk=notification_id)
    found.is_read = "unread" not in request.POST
    found.read_at = (found.read_at or timezone.now()) if found.is_read else None
    found.save(update_fields=["is_read", "read_at"])
    return _read(request)


@require_POST
def read_every_notification(request: HtmxRequest) -> HttpResponse:
    """Mark everything as read."""
    _mine(request).unread().update(is_read=True, read_at=timezone.now())
    return _read(request)


def _read(request: HtmxRequest) -> HttpResponse:
    """The page after something was read; the bell hears of it."""
    if not request.htmx:
        return redirect("notification-list")
    return trigger_client_event(_page(request), "notifications-read")
