"""The list of tasks that plans name, and the page of one."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import Q

from analytics.models import SessionToolUsage, SessionUsage
from analytics.plans.feature_page import TaskRow, usage_after
from analytics.plans.linked_sessions import links_of, serving_sessions
from analytics.plans.work import Progress, Work, work_by
from analytics.sums import Usage
from sessions.scope import Projects, in_projects
from tasks.models import ProjectTask, StatusChange
from tasks.parsers.statuses import TERMINAL

TASKS_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class TaskList:
    """`page` holds `TaskRow`s; `progress` and `usage` are of all tasks the filters let through.

    `undated`: complete tasks among them of which nobody wrote when.
    """

    page: Page[Any]
    progress: Progress
    usage: Usage
    undated: int


def task_list(filters: dict[str, Any], *, page: str | None = None, projects: Projects = None) -> TaskList:
    """Tasks that stand in a plan today, the last completed first."""
    tasks = _filtered(filters).filter(in_projects(projects))
    counts = tasks.status_counts()
    light = (
        tasks.newest_first()
        .select_related("feature", "phase", "project", "document")
        .defer("document__facts")
    )
    found: Page[Any] = Paginator(light, TASKS_ON_A_PAGE).get_page(page)
    rows = list(found.object_list)
    work = work_by("task", SessionUsage.objects.filter(task__in=[task.pk for task in rows]))
    found.object_list = [TaskRow(task, work.get(task.pk, Work())) for task in rows]
    spent = SessionUsage.objects.filter(task__in=tasks.order_by().values("pk"))
    return TaskList(found, Progress(counts), Usage.from_sums(spent.totals()), tasks.undated_count())


def _filtered(filters: dict[str, Any]) -> Any:
    tasks = ProjectTask.objects.present()
    if project := filters.get("project"):
        tasks = tasks.filter(project=project)
    if feature := filters.get("feature", "").strip():
        tasks = tasks.filter(feature__slug=feature)
    if phase := filters.get("phase", "").strip():
        tasks = tasks.filter(phase__token=phase)
    if q := filters.get("q", "").strip():
        tasks = tasks.filter(Q(title__icontains=q) | Q(raw_id__icontains=q))
    if owner := filters.get("owner", "").strip():
        tasks = tasks.filter(owner__icontains=owner)
    return _completed(_with_status(tasks, filters.get("status", "")), filters)


def _with_status(tasks: Any, status: str) -> Any:
    if status == "complete":
        return tasks.completed()
    if status == "open":
        return tasks.open()
    return tasks.filter(status=status) if status else tasks


def _completed(tasks: Any, filters: dict[str, Any]) -> Any:
    """Complete tasks of a range of days, as their plans write the day."""
    first, last = filters.get("completed_from"), filters.get("completed_to")
    if first is not None:
        tasks = tasks.completed().filter(completed_on__gte=first)
    return tasks.completed().filter(completed_on__lte=last) if last is not None else tasks


@dataclass(frozen=True, slots=True)
class TaskPage:
    """`rework` is what was used after the day of completion, None where the task has none."""

    task: ProjectTask
    work: Work
    rework: Usage | None
    is_complete: bool
    lists: list[tuple[str, list[str]]]
    changes: list[StatusChange]
    sessions: Page[Any]


def task_page(
    task: ProjectTask, *, zone: ZoneInfo, page: str | None = None, projects: Projects = None
) -> TaskPage:
    """What is known of a task; `page` is of its sessions."""
    usage = SessionUsage.objects.of_projects(projects).filter(task=task)
    tools = SessionToolUsage.objects.of_projects(projects).filter(task=task)
    work = work_by("task", usage, tools).get(task.pk, Work())
    is_complete = task.status in TERMINAL
    return TaskPage(
        task=task,
        work=work,
        rework=usage_after(usage, task.completed_on if is_complete else None, zone),
        is_complete=is_complete,
        lists=_lists(task),
        changes=list(task.status_changes.all()),
        sessions=serving_sessions(links_of(projects, task=task), usage, page=page),
    )


def _lists(task: ProjectTask) -> list[tuple[str, list[str]]]:
    """What the plan notes beside the task, in lists that are not empty."""
    named = (
        ("Depends on", task.dependencies),
        ("Deliverables", task.deliverables),
        ("Files", task.files),
        ("Evidence", task.evidence),
        ("Commits", task.commit_refs),
        ("Sessions named", task.session_refs),
        ("Requests named", task.request_refs),
    )
    return [(name, [str(value) for value in values]) for name, values in named if values]
