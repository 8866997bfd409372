"""Pages about planned work: features, tasks, documents, and what a session served."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from analytics.forms import PeriodForm
from analytics.link_decisions import follow
from analytics.links import Links
from analytics.plans.board import feature_board, feature_costs
from analytics.plans.document_pages import document_list, document_page
from analytics.plans.feature_page import feature_page
from analytics.plans.flow import SHOWN, flow
from analytics.plans.forms import SORTS, VIEWS, DocumentFilterForm, FeatureFilterForm, TaskFilterForm
from analytics.plans.served import served, served_briefs
from analytics.plans.task_pages import task_list, task_page
from analytics.plans.velocity import cost_and_velocity
from analytics.views import HtmxRequest
from sessions.acts import tell
from sessions.date_bounds import reporting_zone
from sessions.inspector import named_session, session_context
from sessions.models import AgentSession, Project
from sessions.scope import in_projects, readable_projects
from tasks.models import Document, Feature, PlanRoot, ProjectTask
from tasks.parsers.layouts.registry import FOLDERS

FEATURES_ON_A_PAGE = 50


@require_safe
def feature_list_page(request: HtmxRequest) -> HttpResponse:
    """Features by status or as a list, with what each cost and the rest that makes the sums add up."""
    form = FeatureFilterForm(request.GET, readable_projects(request))
    asked = form.asked
    project = asked.get("project")
    sort, view = asked.get("sort") or "recent", asked.get("view") or "board"
    board = feature_board(
        projects=form.projects,
        status=asked.get("status", ""),
        q=asked.get("q", ""),
        sort=sort,
    )
    context = {
        "form": form,
        "board": board,
        "page": Paginator(board.rows, FEATURES_ON_A_PAGE).get_page(request.GET.get("page")),
        "project": project,
        "sort": sort,
        "view": view,
        "sorts": SORTS,
        "views": VIEWS,
        "tab": "features",
        **_plan_context(request),
    }
    return _list(request, "features", context)


def _plan_context(request: HtmxRequest) -> dict[str, Any]:
    mine = readable_projects(request)
    roots = list(PlanRoot.objects.filter(in_projects(mine)).select_related("project"))
    projects = list(Project.objects.filter(in_projects(mine, "pk")))
    return {"projects": projects, "roots": roots, "looked_in": FOLDERS}


def _list(request: HtmxRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """The page, or only its results where htmx asks for them."""
    template = f"analytics/plans/{name}.html"
    return render(request, f"{template}#results" if request.htmx else template, context)


@require_safe
def feature_detail_page(request: HtmxRequest, feature_id: int) -> HttpResponse:
    """What a feature is, what it cost, and why that is said of which sessions."""
    projects = readable_projects(request)
    mine = Feature.objects.filter(in_projects(projects)).select_related("project")
    feature: Feature = get_object_or_404(mine, pk=feature_id)
    found = feature_page(feature, zone=reporting_zone(), page=request.GET.get("page"), projects=projects)
    context = {"feature": feature, "found": found, "tab": "features"}
    return render(request, "analytics/plans/feature.html", context)


@require_safe
def feature_costs_region(request: HtmxRequest) -> HttpResponse:
    """What a period's cost was for; a region of the dashboard, and a page of its own without scripts."""
    form = PeriodForm(request.GET, now=timezone.now(), readable=readable_projects(request))
    asked = form.asked()
    costs = feature_costs(asked.period, projects=asked.projects)
    links = Links(asked.period, asked.project.slug if asked.project else "", asked.tz)
    context = {"costs": costs, "asked": asked, "dashboard": links.dashboard(), "tab": "features"}
    return _region(request, "feature-costs", context)


@require_safe
def flow_page(request: HtmxRequest) -> HttpResponse:
    """How long planned work takes, where it stands still, and what is spent and done beside the plans."""
    form = PeriodForm(request.GET, now=timezone.now(), readable=readable_projects(request))
    asked = form.asked()
    context = {
        "found": flow(timezone.now(), projects=asked.projects),
        "asked": asked,
        "problems": form.problems,
        "most": SHOWN,
        "tab": "flow",
        **_plan_context(request),
    }
    return render(request, "analytics/plans/flow.html", context)


@require_safe
def velocity_region(request: HtmxRequest) -> HttpResponse:
    """What was spent against what was completed; a region of the dashboard, and a page without scripts."""
    asked = PeriodForm(request.GET, now=timezone.now(), readable=readable_projects(request)).asked()
    links = Links(asked.period, asked.project.slug if asked.project else "", asked.tz)
    found = cost_and_velocity(asked.period, projects=asked.projects)
    return _region(request, "velocity", {"found": found, "dashboard": links.dashboard(), "tab": "features"})


def _region(request: HtmxRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    template = f"analytics/plans/{name.replace('-', '_')}.html"
    return render(request, f"{template}#{name}" if request.htmx else template, context)


@require_safe
def task_list_page(request: HtmxRequest) -> HttpResponse:
    """The tasks that plans name."""
    form = TaskFilterForm(request.GET, readable_projects(request))
    found = task_list(form.asked, projects=form.projects, page=request.GET.get("page"))
    context = {"form": form, "found": found, "page": found.page, "tab": "tasks", **_plan_context(request)}
    return _list(request, "tasks", context)


@require_safe
def task_detail_page(request: HtmxRequest, task_id: int) -> HttpResponse:
    """A task as its plan has it, and what was done for it."""
    related = ("project", "feature", "phase", "document")
    projects = readable_projects(request)
    mine = ProjectTask.objects.filter(in_projects(projects)).select_related(*related)
    task: ProjectTask = get_object_or_404(mine, pk=task_id)
    found = task_page(task, zone=reporting_zone(), page=request.GET.get("page"), projects=projects)
    return render(request, "analytics/plans/task.html", {"task": task, "found": found, "tab": "tasks"})


@require_safe
def document_list_page(request: HtmxRequest) -> HttpResponse:
    """Plan documents, with what was not understood in them."""
    form = DocumentFilterForm(request.GET, readable_projects(request))
    found = document_list(form.asked, projects=form.projects, page=request.GET.get("page"))
    context = {"form": form, "found": found, "page": found.page, "tab": "documents", **_plan_context(request)}
    return _list(request, "documents", context)


@require_safe
def document_detail_page(request: HtmxRequest, document_id: int) -> HttpResponse:
    """A plan document with its text, as the archive holds it."""
    related = ("project", "feature", "root", "source")
    projects = readable_projects(request)
    mine = Document.objects.filter(in_projects(projects)).select_related(*related)
    document: Document = get_object_or_404(mine, pk=document_id)
    found = document_page(document, page=request.GET.get("page"), projects=projects)
    context = {"document": document, "found": found, "tab": "documents"}
    return render(request, "analytics/plans/document.html", context)


@require_safe
def session_served_region(request: HtmxRequest, public_id: str) -> HttpResponse:
    """What a session served and why; a region of its page, and a page of its own without scripts."""
    session, context = session_context(request, public_id, "served")
    return _served_region(request, session, context)


def _served_region(request: HtmxRequest, session: AgentSession, context: dict[str, Any]) -> HttpResponse:
    features = Feature.objects.present().filter(project_id=session.project_id).order_by("name")
    return _region(request, "served", context | {"served": served(session), "features": features})


@require_safe
def session_served_brief(request: HtmxRequest, public_id: str) -> HttpResponse:
    """What a session served, in a few words for the head of its pages; the page about it for everyone else."""
    session = named_session(request, public_id)
    if not request.htmx:
        return session_served_region(request, public_id)
    context = {"session": session, "brief": served_briefs([session])[session.pk]}
    return render(request, "analytics/plans/served_brief.html", context)


@require_POST
def decide_served(request: HtmxRequest, public_id: str) -> HttpResponse:
    """A person says what a session served, did not serve, or mainly served, or takes that back."""
    session, context = session_context(request, public_id, "served")
    feature: Feature = get_object_or_404(
        Feature, pk=_key(request.POST.get("feature", "")), project_id=session.project_id
    )
    decision = request.POST.get("decision", "")
    tell(request, f"{session.public_id} and {feature}: {decision[:20]}", session.project)
    try:
        follow(session, feature, decision)
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    if request.htmx:
        return _served_region(request, session, context)
    return redirect("session-served", session.public_id)


def _key(text: str) -> int:
    """The number in a form's hidden field; 0, which nothing has, where somebody wrote something else."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0
