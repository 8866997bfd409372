"""Pages about sessions. Every page reads the clock once and hands `now` on."""

from pathlib import Path

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sessions import selectors
from sessions.inspector import HtmxRequest
from sessions.list_page import page_number
from sessions.price_draft import price_draft
from sessions.scope import readable_projects
from sessions.selectors.quality import last_runs

STOP_POLLING = 286  # htmx: the answer is shown and no further one is asked for


@require_safe
def quality_page(request: HtmxRequest) -> HttpResponse:
    """Whether every line is accounted for, and what of the figures is uncertain."""
    now = timezone.now()
    number = page_number(request.GET.get("page"))
    projects = readable_projects(request)
    asked = selectors.quality(offset=(number - 1) * selectors.QUARANTINED_ON_A_PAGE, projects=projects)
    page = Paginator(range(asked.equation.quarantined), asked.limit).get_page(number)
    own: Path | None = settings.TELEMETRY_PRICES
    context = {
        "quality": asked,
        "page": page,
        "read": selectors.ingest_status(now, projects),
        "sees_runs": projects is None,
        # Where files are on a server is nobody's business who only reads its pages.
        "price_file": own and ("the server's price file" if settings.IS_TEAM else own),
        "price_draft": price_draft((model.model for model in asked.unpriced), with_book=own is None),
    }
    template = "sessions/quality.html#quarantined" if request.htmx else "sessions/quality.html"
    return render(request, template, context)


@require_safe
def progress_page(request: HtmxRequest) -> HttpResponse:
    """How far the reading is; asked for every two seconds until it has ended."""
    now, projects = timezone.now(), readable_projects(request)
    # The page asks for the whole of itself, since it also shows what comes after a run.
    if not request.htmx or "whole" in request.GET:
        context = {
            "read": selectors.ingest_status(now, projects),
            "runs": last_runs(projects),
            "sees_runs": projects is None,
        }
        template = "sessions/progress.html"
        return render(request, f"{template}#reading" if request.htmx else template, context)
    running = selectors.progress(now)
    if running is None:
        return HttpResponse(status=STOP_POLLING)
    run, progress = running
    return render(request, "sessions/progress.html#sync-progress", {"run": run, "progress": progress})
