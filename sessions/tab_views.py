"""The tabs of a session's page beside its transcript."""

from collections.abc import Sequence

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from sessions import selectors
from sessions.files.history import other_sessions
from sessions.inspector import HtmxRequest, named_session, session_context
from sessions.models import AgentSession
from sessions.prices_in_use import price_book
from sessions.scope import readable_projects
from sessions.selectors import TokenPoint, TranscriptItem
from sessions.selectors.artifacts import artifact_groups
from sessions.selectors.costs import agent_parts, session_costs
from sessions.selectors.impact import placed_impact
from sessions.selectors.tools import SORTS, tool_calls
from sessions.selectors.transcript import entries_at
from sessions.selectors.usage import seqs_of_responses, seqs_of_touches
from sessions.selectors.waterfall import waterfall
from sessions.session_charts import impact_chart, token_chart
from sessions.transcript_groups import Group

POINTS_ON_A_PAGE = 200


@require_safe
def session_timeline_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """A session over time: its tokens and context, its calls as a waterfall, and every response."""
    session, context = session_context(request, public_id, "timeline")
    points = selectors.token_timeline(session)
    page = Paginator(points, POINTS_ON_A_PAGE).get_page(request.GET.get("page"))
    steps, calls = waterfall(session, page=request.GET.get("calls"))
    compactions = selectors.compaction_times(session)
    context |= {
        "points": _placed(session, list(page.object_list)),
        "page": page,
        "chart": token_chart(points, compactions, context["zone"]),
        "compactions": compactions,
        "steps": steps,
        "calls": calls,
    }
    return render(request, "sessions/timeline.html", context)


def _placed(session: AgentSession, points: Sequence[TokenPoint]) -> list[tuple[TokenPoint, int | None]]:
    """The points with the lines on which their responses begin."""
    seqs = seqs_of_responses(session, [point.response_id for point in points])
    return [(point, seqs.get(point.response_id)) for point in points]


@require_safe
def session_tokens_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """Where the timeline of tokens was once."""
    return redirect("session-timeline", named_session(request, public_id).public_id, permanent=True)


@require_safe
def session_cost_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """What a session cost, by model, token class, what its responses did, skill and agent."""
    session, context = session_context(request, public_id, "cost")
    tree = selectors.session_tree(session, now=context["now"], projects=readable_projects(request))
    context |= {"costs": session_costs(session, price_book()), "agents": agent_parts(tree)}
    return render(request, "sessions/cost.html", context)


@require_safe
def session_tools_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """The tools a session called, and each call of them or of one."""
    session, context = session_context(request, public_id, "tools")
    tool, sort = request.GET.get("tool"), request.GET.get("sort", "")
    sort = sort if sort in SORTS else SORTS[0]
    # No text with a NUL is in the database, and PostgreSQL refuses to look for one.
    named = None if tool is None else tool.replace("\0", "\N{REPLACEMENT CHARACTER}")
    context |= {
        "tools": selectors.session_tools(session),
        "calls": tool_calls(session, tool=named, sort=sort, page=request.GET.get("page")),
        "tool": named,
        "sort": sort,
        "sorts": SORT_LABELS,
    }
    return render(request, "sessions/tools.html", context)


SORT_LABELS = (("time", "In order"), ("slowest", "Slowest first"), ("failed", "Only what failed"))


@require_safe
def session_files_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """The files a session read and changed; with `?path=`, everything it did to one of them."""
    session, context = session_context(request, public_id, "files")
    path = request.GET.get("path", "").replace("\0", "")
    touches = _touches(request, session, path) if path else []
    files = selectors.session_files(session)
    others = other_sessions(session, [file.path for file in files])
    context |= {
        "files": [(file, others.get(file.path, 0)) for file in files],
        "path": path,
        "is_unfolded": True,
        "groups": [Group("item", [item]) for item in touches if item.call is not None],
    }
    return render(request, "sessions/files.html", context)


def _touches(request: HtmxRequest, session: AgentSession, path: str) -> list[TranscriptItem]:
    return entries_at(session, seqs_of_touches(session, path), projects=readable_projects(request))


@require_safe
def session_tree_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """Who started whom, and what each came to."""
    session, context = session_context(request, public_id, "tree")
    trees = selectors.session_tree(session, now=context["now"], projects=readable_projects(request))
    return render(
        request, "sessions/tree.html", context | {"nodes": [n for tree in trees for n in tree.walk()]}
    )


@require_safe
def session_artifacts_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """What a session made or used outside itself, each with the entry it comes from."""
    session, context = session_context(request, public_id, "artifacts")
    return render(
        request,
        "sessions/artifacts.html",
        context | {"groups": artifact_groups(session, readable_projects(request))},
    )


@require_safe
def session_impact_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """What a session changed, over time."""
    session, context = session_context(request, public_id, "impact")
    impact = placed_impact(session)
    context |= {"impact": impact, "chart": impact_chart([each.impact for each in impact], context["zone"])}
    return render(request, "sessions/impact.html", context)


@require_safe
def session_events_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """What is known of a session: its facts, its dates with their reasons, and its milestones."""
    session, context = session_context(request, public_id, "events")
    context |= {"dates": selectors.told_dates(session), "timeline": selectors.told_timeline(session)}
    return render(request, "sessions/events.html", context)
