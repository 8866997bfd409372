"""The list of sessions: its page, the threads that open in it, and the choice of its columns."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from sessions import selectors
from sessions.forms import SessionFilterForm
from sessions.inspector import HtmxRequest, named_session
from sessions.list_columns import COLUMNS, PARAMETER, read_columns, shown_columns
from sessions.list_page import address, chips, columns, file_addresses, page_number
from sessions.models import AgentSession
from sessions.scope import readable_projects
from sessions.selectors.tree import TreeNode, session_tree

FLAGS = (("", "Any"), ("true", "With errors"), ("false", "Without errors"))
# What the filter bar has no field for, but a link may have asked for.
KEPT = (
    *("sort_by", "sort_order", "limit", "tz", "root_session_id", "include_subagents", PARAMETER),
    *("model_provider", "model_family", "model_version", "feature", "task"),
)
MORE_FILTERS = (
    *("tool", "skill", "agent", "branch", "min_cost", "max_cost", "min_duration", "max_duration"),
    *("has_errors", "include_inactive"),
)
MOST_IN_A_THREAD = 200
A_YEAR = 365 * 86_400


@require_safe
def session_list_page(request: HtmxRequest) -> HttpResponse:
    """The sessions that the filters in the address let through."""
    tidy = address(request.GET)
    if not request.htmx and any(not str(value).strip() for value in request.GET.values()):
        return redirect(request.path + tidy)
    template = "sessions/list.html#results" if request.htmx else "sessions/list.html"
    response = render(request, template, _context(request))
    if request.htmx:
        response["HX-Push-Url"] = request.path + (tidy if tidy != "?" else "")
    return response


def _context(request: HtmxRequest) -> dict[str, Any]:
    now = timezone.now()
    form = SessionFilterForm(request.GET)
    form.is_valid()  # what is wrong is said; what is right still filters
    filters = form.filters()
    number = page_number(request.GET.get("page"))
    projects = readable_projects(request)
    page = selectors.session_list(
        filters | {"offset": (number - 1) * filters["limit"]}, now=now, projects=projects
    )
    shown = Paginator(range(page.total), page.limit).get_page(number)
    if not page.items and page.total:
        asked = filters | {"offset": (shown.number - 1) * page.limit}
        page = selectors.session_list(asked, now=now, projects=projects)
    forks = selectors.fork_counts((row.session.pk for row in page.items), projects)
    chosen = shown_columns(request)
    return {
        "form": form,
        "found": page,
        "rows": [(row, forks.get(row.session.pk, 0)) for row in page.items],
        "page": shown,
        "columns": columns(form, request.GET, chosen.names),
        "shown": chosen,
        "choices": [(column, column.name in chosen.names) for column in COLUMNS],
        "chips": chips(form, request.GET),
        "files": file_addresses(form, request.GET),
        "flags": FLAGS,
        "kept": [(name, request.GET[name]) for name in KEPT if request.GET.get(name)],
        "more_filters": any(request.GET.get(name) for name in MORE_FILTERS),
        "projects": selectors.projects_with_sessions(projects),
        "read": selectors.ingest_status(now, projects),
        "is_flat": bool(filters.get("include_subagents")),
        "ways": _ways(request.GET),
        "shared": request.build_absolute_uri(
            request.path + address(request.GET, **{PARAMETER: chosen.parameter})
        ),
        "query": address(request.GET, page=None, offset=None).removeprefix("?"),
    }


def _ways(query: QueryDict) -> tuple[str, str]:
    """Addresses of the list as threads and flat."""
    return (
        address(query, include_subagents=None, page=None),
        address(query, include_subagents="true", page=None),
    )


@require_safe
def session_thread_region(request: HtmxRequest, public_id: str) -> HttpResponse:
    """What a session started and what was forked from it, as rows of the list; a page of its own without scripts."""
    session = named_session(request, public_id)
    if not request.htmx:
        return redirect("session-tree", session.public_id)
    nodes = [node for top in _trees(request, session) for node in top.walk()]
    asked = next(node for node in nodes if node.is_asked)
    below = [node for node in asked.walk() if node is not asked]
    context = {
        "root": session,
        "rows": [(node, node.depth - asked.depth) for node in below[:MOST_IN_A_THREAD]],
        "more": max(0, len(below) - MOST_IN_A_THREAD),
        "shown": shown_columns(request),
    }
    return render(request, "sessions/_thread.html", context)


def _trees(request: HtmxRequest, session: AgentSession) -> list[TreeNode]:
    return session_tree(session, now=timezone.now(), projects=readable_projects(request))


@require_POST
def choose_columns(request: HtmxRequest) -> HttpResponse:
    """Keep which columns this reader wants to see, and show them; `list` is the query of the list."""
    chosen = read_columns(request.POST.getlist(PARAMETER) or ["none"])
    query = QueryDict(request.POST.get("list", "")[:4000].replace("\0", ""))
    response = redirect("session-list")
    response["Location"] += address(query, **{PARAMETER: None}).removesuffix("?")
    if chosen.is_usual:
        response.delete_cookie(settings.COLUMNS_COOKIE_NAME)
    else:
        secure = bool(settings.SESSION_COOKIE_SECURE)
        response.set_cookie(
            settings.COLUMNS_COOKIE_NAME,
            chosen.parameter,
            max_age=A_YEAR,
            httponly=True,
            samesite="Lax",
            secure=secure,
        )
    return response
