"""The page of the audit log."""

from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.views import HtmxRequest
from sessions.list_page import address
from sessions.scope import readable_projects
from telemetry_site.audit.log import AuditForm, csv_lines

ENTRIES_ON_A_PAGE = 50


@never_cache
@require_safe
def audit_page(request: HtmxRequest) -> HttpResponseBase:
    """What was done in the projects that the reader administers; `?format=csv` is the same as a file."""
    form = AuditForm(request.GET, readable_projects(request))
    found = form.entries()
    if request.GET.get("format") == "csv":
        return _file(csv_lines(found.iterator()))
    page = Paginator(found, ENTRIES_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "actions": form.fields["action"].choices,  # type: ignore[attr-defined]
        "file": address(request.GET, format="csv", page=None),
    }
    template = "telemetry_site/audit.html"
    return render(request, f"{template}#entries" if request.htmx else template, context)


def _file(lines: Iterator[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return response
