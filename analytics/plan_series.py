"""Metrics about plans over time: tasks completed, how far tasks and features have come, cost per completed task."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from analytics.periods import Bucket, Period
from analytics.plan_figures import COURSE_GROUPS, Share, TaskCourse, sum_of_parts
from analytics.selectors import Span
from analytics.sums import Usage, cost_per_task

Groups = Mapping[str, Mapping[int, Any]]


@dataclass(frozen=True, slots=True)
class CostOfTasks:
    """What was used in a bucket and how many tasks were completed in it."""

    usage: Usage = field(default_factory=Usage)
    completed: int = 0

    @property
    def each(self) -> Decimal | None:
        return cost_per_task(self.usage, self.completed)

    def __add__(self, other: "CostOfTasks") -> "CostOfTasks":
        return CostOfTasks(self.usage + other.usage, self.completed + other.completed)


PLAN_VALUES: dict[str, Callable[[Any], int | float | Decimal | None]] = {
    "task_velocity": int,
    "task_completion_pct": lambda share: share.percent,
    "feature_progress": lambda share: share.percent,
    "stalled_tasks": int,
    "cost_per_completed_task": lambda cost: cost.each,
}
PLAN_SIZES: dict[str, Callable[[Any], int]] = {
    "task_velocity": int,
    "task_completion_pct": lambda share: share.whole,
    "feature_progress": lambda share: share.whole,
    "stalled_tasks": int,
    "cost_per_completed_task": lambda cost: cost.usage.all_tokens,
}


def plan_groups(metric_id: str, courses: list[TaskCourse], cut: list[Bucket], group_by: str | None) -> Groups:
    """{group: {bucket index: Share, or tasks completed}} of a metric about plans.

    A stock has a value in every bucket: the state just before its end.
    """
    parts = _parts(courses, group_by)
    if metric_id == "task_completion_pct":
        return _states(parts, cut, _completion)
    if metric_id == "feature_progress":
        return _states(_with_features(parts), cut, _feature_progress)
    return {name: counts for name, mine in parts.items() if (counts := _completions(mine, cut))}


def _parts(courses: list[TaskCourse], group_by: str | None) -> dict[str, list[TaskCourse]]:
    if group_by is None:
        return {"": courses}
    parts: dict[str, list[TaskCourse]] = defaultdict(list)
    for course in courses:
        parts[COURSE_GROUPS[group_by](course)].append(course)
    return dict(sorted(parts.items()))


def _with_features(parts: dict[str, list[TaskCourse]]) -> dict[str, list[TaskCourse]]:
    """Tasks of no feature have no progress of one."""
    return {name: mine for name, mine in parts.items() if any(c.feature_id is not None for c in mine)}


def _states(
    parts: dict[str, list[TaskCourse]],
    cut: list[Bucket],
    states: Callable[[Sequence[TaskCourse], list[Bucket]], Iterable[Share]],
) -> Groups:
    return {name: dict(enumerate(states(mine, cut))) for name, mine in parts.items()}


def _completion(courses: Sequence[TaskCourse], cut: list[Bucket]) -> Iterator[Share]:
    """Complete tasks of all tasks at the end of every bucket."""
    part = 0
    for turned in _turned(courses, cut):
        part += sum(1 if complete else -1 for _, complete in turned)
        yield Share(part, len(courses))


def _feature_progress(courses: Sequence[TaskCourse], cut: list[Bucket]) -> Iterator[Share]:
    """The mean of what features had come to at the end of every bucket, told anew only where a task turned."""
    of_feature = [course for course in courses if course.feature_id is not None]
    sizes = Counter(course.feature_id for course in of_feature)
    parts: dict[int, float] = defaultdict(int)
    total = 0.0
    for turned in _turned(of_feature, cut):
        for course, complete in turned:
            parts[sizes[course.feature_id]] += 1 if complete else -1
        total = sum_of_parts(parts) if turned else total
        yield Share(total, len(sizes))


def _turned(courses: Sequence[TaskCourse], cut: list[Bucket]) -> Iterator[list[tuple[TaskCourse, bool]]]:
    """For every bucket, the tasks that became complete, or open again, since the end of the bucket before."""
    turns = sorted((at, n, state) for n, course in enumerate(courses) for at, state in course.turns)
    states = [False] * len(courses)
    at = 0
    for bucket in cut:
        turned = []
        while at < len(turns) and turns[at][0] < bucket.end_at:
            _, n, state = turns[at]
            if state != states[n]:
                turned.append((courses[n], state))
            states[n] = state
            at += 1
        yield turned


def _completions(courses: Iterable[TaskCourse], cut: list[Bucket]) -> dict[int, int]:
    """{bucket index: tasks completed in it}."""
    dates = sorted(course.completed_at for course in courses if course.completed_at is not None)
    counts: dict[int, int] = defaultdict(int)
    index = 0
    for at in dates:
        while index < len(cut) and at >= cut[index].end_at:
            index += 1
        if index == len(cut):
            break
        if at >= cut[index].start_at:
            counts[index] += 1
    return dict(counts)


def costs_of_tasks(usage: Groups, completed: Groups) -> Groups:
    """Usage and completed tasks of the same groups and buckets, put together."""
    found: dict[str, dict[int, Any]] = {}
    for name in {**usage, **completed}:
        used, done = usage.get(name, {}), completed.get(name, {})
        found[name] = {
            index: CostOfTasks(used.get(index, Usage()), done.get(index, 0)) for index in {*used, *done}
        }
    return found


def reaching(period: Period, known: Span | None, courses: list[TaskCourse]) -> Period:
    """A period cut at its open ends to what is known of sessions (`known`) and of tasks."""
    edges = [(course.turns[0][0], course.turns[-1][0]) for course in courses if course.turns]
    edges += [(known.first_at, known.last_at)] if known else []
    if not edges:
        return period
    first, last = min(first for first, _ in edges), max(last for _, last in edges)
    return period.narrowed_to(first, last + timedelta(milliseconds=1))
