"""Pages about sessions. Every page reads the clock once and hands `now` on."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sessions import selectors
from sessions.forms import SessionFilterForm
from sessions.inspector import HtmxRequest
from sessions.list_page import address, chips, columns, file_addresses

STOP_POLLING = 286  # htmx: the answer is shown and no further one is asked for


@require_safe
def session_list_page(request: HtmxRequest) -> HttpResponse:
    """The sessions that the filters in the address let through."""
    tidy = address(request.GET)
    if not request.htmx and any(not str(value).strip() for value in request.GET.values()):
        return redirect(request.path + tidy)
    now = timezone.now()
    form = SessionFilterForm(request.GET)
    form.is_valid()  # what is wrong is said; what is right still filters
    filters = form.filters()
    number = _number(request.GET.get("page"))
    page = selectors.session_list(filters | {"offset": (number - 1) * filters["limit"]}, now=now)
    shown = Paginator(range(page.total), page.limit).get_page(number)
    if not page.items and page.total:
        page = selectors.session_list(filters | {"offset": (shown.number - 1) * page.limit}, now=now)
    context = {
        "form": form,
        "found": page,
        "page": shown,
        "columns": columns(form, request.GET),
        "chips": chips(form, request.GET),
        "files": file_addresses(form, request.GET),
        "flags": FLAGS,
        "kept": [(name, request.GET[name]) for name in KEPT if request.GET.get(name)],
        "more_filters": any(request.GET.get(name) for name in MORE_FILTERS),
        "projects": selectors.projects_with_sessions(),
        "read": selectors.ingest_status(now),
    }
    response = render(
        request, "sessions/list.html#results" if request.htmx else "sessions/list.html", context
    )
    if request.htmx:
        response["HX-Push-Url"] = request.path + (tidy if tidy != "?" else "")
    return response


FLAGS = (("", "Any"), ("true", "With errors"), ("false", "Without errors"))
# What the filter bar has no field for, but a link may have asked for.
KEPT = (
    "sort_by",
    "sort_order",
    "limit",
    "tz",
    "root_session_id",
    "model_provider",
    "model_family",
    "model_version",
)
MORE_FILTERS = (
    "tool",
    "skill",
    "agent",
    "branch",
    "min_cost",
    "max_cost",
    "min_duration",
    "max_duration",
    "has_errors",
    "include_subagents",
    "include_inactive",
)


@require_safe
def quality_page(request: HtmxRequest) -> HttpResponse:
    """Whether every line is accounted for, and what of the figures is uncertain."""
    now = timezone.now()
    number = _number(request.GET.get("page"))
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


def _number(text: str | None) -> int:
    """The number of a page; the first where it is none."""
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) < 8
    return max(1, int(text)) if text and is_number else 1
