"""The page of saved views, which is also a region of the list of sessions."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analytics.views import HtmxRequest
from telemetry_site.access.people import person
from telemetry_site.models import SavedView
from telemetry_site.saved_views.saving import (
    CannotSave,
    delete_view,
    rename_view,
    restore_view,
    save_view,
    tidy_query,
)


@never_cache
@require_safe
def saved_view_page(request: HtmxRequest) -> HttpResponse:
    """The views of whoever asks; `list` is the query of the list they are shown above, which can be saved."""
    return _page(request)


@require_POST
def save_new_view(request: HtmxRequest) -> HttpResponse:
    """Keep a list under a name."""
    try:
        save_view(request.POST.get("name", ""), _list(request), person(request), timezone.now())
    except CannotSave as error:
        return _page(request, problem=str(error))
    return _done(request)


@require_POST
def change_view(request: HtmxRequest, view_id: int) -> HttpResponse:
    """Give it another name."""
    try:
        rename_view(_mine(request, view_id), request.POST.get("name", ""))
    except CannotSave as error:
        return _page(request, problem=str(error))
    return _done(request)


@require_POST
def delete_saved_view(request: HtmxRequest, view_id: int) -> HttpResponse:
    """Delete it, and offer to take that back."""
    view = _mine(request, view_id)
    delete_view(view, timezone.now())
    return _page(request, deleted=view)


@require_POST
def restore_saved_view(request: HtmxRequest, view_id: int) -> HttpResponse:
    """Take a deletion back."""
    try:
        restore_view(_mine(request, view_id))
    except CannotSave as error:
        return _page(request, problem=str(error))
    return _done(request)


def _mine(request: HtmxRequest, view_id: int) -> SavedView:
    view: SavedView = get_object_or_404(SavedView.objects.of(person(request)), pk=view_id)
    return view


def _list(request: HtmxRequest) -> str:
    given = request.POST if request.method == "POST" else request.GET
    return given.get("list", "")


def _done(request: HtmxRequest) -> HttpResponse:
    return _page(request) if request.htmx else redirect("saved-views")


def _page(request: HtmxRequest, problem: str = "", deleted: SavedView | None = None) -> HttpResponse:
    query = tidy_query(_list(request))
    views = list(SavedView.objects.of(person(request)).present())
    context = {
        "views": views,
        "query": query,
        "current": next((view for view in views if view.query == query), None),
        "is_shown_by_list": bool(request.htmx),
        "problem": problem,
        "deleted": deleted,
    }
    template = "telemetry_site/saved_views.html"
    return render(request, f"{template}#saved-views" if request.htmx else template, context)
