"""What pages, the API and figures over time ask about plans. Reads only."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from sessions.scope import Projects, in_projects, only
from tasks.models import Document, Feature, Phase, PlanProblem, PlanSettings, ProjectTask, UnknownStatus
from tasks.parsers.statuses import DEFERRED, DONE, STATUSES, TERMINAL

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Progress:
    """Tasks by status; done and deferred ones count as complete."""

    by_status: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def completed(self) -> int:
        return sum(self.by_status.get(status, 0) for status in TERMINAL)

    @property
    def deferred(self) -> int:
        return self.by_status.get(DEFERRED, 0)

    @property
    def done(self) -> int:
        return self.by_status.get(DONE, 0)

    @property
    def percent(self) -> float | None:
        """Complete tasks of all, 0-100; None where there is no task."""
        return 100.0 * self.completed / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class PhaseProgress:
    phase: Phase
    progress: Progress


@dataclass(frozen=True, slots=True)
class FeatureProgress:
    """A feature with how far it is, as a whole and by phase."""

    feature: Feature
    progress: Progress
    phases: list[PhaseProgress] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChecklistChoice:
    """Whether check-list items count as tasks in a project, and why."""

    choice: str
    counted: bool
    reason: str


def tasks_of(projects: Projects = None) -> QuerySet[Any]:
    """The tasks that count, of these projects."""
    found: QuerySet[Any] = ProjectTask.objects.present().filter(in_projects(projects))
    return found


def task_counts(projects: Projects = None) -> Progress:
    """Tasks by status; every status of the vocabulary is there, with 0 where no task has it."""
    counted: Any = tasks_of(projects)
    return _progress(counted.status_counts())


def task_completion_percent(projects: Projects = None) -> float | None:
    """Complete tasks of all, 0-100; None where there is no task."""
    return task_counts(projects).percent


def velocity(
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    zone: ZoneInfo = UTC_ZONE,
    projects: Projects = None,
) -> int:
    """How many tasks were completed in [start, end); see `ProjectTaskQuerySet.completed_between`."""
    counted: Any = tasks_of(projects)
    return int(counted.completed_between(start, end, zone).count())


def completions_by_day(
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    zone: ZoneInfo = UTC_ZONE,
    projects: Projects = None,
) -> list[tuple[date, int]]:
    """(day, tasks completed on it) in order; days without any are left out.

    A task with a time of completion counts on the day it was in `zone`; one with only a day on that day.
    """
    counted: Any = tasks_of(projects)
    if start is not None or end is not None:
        counted = counted.completed_between(start, end, zone)
    days = Counter(_local_day(at, on, zone) for at, on in counted.completions())
    return sorted(days.items())


def _local_day(at: datetime | None, on: date, zone: ZoneInfo) -> date:
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(zone).date() if at else on


def undated_completions(projects: Projects = None) -> int:
    """Complete tasks that no velocity can show, since nobody wrote when they were completed."""
    counted: Any = tasks_of(projects)
    return int(counted.undated_count())


def features(projects: Projects = None, **filters: Any) -> list[FeatureProgress]:
    """Features with their progress, the last worked on first."""
    found = Feature.objects.present().filter(in_projects(projects), **filters)
    rows = sorted(found, key=lambda f: (-(f.updated_on or date.min).toordinal(), f.slug))
    return _with_progress(rows)


def feature(slug: str, projects: Projects = None) -> FeatureProgress | None:
    """A feature by its slug or by another of its names, where that is the name of only one; None when unknown."""
    found = Feature.objects.present().filter(in_projects(projects))
    rows = list(found.filter(slug=slug)) or _called(found, slug)
    return _with_progress(rows)[0] if len(rows) == 1 else None


def _called(found: QuerySet[Any], name: str) -> list[Feature]:
    """By any of its names. Names are in a list, which the two databases search differently."""
    wanted = name.lower()
    return [row for row in found if wanted == row.canonical_slug or wanted in row.aliases]


def _with_progress(rows: list[Feature]) -> list[FeatureProgress]:
    ids = [row.pk for row in rows]
    tasks: Any = ProjectTask.objects.present().filter(feature__in=ids)
    by_feature, by_phase = tasks.counts_by("feature_id"), tasks.counts_by("phase_id")
    phases: dict[int, list[PhaseProgress]] = {pk: [] for pk in ids}
    for phase in Phase.objects.filter(feature__in=ids, removed_at=None).order_by("sort_key", "token"):
        of_phase = PhaseProgress(phase, _progress(by_phase.get((phase.pk,), {})))
        phases[phase.feature_id].append(of_phase)
    return [FeatureProgress(row, _progress(by_feature.get((row.pk,), {})), phases[row.pk]) for row in rows]


def _progress(counts: dict[str, int]) -> Progress:
    return Progress({status: counts.get(status, 0) for status in STATUSES})


def tasks(
    projects: Projects = None,
    *,
    status: str = "",
    feature_id: int | None = None,
    phase_id: int | None = None,
    owner: str = "",
    priority: str = "",
    text: str = "",
) -> QuerySet[Any]:
    """Tasks that count and fit, in the order of their plans."""
    wanted = {
        "status": status,
        "feature_id": feature_id,
        "phase_id": phase_id,
        "owner": owner,
        "priority": priority,
    }
    found = tasks_of(projects).filter(**{name: value for name, value in wanted.items() if value})
    for word in text.split():
        found = found.filter(
            Q(title__icontains=word) | Q(raw_id__icontains=word) | Q(description__icontains=word)
        )
    return found.select_related("feature", "phase", "document", "project").order_by(
        "project_id", "document__project_path", "position"
    )


def removed_tasks(project_id: int) -> QuerySet[Any]:
    """Tasks that left their plans, the last to go first."""
    gone = Q(removed_at__isnull=False) | Q(document__removed_at__isnull=False)
    found: QuerySet[Any] = ProjectTask.objects.filter(gone, project_id=project_id)
    return found.order_by("-removed_at", "id")


def documents(
    projects: Projects = None, *, doc_type: str = "", feature_id: int | None = None, text: str = ""
) -> QuerySet[Any]:
    """Documents whose file exists and that fit, by path; without what was read from them."""
    found = Document.objects.present().filter(in_projects(projects))
    wanted = {"doc_type": doc_type, "feature_id": feature_id}
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    for word in text.split():
        found = found.filter(Q(title__icontains=word) | Q(project_path__icontains=word))
    return found.defer("facts").select_related("feature", "project").order_by("project_id", "project_path")


def plan_problems(projects: Projects = None) -> list[PlanProblem]:
    """What could not be understood in plan files that exist, by file and line."""
    found = PlanProblem.objects.filter(in_projects(projects, "root__project"), document__removed_at=None)
    found = found.select_related("document", "root")
    return list(found.order_by("path", "line", "id"))


def unknown_statuses(projects: Projects = None) -> list[tuple[str, int, list[str]]]:
    """(word, how often, in which files) of status words that were read as backlog for want of a meaning."""
    found = UnknownStatus.objects.filter(
        in_projects(projects, "document__project"), document__removed_at=None
    )
    found = found.select_related("document")
    words: dict[str, list[UnknownStatus]] = {}
    for row in found:
        words.setdefault(row.word, []).append(row)
    return sorted(
        (
            (word, sum(r.count for r in rows), sorted({r.document.project_path for r in rows}))
            for word, rows in words.items()
        ),
        key=lambda item: (-item[1], item[0]),
    )


def checklist_choice(project_id: int) -> ChecklistChoice:
    """Whether check-list items count in a project, by whose choice and for which reason."""
    choices = PlanSettings.CountChecklists
    row = PlanSettings.objects.filter(project_id=project_id).first()
    choice = row.count_checklists if row else choices.AUTO.value
    if choice == choices.ALWAYS:
        return ChecklistChoice(choice, True, "Somebody chose that they count.")
    if choice == choices.NEVER:
        return ChecklistChoice(choice, False, "Somebody chose that they do not count.")
    listed = tasks_of(only(project_id)).exclude(kind=ProjectTask.Kind.CHECKLIST).exists()
    if listed:
        return ChecklistChoice(choice, False, "The plans have task lists of their own.")
    return ChecklistChoice(choice, True, "The plans have no task lists.")


def count_by_status(rows: Iterable[FeatureProgress]) -> dict[str, int]:
    """{status: features}, every status of the vocabulary."""
    found = Counter(row.feature.status for row in rows)
    return {status: found.get(status, 0) for status in STATUSES}
