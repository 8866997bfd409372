"""What runs right now: a page, and a region of other pages that asks again by itself."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sessions.inspector import HtmxRequest
from sessions.scope import readable_projects
from sessions.selectors import session_list

MOST = 20


@never_cache
@require_safe
def live_sessions_page(request: HtmxRequest) -> HttpResponse:
    """The sessions that are active, the latest first; of one project where `project` names it."""
    now = timezone.now()
    filters: dict[str, Any] = {"status": "active", "limit": MOST}
    if project := request.GET.get("project", "").replace("\0", "").strip():
        filters["project"] = project
    # A root that waits while its subagents work is over by its own last record; they stand for themselves.
    found = session_list(
        filters | {"include_subagents": True}, now=now, sums=False, projects=readable_projects(request)
    )
    context = {"live": found, "now": now, "project": project}
    template = "sessions/live.html"
    return render(request, f"{template}#live" if request.htmx else template, context)
