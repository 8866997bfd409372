"""How far plans have come: the course of every planned task, and what it was worth at a moment.

A task counts as long as it stands in its file. It is complete from the moment its plan names; where none does,
from the change of status that made it so, else from when a sync first saw it. Before a status was first told
it was open.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from math import fsum
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from analytics.periods import Period, start_of_day
from analytics.querysets import UNATTRIBUTED, any_document
from sessions.models import Project
from sessions.prepared import Plain, prepared
from sessions.scope import Projects, in_projects
from tasks.models import Feature, ProjectTask, StatusChange
from tasks.parsers.statuses import TERMINAL
from tasks.querysets import completed_counts, completion_counts


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: float = 0
    whole: int = 0

    @property
    def percent(self) -> float | None:
        """None where there is no whole."""
        return 100 * self.part / self.whole if self.whole else None

    def __add__(self, other: "Share") -> "Share":
        return Share(self.part + other.part, self.whole + other.whole)


# A moment, and whether a task is complete from then on.
Turn = tuple[datetime, bool]


class TaskCourse(NamedTuple):
    """A task over time: `turns` are the moments at which it became complete (True) or open again, ascending.

    `completed_at` is what its plan says, None where it is open or nobody wrote when.
    """

    project: str
    feature_id: int | None
    is_complete: bool
    completed_at: datetime | None
    turns: tuple[Turn, ...]

    def was_complete(self, moment: datetime) -> bool:
        """Whether it was complete just before the moment."""
        state = False
        for at, complete in self.turns:
            if at >= moment:
                break
            state = complete
        return state


GroupOf = Callable[[TaskCourse], str]
FirstInstant = Callable[[date], datetime]
# What a course is counted under, per dimension; features by id, since slugs repeat in other projects.
COURSE_GROUPS: dict[str, GroupOf] = {
    "project": lambda course: course.project,
    "feature": lambda course: str(course.feature_id) if course.feature_id else UNATTRIBUTED,
}


def has_plans(projects: Projects) -> bool:
    """Whether any plan was ever read; without one nothing is known, which is not the same as no tasks."""
    return bool(any_document(projects=projects))


def task_courses(projects: Projects, zone: ZoneInfo) -> list[TaskCourse]:
    """Every task that stands in a plan; days without a time begin at the zone's midnight."""
    return _courses(_tasks(projects=projects), _changes_of_tasks(projects=projects), zone)


@prepared
def _tasks(*, projects: Any) -> Any:
    return _columns_of_tasks(ProjectTask.objects.present().filter(in_projects(projects)))


def _columns_of_tasks(tasks: Any) -> Any:
    keys = ("id", "project_id", "feature_id", "status")
    times = ("completed_on", "completed_at", "first_seen_at")
    return tasks.order_by("id").values_list(*keys, *map(Plain, times))


@prepared
def _changes_of_tasks(*, projects: Any) -> Any:
    return _columns_of_changes(StatusChange.objects.filter(in_projects(projects), task__isnull=False))


def _columns_of_changes(changes: Any) -> Any:
    columns = ("task_id", Plain("changed_at"), Plain("has_time"), "status")
    return changes.order_by("changed_at", "id").values_list(*columns)


@prepared
def _names_of_projects() -> Any:
    return Project.objects.values_list("pk", "name")


@prepared
def _removed_features() -> Any:
    return Feature.objects.exclude(removed_at=None).values_list("pk")


def _courses(tasks: Iterable[Any], changes: Iterable[Any], zone: ZoneInfo) -> list[TaskCourse]:
    """Of the columns of tasks and of changes."""
    first_instant = cache(lambda day: start_of_day(day, zone))
    told = _told(changes, first_instant)
    names = dict(_names_of_projects())
    removed = {key for (key,) in _removed_features()}
    return [
        _course(
            names[project], None if feature in removed else feature, first_instant, told.get(key, []), *row
        )
        for key, project, feature, *row in tasks
    ]


def _told(changes: Iterable[Any], first_instant: FirstInstant) -> dict[int, list[Turn]]:
    """{task: the changes between open and complete, ascending}; a task is open before its first."""
    found: dict[int, list[Turn]] = {}
    for at, task_id, status in _at_moments(changes, first_instant):
        turns = found.get(task_id)
        if turns is None:
            if status in TERMINAL:
                found[task_id] = [(at, True)]
        elif turns[-1][1] != (status in TERMINAL):
            turns.append((at, not turns[-1][1]))
    return found


def _at_moments(changes: Iterable[Any], first_instant: FirstInstant) -> Iterable[tuple[datetime, int, str]]:
    """(moment, task, status) of every change, ascending."""
    found, of_days = [], False
    for task_id, at, has_time, status in changes:
        if not has_time:
            at, of_days = first_instant(at.astimezone(UTC).date()), True
        found.append((at, task_id, status))
    if of_days:
        found.sort(key=itemgetter(0))  # the midnights of the reader's zone are not those of UTC
    return found


def _course(
    project: str,
    feature_id: int | None,
    first_instant: FirstInstant,
    told: list[Turn],
    status: str,
    completed_on: date | None,
    completed_at: datetime | None,
    seen_at: datetime,
) -> TaskCourse:
    if status not in TERMINAL:
        return TaskCourse(project, feature_id, False, None, tuple(_ending_open(told, seen_at)))
    named = completed_at or (first_instant(completed_on) if completed_on else None)
    turns = tuple(_ending_complete(told, named, seen_at)) if told else ((named or seen_at, True),)
    return TaskCourse(project, feature_id, True, named, turns)


def _ending_open(told: list[Turn], seen_at: datetime) -> list[Turn]:
    """The turns of a task that is open today."""
    return [*told, (max(seen_at, told[-1][0]), False)] if told and told[-1][1] else told


def _ending_complete(told: list[Turn], named: datetime | None, seen_at: datetime) -> list[Turn]:
    """The turns of a task that is complete today.

    A named completion outranks the changes: they tell when a file was committed, often days after the work.
    """
    since = named or (told[-1][0] if told[-1][1] else seen_at)
    before = told[:-1] if told[-1][1] else told
    # An earlier spell of work that the named completion covers is no longer a spell of its own.
    return [*(turn for turn in before if turn[0] < since), (since, True)]


def completion(courses: Iterable[TaskCourse], moment: datetime) -> Share:
    """Complete tasks of all tasks just before a moment."""
    states = [course.was_complete(moment) for course in courses]
    return Share(sum(states), len(states))


def feature_progress(courses: Iterable[TaskCourse], moment: datetime) -> Share:
    """The mean, over features that have tasks, of each one's share of complete tasks."""
    features: dict[int, list[TaskCourse]] = defaultdict(list)
    for course in courses:
        if course.feature_id is not None:
            features[course.feature_id].append(course)
    return mean_of(completion(mine, moment) for mine in features.values())


def mean_of(features: Iterable[Share]) -> Share:
    """The shares of several as one: to the last digit the same, in whatever order they come."""
    shares = list(features)
    parts: dict[int, float] = defaultdict(int)
    for share in shares:
        parts[share.whole] += share.part
    return Share(sum_of_parts(parts), len(shares))


def sum_of_parts(parts: Mapping[int, float]) -> float:
    """Of {whole: its parts of all that are as large}."""
    return fsum(part / whole for whole, part in parts.items())


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What a period came to by the plans; all None as long as no plans were read."""

    task_velocity: int | None = None
    task_completion_pct: float | None = None
    feature_progress: float | None = None


def plan_figures(period: Period, *, projects: Projects = None) -> PlanFigures:
    """Tasks completed in the period, and how far tasks and features had come at its end."""
    if not has_plans(projects):
        return PlanFigures()
    features = _states(projects, period.end_at, period.zone)
    return PlanFigures(
        _completed_within(period, projects),
        sum(features.values(), Share()).percent,
        mean_of(share for feature, share in features.items() if feature is not None).percent,
    )


def _completed_within(period: Period, projects: Projects) -> int:
    """Complete tasks by their completion date; without any bound, also those of which nobody wrote when."""
    is_all = period.starts_open and period.ends_open
    start, end = (None, None) if is_all else (period.start_at, period.end_at)
    rows = completed_counts(ProjectTask, start, end, period.zone, projects)
    return rows[0][0] if rows else 0


def _states(projects: Projects, moment: datetime, zone: ZoneInfo) -> dict[int | None, Share]:
    """{feature: complete tasks of all its tasks just before a moment}, counted by the database as far as it can."""
    named, others = completion_counts(ProjectTask, moment, zone, projects)
    found: dict[int | None, Share] = {feature_id: Share(complete, n) for feature_id, n, complete in named}
    for feature_id, complete, n in others:
        if complete:
            found[feature_id] = found.get(feature_id, Share()) + Share(n, 0)
    if any(complete is None for _, complete, _ in others):
        for course in _unsure(moment, projects, zone):
            before = found.get(course.feature_id, Share())
            found[course.feature_id] = before + Share(course.was_complete(moment), 0)
    return found


def _unsure(moment: datetime, projects: Projects, zone: ZoneInfo) -> list[TaskCourse]:
    """The courses of the tasks of which the database could not say whether they were complete."""
    tasks = ProjectTask.objects.present().with_completion_before(moment, zone)
    mine = tasks.filter(in_projects(projects), was_complete=None)
    changes = StatusChange.objects.filter(task__in=mine.values("pk"))
    return _courses(_columns_of_tasks(mine), _columns_of_changes(changes), zone)
