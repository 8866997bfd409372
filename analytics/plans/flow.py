"""How planned work flows: how long it takes, where it stands still, and what is spent or done beside the plans."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median, quantiles
from typing import Any

from django.db.models import Exists, OuterRef

from analytics.models import SessionUsage
from analytics.plans.board import share_of
from analytics.plans.work import Work, whole_work, work_by
from analytics.stalled_tasks import stalled_spells
from sessions.scope import Projects, in_projects
from tasks.models import Feature, Link, ProjectTask, Status

SHOWN = 10
# Quartiles of fewer say more of the one that happened to be last.
LEAST_FOR_QUARTILES = 4


@dataclass(frozen=True, slots=True)
class CycleTime:
    """Days from start to completion, as plans tell both. `untold`: complete ones of which they tell one or none.

    The quartiles are None for fewer than LEAST_FOR_QUARTILES.
    """

    what: str
    told: int
    untold: int
    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SomeTasks:
    """So many tasks, and the first of them."""

    count: int
    tasks: list[Any]


@dataclass(frozen=True, slots=True)
class Spent:
    """A part of all that was spent; `share` is percent of the cost."""

    label: str
    work: Work
    share: float | None


@dataclass(frozen=True, slots=True)
class Flow:
    """`unseen`: complete tasks that no session is linked to."""

    cycle_times: list[CycleTime]
    blocked: SomeTasks
    blocked_features: list[Feature]
    stalled: list[tuple[Any, datetime]]  # tasks and since when, the longest first
    stalled_count: int
    unseen: SomeTasks
    spent: list[Spent]


def flow(now: datetime, *, projects: Projects = None) -> Flow:
    """As of now; a number of queries that does not depend on how much there is."""
    tasks: Any = ProjectTask.objects.present().filter(in_projects(projects))
    features: Any = Feature.objects.present().filter(in_projects(projects))
    spells = [spell for spell in stalled_spells(projects) if spell.ends_at is None and spell.begins_at <= now]
    spells.sort(key=lambda spell: spell.begins_at)
    named = _light(tasks).in_bulk([spell.task_id for spell in spells[:SHOWN]])
    links = Link.objects.filter(task=OuterRef("pk")).exclude(state=Link.State.UNLINKED)
    return Flow(
        cycle_times=[_cycle_time("Features", features), _cycle_time("Tasks", tasks)],
        blocked=_some(tasks.filter(status=Status.BLOCKED)),
        blocked_features=list(features.filter(status=Status.BLOCKED).select_related("project")[:SHOWN]),
        stalled=[(named[spell.task_id], spell.begins_at) for spell in spells[:SHOWN]],
        stalled_count=len(spells),
        unseen=_some(tasks.completed().filter(~Exists(links))),
        spent=_spent(projects),
    )


def _light(tasks: Any) -> Any:
    return tasks.select_related("feature", "project").defer("description")


def _some(tasks: Any) -> SomeTasks:
    return SomeTasks(tasks.count(), list(_light(tasks.newest_first())[:SHOWN]))


def _cycle_time(what: str, rows: Any) -> CycleTime:
    complete = rows.filter(status=Status.DONE).order_by().values_list("started_on", "completed_on")
    pairs = list(complete)
    days = cycle_days(pairs)
    low = high = None
    if len(days) >= LEAST_FOR_QUARTILES:
        low, _, high = quantiles(days, n=4, method="inclusive")
    return CycleTime(what, len(days), len(pairs) - len(days), median(days) if days else None, low, high)


def cycle_days(pairs: Iterable[tuple[date | None, date | None]]) -> list[int]:
    """Days from each start to its completion, both included; what ends before it begins is not told."""
    return [(done - begun).days + 1 for begun, done in pairs if begun and done and done >= begun]


def _spent(projects: Projects) -> list[Spent]:
    """What no task explains, the part of it that no feature explains either, and all of it."""
    usage = SessionUsage.objects.of_projects(projects)
    whole = whole_work(projects)
    taskless = work_by("task", usage).get(None, Work())
    # A task can stand in no feature: what was done for it is planned all the same.
    unplanned = work_by("feature", usage.filter(task=None)).get(None, Work())
    return [
        Spent("With no task, planned or not", taskless, share_of(taskless.usage, whole.usage)),
        Spent("Of that, with no feature either", unplanned, share_of(unplanned.usage, whole.usage)),
        Spent("All work", whole, share_of(whole.usage, whole.usage)),
    ]
