"""Pages about sessions. Every page reads the clock once and hands `now` on."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from sessions import selectors
from sessions.archive import ArchiveDamaged
from sessions.date_bounds import reporting_zone
from sessions.forms import SessionFilterForm
from sessions.list_page import address, chips, columns, file_addresses
from sessions.models import AgentSession
from sessions.selectors.raw_lines import neighbours
from sessions.session_charts import impact_chart, token_chart
from sessions.transcript_groups import grouped

TRANSCRIPT_LINES = 120
# Longer blocks are cut on the page and stand in full on the page of their line.
TRANSCRIPT_BLOCK_CHARS = 16 * 1024
POINTS_ON_A_PAGE = 200
RAW_CHARS = 512 * 1024
STOP_POLLING = 286  # htmx: the answer is shown and no further one is asked for


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


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
def session_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """A session's transcript, page by page."""
    session, context = _session_context(public_id, "transcript")
    page = selectors.entries(
        session,
        after_seq=_seq(request.GET.get("after")),
        before_seq=_seq(request.GET.get("before")),
        limit=TRANSCRIPT_LINES,
        block_chars=TRANSCRIPT_BLOCK_CHARS,
    )
    context |= {"transcript": page, "groups": grouped(page.items)}
    is_more = request.htmx and request.htmx.target == "more"
    return render(
        request, "sessions/transcript.html#more" if is_more else "sessions/transcript.html", context
    )


@require_safe
def session_tokens_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """A session's token timeline: a chart and every point of it."""
    session, context = _session_context(public_id, "tokens")
    points = selectors.token_timeline(session)
    page = Paginator(points, POINTS_ON_A_PAGE).get_page(request.GET.get("page"))
    context |= {"points": page.object_list, "page": page, "chart": token_chart(points, context["zone"])}
    return render(request, "sessions/tokens.html", context)


@require_safe
def session_tools_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """The tools a session called."""
    session, context = _session_context(public_id, "tools")
    return render(request, "sessions/tools.html", context | {"tools": selectors.session_tools(session)})


@require_safe
def session_files_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """The files a session read and changed."""
    session, context = _session_context(public_id, "files")
    return render(request, "sessions/files.html", context | {"files": selectors.session_files(session)})


@require_safe
def session_tree_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """Who started whom, and what each came to."""
    session, context = _session_context(public_id, "tree")
    trees = selectors.session_tree(session, now=context["now"])
    return render(
        request, "sessions/tree.html", context | {"nodes": [n for tree in trees for n in tree.walk()]}
    )


@require_safe
def session_events_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """A session's dates with their reasons, its milestones and its changes over time."""
    session, context = _session_context(public_id, "events")
    impact = selectors.told_impact(session)
    context |= {
        "dates": selectors.told_dates(session),
        "timeline": selectors.told_timeline(session),
        "impact": impact[-100:],
        "chart": impact_chart(impact, context["zone"]),
    }
    return render(request, "sessions/events.html", context)


@require_safe
def session_line_page(request: HtmxRequest, public_id: str, seq: int) -> HttpResponse:
    """One original line, where it stands and the digest of its bytes; `?download` sends the bytes."""
    session, context = _session_context(public_id, "line")
    try:
        line = selectors.raw_line(session, seq) if seq < 1 << 63 else None
    except ArchiveDamaged as error:
        return render(request, "sessions/line.html", context | {"damage": str(error), "seq": seq}, status=500)
    if line is None:
        raise Http404("This session has no line with that number.")
    if "download" in request.GET:
        return _download(line.raw, f"line-{line.line_no}.json")
    before, after = neighbours(session, seq)
    readable = line.readable
    context |= {"line": line, "text": readable[:RAW_CHARS], "is_cut": len(readable) > RAW_CHARS}
    return render(request, "sessions/line.html", context | {"before": before, "after": after, "seq": seq})


def _download(raw: bytes, name: str) -> HttpResponse:
    response = HttpResponse(raw, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


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


def _session_context(public_id: str, tab: str) -> tuple[AgentSession, dict[str, Any]]:
    session = selectors.session(public_id)
    if session is None:
        raise Http404("There is no session with that id.")
    now = timezone.now()
    row = selectors.session_rows([session], now=now)[0]
    return session, {"session": session, "row": row, "tab": tab, "now": now, "zone": reporting_zone()}


def _number(text: str | None) -> int:
    """The number of a page; the first where it is none."""
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) < 8
    return max(1, int(text)) if text and is_number else 1


def _seq(text: str | None) -> int | None:
    """A place in a transcript; None where it is none."""
    value = text or ""
    digits = value.removeprefix("-")
    known = digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(value) if known else None
