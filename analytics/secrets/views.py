"""The page of secrets that were found."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.secrets.findings import (
    SECRETS_ON_A_PAGE,
    findings_of,
    found_secrets,
    places_of,
    secret_count,
    unsearched_files,
)
from sessions.inspector import HtmxRequest
from sessions.list_page import page_number
from sessions.scope import readable_projects


@require_safe
def secrets_page(request: HtmxRequest) -> HttpResponse:
    """Which secrets stand in what was read, so that they are replaced; with `?secret=` all places of one of them."""
    projects = readable_projects(request)
    offset = (page_number(request.GET.get("page")) - 1) * SECRETS_ON_A_PAGE
    if "secret" in request.GET:
        return _one_secret(request, request.GET["secret"], offset)
    page = Paginator(range(secret_count(projects)), SECRETS_ON_A_PAGE).get_page(request.GET.get("page"))
    found = found_secrets(offset=offset, projects=projects)
    return _shown(request, {"page": page, "secrets": found})


def _one_secret(request: HtmxRequest, key: str, offset: int) -> HttpResponse:
    projects = readable_projects(request)
    known = key.isascii() and key.isdecimal() and len(key) < 18
    example = findings_of(projects).filter(pk=int(key)).first() if known else None
    if example is None:
        raise Http404("No secret with that number was found.")
    places = places_of(example, offset=offset, limit=SECRETS_ON_A_PAGE, projects=projects)
    count = findings_of(projects).like(example).count()
    page = Paginator(range(count), SECRETS_ON_A_PAGE).get_page(request.GET.get("page"))
    return _shown(request, {"page": page, "example": example, "places": places})


def _shown(request: HtmxRequest, context: dict[str, Any]) -> HttpResponse:
    template = "analytics/secrets.html#found" if request.htmx else "analytics/secrets.html"
    return render(request, template, context | {"unsearched": unsearched_files(readable_projects(request))})
