"""Everything the page of a feature shows: what it is, what it cost, its phases and tasks, and what is to come."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Page

from analytics.charts import Point, Series, bar, series_table
from analytics.courses import STEPS, DrawnCourse
from analytics.metrics import metric
from analytics.models import SessionToolUsage, SessionUsage
from analytics.periods import (
    DAY,
    Period,
    buckets,
    fitting_kind,
    local_date,
    quarter_ceiling,
    start_of_day,
)
from analytics.plans.active_time import active_seconds
from analytics.plans.forecast import Forecast, forecast
from analytics.plans.linked_sessions import links_of, serving_sessions
from analytics.plans.work import Progress, Work, WorkByKey, progress_of, work_by
from analytics.sums import Usage, usage_in
from sessions.scope import Projects
from tasks.models import Document, Feature, Phase, ProjectTask, Status, StatusChange
from tasks.parsers.statuses import TERMINAL


@dataclass(frozen=True, slots=True)
class TaskRow:
    task: ProjectTask
    work: Work


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase with its tasks; `phase` is None for what belongs to the feature and to no phase of it."""

    phase: Phase | None
    work: Work
    progress: Progress
    tasks: list[TaskRow]


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """Estimates in one unit: of all tasks that have one, and of the complete ones among them.

    `actual` is what the whole feature took in that unit so far, None where nothing measures it.
    """

    unit: str
    label: str
    tasks: int
    estimated: float
    complete: float
    actual: Decimal | float | None
    meaning: str


@dataclass(frozen=True, slots=True)
class NamedUsage:
    name: str
    usage: Usage
    sessions: int


@dataclass(frozen=True, slots=True)
class LineageRow:
    """Another feature that this one comes from or led to; `feature` is None where no plan of that name exists."""

    relation: str
    slug: str
    feature: Feature | None


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """`rework` is what was done after the day of completion, None where there is none.

    `cost_per_task` is the whole cost over the complete tasks, None without any.
    """

    feature: Feature
    work: Work
    progress: Progress
    active_seconds: float | None
    rework: Usage | None
    cost_per_task: Decimal | None
    models: list[NamedUsage]
    agents: list[NamedUsage]
    course: DrawnCourse | None
    step: str
    phases: list[PhaseRow]
    estimates: list[EstimateRow]
    forecast: Forecast | None
    open_kinds: dict[str, int] = field(default_factory=dict)
    lineage: list[LineageRow] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    changes: list[StatusChange] = field(default_factory=list)
    sessions: Page[Any] | None = None


def feature_page(
    feature: Feature, *, zone: ZoneInfo, page: str | None = None, projects: Projects = None
) -> FeaturePage:
    """What is known of a feature; `page` is of its sessions."""
    usage = SessionUsage.objects.of_projects(projects).filter(feature=feature)
    tools = SessionToolUsage.objects.of_projects(projects).filter(feature=feature)
    work = work_by("feature", usage, tools).get(feature.pk, Work())
    tasks = list(ProjectTask.objects.present().for_feature(feature.pk).select_related("document"))
    progress = progress_of(tasks)
    seconds = active_seconds(feature.pk)
    course, step = cost_course(usage, work, zone)
    open_kinds = _open_kinds(tasks)
    return FeaturePage(
        feature=feature,
        work=work,
        progress=progress,
        active_seconds=seconds,
        rework=usage_after(usage, feature.completed_on, zone),
        cost_per_task=cost_per_task(work, progress),
        models=named_usage("model", usage),
        agents=named_usage("agent", usage),
        course=course,
        step=step,
        phases=_phases(feature, tasks, usage, tools),
        estimates=_estimates(tasks, work, seconds),
        forecast=forecast(open_kinds, finished_costs(feature.project_id, open_kinds)),
        open_kinds=open_kinds,
        lineage=_lineage(feature),
        documents=list(Document.objects.of_feature(feature.pk)),
        changes=list(feature.status_changes.all()),
        sessions=serving_sessions(links_of(projects, feature=feature), usage, page=page),
    )


def usage_after(usage: Any, day: date | None, zone: ZoneInfo) -> Usage | None:
    """What was used after a day of the zone; None without a day."""
    if day is None:
        return None
    after = quarter_ceiling(start_of_day(day + DAY, zone))
    return Usage.from_sums(usage.filter(quarter__gte=after).totals())


def cost_per_task(work: Work, progress: Progress) -> Decimal | None:
    """The cost over the number of complete tasks; None without any, or where the cost is unknown."""
    return work.cost_usd / progress.complete if progress.complete and work.cost_usd is not None else None


def named_usage(dimension: str, usage: Any) -> list[NamedUsage]:
    """Models or agents, what cost most first."""
    rows = [NamedUsage(r["row"], Usage.from_sums(r), r["sessions"]) for r in usage.by_dimension(dimension)]
    return sorted(rows, key=lambda row: (-(row.usage.cost_nano_usd or 0), -row.usage.all_tokens, row.name))


def cost_course(usage: Any, work: Work, zone: ZoneInfo) -> tuple[DrawnCourse | None, str]:
    """Cost from the first day of work to the last, and the name of its steps; None where nothing was done."""
    if work.first_at is None or work.last_at is None:
        return None, ""
    first, last = local_date(work.first_at, zone), local_date(work.last_at, zone)
    period = Period(start_of_day(first, zone), start_of_day(last + DAY, zone), zone)
    kind = fitting_kind(period)
    cut = buckets(period, kind)
    found = usage_in(usage, cut)
    sums = [found.get(index, Usage()) for index in range(len(cut))]
    values = [each.cost_usd if each.responses else Decimal(0) for each in sums]
    points = tuple(Point(b.start_at, b.label, value) for b, value in zip(cut, values, strict=True))
    cost = Series(metric("session_cost"), points)
    step = STEPS[kind]
    return DrawnCourse(bar([cost]), series_table([cost], first=step.capitalize())), step


def _phases(feature: Feature, tasks: list[ProjectTask], usage: Any, tools: Any) -> list[PhaseRow]:
    by_phase, by_task = work_by("phase", usage, tools), work_by("task", usage)
    mine: dict[int | None, list[ProjectTask]] = defaultdict(list)
    for task in tasks:
        mine[task.phase_id].append(task)
    rows = [
        _phase_row(phase, mine[phase.pk], by_phase, by_task)
        for phase in feature.phases.select_related("document")
        if phase.removed_at is None or phase.pk in by_phase
    ]
    known = {row.phase.pk for row in rows if row.phase}
    loose = [task for key, held in mine.items() if key not in known for task in held]
    rest = _phase_row(None, loose, by_phase, by_task)
    return [*rows, rest] if rest.tasks or rest.work.usage.responses or rest.work.tools.calls else rows


def _phase_row(
    phase: Phase | None, tasks: list[ProjectTask], by_phase: WorkByKey, by_task: WorkByKey
) -> PhaseRow:
    rows = [TaskRow(task, by_task.get(task.pk, Work())) for task in tasks]
    return PhaseRow(phase, by_phase.get(phase.pk if phase else None, Work()), progress_of(tasks), rows)


def _estimates(tasks: list[ProjectTask], work: Work, seconds: float | None) -> list[EstimateRow]:
    hours = None if seconds is None else seconds / 3600
    units: tuple[tuple[str, str, Decimal | float | None, str], ...] = (
        ("points", "Points", None, "no transcript measures points"),
        ("hours", "Hours", hours, "active time of agents, not of people"),
        ("usd", "Dollars", work.cost_usd, "API-equivalent cost"),
    )
    rows = [_estimate(tasks, *unit) for unit in units]
    return [row for row in rows if row.tasks]


def _estimate(
    tasks: list[ProjectTask], unit: str, label: str, actual: Decimal | float | None, meaning: str
) -> EstimateRow:
    told = [(task, size) for task in tasks if (size := getattr(task, f"estimate_{unit}")) is not None]
    complete = sum(size for task, size in told if task.status in TERMINAL)
    return EstimateRow(unit, label, len(told), sum(size for _, size in told), complete, actual, meaning)


def _open_kinds(tasks: Iterable[ProjectTask]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for task in tasks:
        if task.status not in TERMINAL:
            found[task.kind] += 1
    return dict(found)


def finished_costs(project_id: int, kinds: Iterable[str]) -> dict[str, list[Decimal]]:
    """{kind: cost of each finished task of the project on which something with a price was spent}."""
    wanted = list(kinds)
    if not wanted:
        return {}
    spent = SessionUsage.objects.filter(
        task__project_id=project_id, task__kind__in=wanted, task__status=Status.DONE, task__removed_at=None
    )
    work = work_by("task", spent)
    kind_of = dict(ProjectTask.objects.filter(id__in=[*work]).values_list("id", "kind"))
    found: dict[str, list[Decimal]] = defaultdict(list)
    for key, each in work.items():
        if key is not None and each.usage.cost_usd is not None:
            found[kind_of[key]].append(each.usage.cost_usd)
    return found


def _lineage(feature: Feature) -> list[LineageRow]:
    """Relations as the plans write them: a relation is a name or a list of names."""
    told: list[tuple[str, str]] = []
    for relation, names in feature.lineage.items():
        for name in names if isinstance(names, list) else [names]:
            if relation != "type" and isinstance(name, str) and name:
                told.append((relation.replace("_", " "), name))
    known = Feature.objects.filter(project_id=feature.project_id, slug__in=[name for _, name in told])
    by_slug = {each.slug: each for each in known} if told else {}
    return [LineageRow(relation, name, by_slug.get(name)) for relation, name in told]
