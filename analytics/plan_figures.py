"""How far plans have come: the course of every planned task, and what it was worth at a moment.

A task counts as long as it stands in its file. It is complete from the moment its plan names; where none does,
from the change of status that made it so, else from when a sync first saw it. Before a status was first told
it was open.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from analytics.periods import Period, start_of_day
from analytics.querysets import UNATTRIBUTED
from sessions.scope import Projects, in_projects
from tasks.models import Document, ProjectTask, StatusChange
from tasks.parsers.statuses import is_terminal


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


@dataclass(frozen=True, slots=True)
class TaskCourse:
    """A task over time: `turns` are the moments at which it became complete (True) or open again, ascending.

    `completed_at` is what its plan says, None where it is open or nobody wrote when.
    """

    project: str
    feature_id: int | None
    is_complete: bool
    completed_at: datetime | None
    turns: tuple[tuple[datetime, bool], ...]

    def was_complete(self, moment: datetime) -> bool:
        """Whether it was complete just before the moment."""
        state = False
        for at, complete in self.turns:
            if at >= moment:
                break
            state = complete
        return state


GroupOf = Callable[[TaskCourse], str]
# What a course is counted under, per dimension; features by id, since slugs repeat in other projects.
COURSE_GROUPS: dict[str, GroupOf] = {
    "project": lambda course: course.project,
    "feature": lambda course: str(course.feature_id) if course.feature_id else UNATTRIBUTED,
}


def has_plans(projects: Projects) -> bool:
    """Whether any plan was ever read; without one nothing is known, which is not the same as no tasks."""
    return bool(_of_projects(Document.objects.all(), projects).exists())


def task_courses(projects: Projects, zone: ZoneInfo) -> list[TaskCourse]:
    """Every task that stands in a plan; days without a time begin at the zone's midnight."""
    tasks = _of_projects(ProjectTask.objects.present(), projects).order_by("id")
    changes = _changes(projects)
    columns = ("id", "project__name", "feature_id", "feature__removed_at", "status")
    dates = ("completed_on", "completed_at", "first_seen_at")
    first_instant = cache(lambda day: start_of_day(day, zone))
    return [_course(row, changes.get(row["id"], []), first_instant) for row in tasks.values(*columns, *dates)]


def _of_projects(rows: Any, projects: Projects) -> Any:
    return rows.filter(in_projects(projects))


def _changes(projects: Projects) -> dict[int, list[tuple[datetime, bool, str]]]:
    found: dict[int, list[tuple[datetime, bool, str]]] = defaultdict(list)
    rows = _of_projects(StatusChange.objects.filter(task__isnull=False), projects)
    columns = ("task_id", "changed_at", "has_time", "status")
    for task_id, *change in rows.order_by("changed_at", "id").values_list(*columns):
        found[task_id].append((change[0], change[1], change[2]))
    return found


def _course(
    row: dict[str, Any],
    changes: Iterable[tuple[datetime, bool, str]],
    first_instant: Callable[[date], datetime],
) -> TaskCourse:
    told = [
        (at if has_time else first_instant(at.astimezone(UTC).date()), is_terminal(status))
        for at, has_time, status in changes
    ]
    complete, day, moment = is_terminal(row["status"]), row["completed_on"], row["completed_at"]
    named = moment or (first_instant(day) if day else None)
    feature_id = None if row["feature__removed_at"] else row["feature_id"]
    return TaskCourse(
        project=row["project__name"],
        feature_id=feature_id,
        is_complete=complete,
        completed_at=named if complete else None,
        turns=tuple(_turns(told, complete, named, row["first_seen_at"])),
    )


def _turns(
    told: list[tuple[datetime, bool]], complete: bool, named: datetime | None, seen_at: datetime
) -> list[tuple[datetime, bool]]:
    """The changes between open and complete, ending in what the task is today.

    A named completion outranks the changes: they tell when a file was committed, often days after the work.
    """
    turns: list[tuple[datetime, bool]] = []
    for at, state in told:
        if state != (turns[-1][1] if turns else False):
            turns.append((at, state))
    if not complete:
        return [*turns, (max(seen_at, turns[-1][0]), False)] if turns and turns[-1][1] else turns
    last = turns.pop() if turns and turns[-1][1] else None
    since = named or (last[0] if last else seen_at)
    # An earlier spell of work that the named completion covers is no longer a spell of its own.
    return [*(turn for turn in turns if turn[0] < since), (since, True)]


def completed_within(courses: Iterable[TaskCourse], period: Period) -> int:
    """Complete tasks by their completion date; without any bound, also those of which nobody wrote when."""
    if period.starts_open and period.ends_open:
        return sum(course.is_complete for course in courses)
    return sum(course.completed_at is not None and course.completed_at in period for course in courses)


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
    shares = [completion(mine, moment) for mine in features.values()]
    return Share(sum(share.part / share.whole for share in shares), len(shares))


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What a period came to by the plans; all None as long as no plans were read."""

    task_velocity: int | None = None
    task_completion_pct: float | None = None
    feature_progress: float | None = None


def plan_figures(
    period: Period, *, projects: Projects = None, courses: list[TaskCourse] | None = None
) -> PlanFigures:
    """Tasks completed in the period, and how far tasks and features had come at its end."""
    if not has_plans(projects):
        return PlanFigures()
    if courses is None:
        courses = task_courses(projects, period.zone)
    return PlanFigures(
        completed_within(courses, period),
        completion(courses, period.end_at).percent,
        feature_progress(courses, period.end_at).percent,
    )
