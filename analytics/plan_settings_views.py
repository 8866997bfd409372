"""Where the plans of each project are, and how they are counted."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from analytics.plans.work import Progress, progress_by
from sessions.acts import tell
from sessions.models import Project
from sessions.scope import Projects, in_projects, readable_projects
from tasks.models import PlanRoot, PlanSettings, ProjectTask
from tasks.parsers.layouts.registry import FOLDERS
from tasks.roots import add_manual_root, choose_checklists

CHOICES = PlanSettings.CountChecklists


@dataclass(frozen=True, slots=True)
class ProjectPlans:
    """A project's plan folders, how its check-lists are counted, and what its tasks came from.

    `checklist_tasks` are those of its tasks that are check-list items. `stale`: the next sync will count anew.
    """

    project: Project
    roots: list[PlanRoot]
    choice: str
    stale: bool
    progress: Progress
    checklist_tasks: int


@require_safe
def plan_settings_page(request: HttpRequest) -> HttpResponse:
    """The plan folders of every project, and forms to name another and to choose how check-lists count."""
    return _page(request)


def _page(request: HttpRequest, problem: str = "", folder: str = "", status: int = 200) -> HttpResponse:
    context = {
        "plans": project_plans(readable_projects(request)),
        "projects": list(Project.objects.filter(in_projects(readable_projects(request), "pk"))),
        "choices": CHOICES.choices,
        "looked_in": FOLDERS,
        "may_name_folders": may_name_folders(request),
        "problem": problem,
        "folder": folder,
        "tab": "settings",
    }
    return render(request, "analytics/plans/settings.html", context, status=status)


def project_plans(projects: Projects = None) -> list[ProjectPlans]:
    """Those of the projects that have a plan folder."""
    roots: dict[Project, list[PlanRoot]] = defaultdict(list)
    held = PlanRoot.objects.filter(in_projects(projects)).select_related("project")
    for root in held.order_by("project__name", "project_id", "path"):
        roots[root.project].append(root)
    chosen = {row.project_id: row for row in PlanSettings.objects.all()}
    tasks = ProjectTask.objects.present()
    progress = progress_by(tasks, "project_id")
    checklists = progress_by(tasks.filter(kind=ProjectTask.Kind.CHECKLIST), "project_id")
    return [
        ProjectPlans(
            project=project,
            roots=held,
            choice=chosen[project.pk].count_checklists if project.pk in chosen else CHOICES.AUTO,
            stale=project.pk in chosen and chosen[project.pk].stale,
            progress=progress.get(project.pk, Progress()),
            checklist_tasks=checklists.get(project.pk, Progress()).total,
        )
        for project, held in roots.items()
    ]


def may_name_folders(request: HttpRequest) -> bool:
    """On a server, a folder named here is read with the server's rights: that is for its administrators."""
    asker: Any = getattr(request, "asker", None)
    return asker.is_site_administrator if asker is not None else not settings.IS_TEAM


@require_POST
def add_plan_folder(request: HttpRequest) -> HttpResponse:
    """Keep a folder as one of a project's; the next sync reads it."""
    if not may_name_folders(request):
        raise PermissionDenied
    folder = request.POST.get("folder", "").strip()
    project = Project.objects.named(request.POST.get("project", "")).first()
    try:
        if not folder or "\0" in folder or len(folder) > 4096:
            raise ValueError("Write the path of a folder on this machine.")
        add_manual_root(folder, project.name if project else "")
    except ValueError as error:
        return _page(request, str(error), folder, status=400)
    tell(request, folder, project)
    return redirect("plan-settings")


@require_POST
def choose_plan_checklists(request: HttpRequest, project_id: int) -> HttpResponse:
    """Choose whether a project's check-list items count as tasks; the next sync counts by it."""
    mine = Project.objects.filter(in_projects(readable_projects(request), "pk"))
    project: Project = get_object_or_404(mine, pk=project_id)
    choice = request.POST.get("count_checklists", "")
    if choice not in CHOICES.values:
        return HttpResponseBadRequest("There is no such choice.")
    tell(request, f"{project}: {choice}", project)
    choose_checklists(project.pk, choice)
    return redirect("plan-settings")
