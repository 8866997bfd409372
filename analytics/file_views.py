"""The page of one file: what sessions did to it, and what they did it for."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.plans.served import served_briefs
from analytics.views import HtmxRequest
from sessions.files.forms import FileForm
from sessions.files.history import file_history
from sessions.models import Project
from sessions.scope import in_projects, readable_projects


@require_safe
def file_history_page(request: HtmxRequest) -> HttpResponse:
    """The sessions that touched the file of `?path=`, in all projects that may be read or in `?project=`."""
    readable = readable_projects(request)
    given = request.GET.copy()
    # No path has a NUL, and PostgreSQL refuses to look for one.
    given["path"] = given.get("path", "").replace("\0", "\N{REPLACEMENT CHARACTER}")
    form = FileForm(given, readable)
    context: dict[str, Any] = {
        "form": form,
        "projects": Project.objects.filter(in_projects(readable, "pk")),
        "project": form.cleaned_data.get("project") if form.is_valid() else None,
    }
    if form.wanted:
        history = file_history(form.wanted, page=request.GET.get("page"), projects=form.projects)
        briefs = served_briefs([each.session for each in history.page.object_list])
        rows = [(each, briefs[each.session.pk]) for each in history.page.object_list]
        context |= {"history": history, "rows": rows}
    template = "analytics/files/history.html"
    return render(request, f"{template}#found" if request.htmx else template, context)
