"""The page of secrets that were found."""

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions.inspector import HtmxRequest
from sessions.list_page import page_number
from sessions.scope import readable_projects
from sessions.secrets.findings import (
    SECRETS_ON_A_PAGE,
    findings_of,
    found_secrets,
    lines_with,
    secret_count,
)


@require_safe
def secrets_page(request: HtmxRequest) -> HttpResponse:
    """Which secrets stand in transcripts, so that they are replaced; with `?secret=` all lines of one of them."""
    projects = readable_projects(request)
    offset = (page_number(request.GET.get("page")) - 1) * SECRETS_ON_A_PAGE
    if "secret" in request.GET:
        return _one_secret(request, request.GET["secret"], offset)
    page = Paginator(range(secret_count(projects)), SECRETS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "secrets": found_secrets(offset=offset, projects=projects)}
    return render(request, _template(request), context)


def _one_secret(request: HtmxRequest, key: str, offset: int) -> HttpResponse:
    projects = readable_projects(request)
    known = key.isascii() and key.isdecimal() and len(key) < 18
    example = findings_of(projects).filter(pk=int(key)).first() if known else None
    if example is None:
        raise Http404("No secret with that number was found.")
    lines = lines_with(example, offset=offset, limit=SECRETS_ON_A_PAGE, projects=projects)
    count = findings_of(projects).like(example).count()
    page = Paginator(range(count), SECRETS_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, _template(request), {"page": page, "example": example, "lines": lines})


def _template(request: HtmxRequest) -> str:
    return "sessions/secrets.html#found" if request.htmx else "sessions/secrets.html"
