"""The page and the region of going somewhere by name."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.views import HtmxRequest
from sessions.scope import readable_projects
from telemetry_site.access.people import person
from telemetry_site.destinations.selectors import MAX_TYPED, destinations


@require_safe
def go_page(request: HtmxRequest) -> HttpResponse:
    """Places by name: as a page of links, and for the palette as the options of its list."""
    typed = request.GET.get("q", "").strip()
    context = {
        "typed": typed[:MAX_TYPED],
        "places": destinations(typed, person(request), readable_projects(request)),
    }
    template = "telemetry_site/_destinations.html" if request.htmx else "telemetry_site/go.html"
    return render(request, template, context)
