"""Pages about sessions. Every page reads the clock once and hands `now` on."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sessions import selectors
from sessions.inspector import HtmxRequest
from sessions.list_page import page_number

STOP_POLLING = 286  # htmx: the answer is shown and no further one is asked for


@require_safe
def quality_page(request: HtmxRequest) -> HttpResponse:
    """Whether every line is accounted for, and what of the figures is uncertain."""
    now = timezone.now()
    number = page_number(request.GET.get("page"))
    asked = selectors.quality(offset=(number - 1) * selectors.QUARANTINED_ON_A_PAGE)
    page = Paginator(range(asked.equation.quarantined), asked.limit).get_page(number)
    context = {"quality": asked, "page": page, "read": selectors.ingest_status(now)}
    template = "sessions/quality.html#quarantined" if request.htmx else "sessions/quality.html"
    return render(request, template, context)


@require_safe
def progress_page(request: HtmxRequest) -> HttpResponse:
    """How far the reading is; asked for every two seconds until it has ended."""
    now = timezone.now()
    if not request.htmx:
        return render(request, "sessions/progress.html", {"read": selectors.ingest_status(now)})
    running = selectors.progress(now)
    if running is None:
        return HttpResponse(status=STOP_POLLING)
    run, progress = running
    return render(request, "sessions/progress.html#sync-progress", {"run": run, "progress": progress})
